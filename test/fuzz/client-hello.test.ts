import { connect, type TLSSocket } from 'node:tls';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { readClientHello } from '../../src/egress/client-hello.ts';
import { fuzz } from './mutate.fixture.ts';

/** The first bytes of a real client. */
async function realHello(servername: string, more: object = {}): Promise<Buffer> {
  let client: TLSSocket | undefined;
  const bytes = await new Promise<Buffer>((resolve) => {
    const server = createServer((socket) => {
      socket.once('data', (chunk: Buffer) => {
        socket.destroy();
        server.close();
        resolve(chunk);
      });
    });
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      client = connect({ port, host: '127.0.0.1', servername, ...more });
      client.on('error', () => undefined);
    });
  });
  client?.destroy();
  return bytes;
}

/** Every server name that a lenient reader could find: another reader than ours, which looks for the extension anywhere. */
function namesIn(bytes: Buffer): ReadonlySet<string> {
  const names = new Set<string>();
  for (let at = 0; at + 9 < bytes.length; at += 1) {
    if (bytes.readUInt16BE(at) !== 0 || bytes[at + 6] !== 0) continue;
    const length = bytes.readUInt16BE(at + 7);
    names.add(
      bytes
        .toString('latin1', at + 9, at + 9 + length)
        .toLowerCase()
        .replace(/\.$/, ''),
    );
  }
  return names;
}

test('no hello makes the reader fail, or give a name that does not stand in it', async () => {
  const seeds = await Promise.all([
    realHello('good.test'),
    realHello('a.long.name.below.another.test', { ALPNProtocols: ['h2', 'http/1.1'] }),
    realHello('good.test', { maxVersion: 'TLSv1.2' }),
  ]);
  for (const seed of seeds) expect(readClientHello(seed).kind).toBe('hello');
  const words = [
    '\u0000\u0000\u0000\u000e\u0000\u000c\u0000\u0000\u0009good.test',
    '\u00fe\u000d\u0000\u0001\u0000',
    '\u0016\u0003\u0001',
    'evil.test',
    '\u0000\u0000',
  ];
  let named = 0;
  const seen = fuzz('client-hello', seeds, words, (input) => {
    const hello = readClientHello(input);
    if (hello.kind !== 'hello') return hello.kind;
    if (hello.serverName !== undefined) {
      named += 1;
      // Cut into records, the name may be cut too.
      const whole = Buffer.concat(recordsOf(input));
      expect([...namesIn(whole)], input.toString('hex')).toContain(hello.serverName);
    }
    return `${hello.kind} ${hello.serverName?.length ?? 'none'} ${hello.encrypted ?? false}`;
  });
  expect(seen).toBeGreaterThan(3);
  expect(named).toBeGreaterThan(0);
});

function recordsOf(bytes: Buffer): readonly Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const length = bytes.readUInt16BE(at + 3);
    records.push(bytes.subarray(at + 5, at + 5 + length));
    at += 5 + length;
  }
  return records;
}
