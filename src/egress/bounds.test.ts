import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { rangeList } from './address.ts';
import { readLines } from './channel.ts';
import { readClientHello } from './client-hello.ts';
import type { ConnectionContext } from './connection-context.ts';
import { dial } from './dial.ts';
import { readQuestion, writeAnswer } from './dns-message.ts';
import { FirstWords } from './first-words.ts';
import { HttpRequests } from './http-requests.ts';
import { NamePool } from './name-pool.ts';
import { followSsh } from './ssh/follow.ts';
import { plainPacket, SshPackets } from './ssh/packets.ts';
import { readConnectAnswer } from './upstream/connect-answer.ts';
import { answers, serve } from './upstream/proxy-server.fixture.ts';
import { openWay } from './way-out.ts';
import { SwitchAnswer } from './websocket.ts';
import { isPlainBelow } from './wildcard.ts';

const ROOT = join(import.meta.dirname, '../..');
const PAGE = readFileSync(join(ROOT, 'docs/limits.md'), 'utf8');
const TABLE = PAGE.slice(
  PAGE.indexOf('<!-- gateway bounds -->'),
  PAGE.indexOf('<!-- end of gateway bounds -->'),
);
const ROWS = [...TABLE.matchAll(/^\| [^|]+ \| `([^`]+)` `(\w+)` \| (\d+) \| [^|]+ \| ([^|]+) \|$/gm)].map(
  ([, file = '', name = '', bound = '', by = '']) => ({
    key: `${file} ${name}`,
    bound: Number(bound),
    by: by.trim(),
  }),
);

/** Every constant of the room that is a bound, as its source has it. */
function constants(): Readonly<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const path of readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.ts') || /\.(?:test|fixture)\.ts$|^(?:learn|ecosystems)\//.test(path)) continue;
    const text = readFileSync(join(import.meta.dirname, path), 'utf8');
    for (const [, name = '', value = ''] of text.matchAll(
      /^(?:export )?const (MAX_\w+|(?!HOUR)\w+_MS) = ([\d_]+);/gm,
    ))
      found[`${path} ${name}`] = Number(value.replaceAll('_', ''));
  }
  return found;
}

/** A record of the handshake's kind. */
const record = (body: Buffer): Buffer =>
  Buffer.concat([Buffer.of(22, 3, 1, body.length >> 8, body.length & 255), body]);

const line = (head: string, length: number): Buffer =>
  Buffer.from(`${head}${'a'.repeat(length - head.length - 2)}\r\n`);

/** What the bound is not reached by, and what it is: each goes exactly to the number that the page says. */
const AT_THE_BOUND: Readonly<Record<string, (bound: number) => void | Promise<void>>> = {
  'dns-message.ts MAX_TEXT': (bound) => {
    const asked = readQuestion(
      Buffer.concat([
        Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 97, 0, 0, 1, 0, 1]),
        Buffer.from([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]),
      ]),
    );
    if (asked === undefined) throw new Error('no question');
    const size = (text: string): number => writeAnswer(asked, { kind: 'blocked', text }).length;
    expect(size('x'.repeat(bound))).toBe(size('x'.repeat(bound - 1)) + 1);
    expect(size('x'.repeat(bound + 1))).toBe(size('x'.repeat(bound)));
  },
  'name-pool.ts MAX_NAMES': (bound) => {
    const pool = new NamePool();
    const addresses = new Set(
      Array.from({ length: bound }, (_, at) => pool.bytes(`n${at}.test`, 4)?.toString('hex')),
    );
    expect(addresses.size).toBe(bound);
    expect(addresses.has(undefined)).toBe(false);
    expect(pool.bytes('one-more.test', 4)).toBeUndefined();
    expect(pool.bytes('n0.test', 6)).toBeDefined();
  },
  'name-pool.ts MAX_BELOW_WILDCARD': (bound) => {
    const pool = new NamePool();
    for (let at = 0; at < bound; at += 1) expect(pool.bytes(`n${at}.w.test`, 4, '*.w.test')).toBeDefined();
    expect(pool.bytes('more.w.test', 4, '*.w.test')).toBeUndefined();
    expect(pool.bytes('more.v.test', 4, '*.v.test')).toBeDefined();
  },
  'wildcard.ts MAX_LABELS': (bound) => {
    const below = (labels: number): boolean => isPlainBelow('*.w.test', `${'a.'.repeat(labels)}w.test`);
    expect([below(bound), below(bound + 1)]).toEqual([true, false]);
  },
  'wildcard.ts MAX_LENGTH': (bound) => {
    const below = (length: number): boolean =>
      isPlainBelow('*.w.test', `${'a'.repeat(31)}.${'b'.repeat(31)}.${'c'.repeat(length - 64)}.w.test`);
    expect([below(bound), below(bound + 1)]).toEqual([true, false]);
  },
  'wildcard.ts MAX_DATA': (bound) => {
    const below = (length: number): boolean =>
      isPlainBelow('*.w.test', `${'a1'.repeat(length).slice(0, length)}.w.test`);
    expect([below(bound - 1), below(bound)]).toEqual([true, false]);
  },
  'first-words.ts MAX_WORDS': (bound) => {
    const said = (length: number): unknown => {
      const words = new FirstWords();
      return words.take(
        Buffer.concat([Buffer.from('GET / HTTP/1.1\r\nHost: a.test\r\nX: '), Buffer.alloc(length - 33, 97)]),
      );
    };
    expect(said(bound)).toBeUndefined();
    expect(said(bound + 1)).toMatchObject({ malformed: true });
  },
  'first-words.ts MAX_REQUEST_LINE': (bound) => {
    const said = (length: number): unknown =>
      new FirstWords().take(Buffer.concat([Buffer.from('GET /'), Buffer.alloc(length - 5, 97)]));
    expect(said(bound - 1)).toBeUndefined();
    expect(said(bound)).toMatchObject({ malformed: true });
  },
  'client-hello.ts MAX_HELLO': (bound) => {
    const begun = (length: number): string => {
      const head = Buffer.from([1, length >> 16, (length >> 8) & 255, length & 255]);
      return readClientHello(record(Buffer.concat([head, Buffer.alloc(100)]))).kind;
    };
    expect([begun(bound), begun(bound + 1)]).toEqual(['more', 'malformed']);
  },
  'client-hello.ts MAX_RECORDS': (bound) => {
    const cut = (records: number): string =>
      readClientHello(
        Buffer.concat([
          record(Buffer.from([1, 0, 16, 0])),
          ...Array.from({ length: records - 1 }, () => record(Buffer.of(0))),
        ]),
      ).kind;
    expect([cut(bound), cut(bound + 1)]).toEqual(['more', 'malformed']);
  },
  'http-requests.ts MAX_HEAD': (bound) => {
    const head = (length: number): string | undefined => {
      const start = 'GET / HTTP/1.1\r\nHost: a.test\r\n';
      const rest = length - start.length - 2;
      const lines = Array.from({ length: Math.floor(rest / 1_000) }, () => line('X: ', 1_000).toString());
      const whole = `${start}${lines.join('')}${line('Y: ', rest % 1_000)}\r\n`;
      expect(whole).toHaveLength(length);
      return new HttpRequests().take(Buffer.from(whole), ({ kind }) => kind === 'head').ended;
    };
    expect([head(bound), head(bound + 1)]).toEqual([undefined, 'malformed']);
  },
  'http-requests.ts MAX_LINE': (bound) => {
    const trailer = (length: number): string | undefined => {
      const requests = new HttpRequests();
      const start = 'PUT / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n';
      return requests.take(
        Buffer.concat([Buffer.from(start), line('X: ', length), Buffer.from('\r\n')]),
        () => true,
      ).ended;
    };
    expect([trailer(bound), trailer(bound + 1)]).toEqual([undefined, 'malformed']);
  },
  'websocket.ts MAX_HEAD': (bound) => {
    const taken = (length: number): unknown => new SwitchAnswer('k').take(Buffer.alloc(length, 97));
    expect(taken(bound - 1)).toBeUndefined();
    expect(taken(bound)).toMatchObject({ switched: false });
  },
  'dial.ts MAX_ADDRESSES': async (bound) => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const far = (before: number): Promise<unknown> =>
      dial([...Array.from({ length: before }, (_, at) => `127.0.1.${at + 1}`), '127.0.0.1'], port);
    expect(await far(bound - 1)).toBeDefined();
    expect(await far(bound)).toBeUndefined();
    server.close();
  },
  'upstream/connect-answer.ts MAX_ANSWER': (bound) => {
    const answer = (length: number): string => {
      const start = 'HTTP/1.1 200 OK\r\nX: ';
      return readConnectAnswer(Buffer.from(`${start}${'a'.repeat(length - start.length - 4)}\r\n\r\n`)).kind;
    };
    expect([answer(bound), answer(bound + 1)]).toEqual(['answer', 'malformed']);
  },
  'ssh/packets.ts MAX_LINE': (bound) => {
    const said = (length: number): unknown => {
      const packets = new SshPackets('server');
      packets.add(Buffer.concat([line('hello ', length), Buffer.from('SSH-2.0-x\r\n')]));
      return packets.next();
    };
    expect(said(bound)).toMatchObject({ kind: 'identification' });
    expect(said(bound + 1)).toBe('malformed');
  },
  'ssh/packets.ts MAX_BEFORE': (bound) => {
    const said = (before: number): unknown => {
      const packets = new SshPackets('server');
      const lines = Array.from({ length: Math.floor(before / 100) }, () => line('x', 100));
      packets.add(Buffer.concat([...lines, line('y', before % 100), Buffer.from('SSH-2.0-x\r\n')]));
      return packets.next();
    };
    expect(said(bound - 10)).toMatchObject({ kind: 'identification' });
    expect(said(bound - 9)).toBe('malformed');
  },
  'ssh/packets.ts MAX_PACKET': (bound) => {
    const said = (length: number): unknown => {
      const packets = new SshPackets('server');
      packets.add(Buffer.from('SSH-2.0-x\r\n'));
      packets.next();
      const head = Buffer.alloc(5);
      head.writeUInt32BE(length);
      head.writeUInt8(4, 4);
      packets.add(head);
      return packets.next();
    };
    // A whole number of blocks, the last below the bound and the first above it.
    const fits = bound - ((bound + 4) % 8);
    expect([said(fits), said(fits + 8)]).toEqual([undefined, 'malformed']);
  },
  'ssh/packets.ts MAX_PLAIN': (bound) => {
    const packets = new SshPackets('client');
    packets.add(Buffer.from('SSH-2.0-x\r\n'));
    let seen = 11;
    expect(packets.next()).toMatchObject({ kind: 'identification' });
    for (;;) {
      const packet = plainPacket(Buffer.alloc(30_000, 1));
      seen += packet.length;
      packets.add(packet);
      const next = packets.next();
      expect(next === 'malformed').toBe(seen > bound);
      if (next === 'malformed') break;
    }
  },
  'channel.ts MAX_LINE': async (bound) => {
    const broken = async (length: number): Promise<boolean> => {
      const stream = new PassThrough();
      let why = '';
      readLines(
        stream,
        () => undefined,
        (said) => (why ||= said),
      );
      stream.write('x'.repeat(length));
      await new Promise((resolve) => setImmediate(resolve));
      stream.destroy();
      return why === 'a line that is too long';
    };
    expect([await broken(bound), await broken(bound + 1)]).toEqual([false, true]);
  },
};

describe('the bounds of the gateway', () => {
  test('stand in docs/limits.md with their owners, each with its number, and no other', () => {
    expect(ROWS.length).toBeGreaterThan(40);
    expect(Object.fromEntries(ROWS.map(({ key, bound }) => [key, bound]))).toEqual(constants());
  });

  test('are each gone to by a test that is there, or said not to be', () => {
    const here = ROWS.filter(({ by }) => by === 'at the bound').map(({ key }) => key);
    expect(here.toSorted()).toEqual(Object.keys(AT_THE_BOUND).toSorted());
    for (const { key, by } of ROWS) {
      if (by === 'at the bound' || by === 'not tested') continue;
      const path = /^`([^`]+)`$/.exec(by)?.[1] ?? '';
      expect(existsSync(join(ROOT, path)), `${key}: ${by}`).toBe(true);
    }
  });

  test.each(ROWS.filter(({ by }) => by === 'at the bound'))(
    'hold at $bound: $key',
    async ({ key, bound }) => {
      await AT_THE_BOUND[key]?.(bound);
    },
  );

  test('end an exchange of keys that does not come to its end, and ask a proxy for few addresses of a name', async () => {
    const silent = await serve(() => undefined);
    const [client, far] = [connect(silent.port, '127.0.0.1'), connect(silent.port, '127.0.0.1')];
    const followed = await followSsh({ client, far }, Buffer.alloc(0), [], () => true, 100);
    expect(followed).toEqual({ denied: 'protocol-not-allowed' });
    client.destroy();
    await silent.close();

    const proxy = await serve(answers('HTTP/1.1 502 No\r\n\r\n'));
    const all = Array.from({ length: 9 }, (_, at) => `203.0.113.${at + 1}`);
    const context = {
      ranges: rangeList([]),
      own: () => rangeList([]),
      resolve: async (host: string) => (host === 'many.test' ? all : []),
      proxy: {
        proxy: { kind: 'http', host: '127.0.0.1', port: proxy.port, resolves: 'gateway', except: [] },
        resolve: async () => [],
        trusted: [],
      },
    } as unknown as ConnectionContext;
    const way = await openWay(
      { id: 1, family: 4, clientPort: 1, address: '198.18.0.1', port: 443, host: 'many.test' },
      context,
    );
    expect(way).toMatchObject({ kind: 'denied', reason: 'proxy-refused' });
    expect(proxy.asked).toHaveLength(ROWS.find(({ key }) => key === 'way-out.ts MAX_ASKED')?.bound ?? 0);
    await proxy.close();
  });
});
