import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mayDial, rangeList } from './address.ts';
import { parseAllowlist } from './allowlist.ts';
import { readClientHello } from './client-hello.ts';
import type { EgressPolicy } from './contract.ts';
import { decide, isMisplaced } from './decide.ts';
import { readQuestion, TYPE_A, writeAnswer } from './dns-message.ts';
import { HttpRequests } from './http-requests.ts';
import { NamePool } from './name-pool.ts';
import { answerQuestion } from './name-server.ts';

function policy(...entries: string[]): EgressPolicy {
  const allow = parseAllowlist(entries, {});
  if (!allow.ok) throw new Error(allow.error.why);
  return { allow: allow.value, allowRanges: [] };
}

describe('the decision', () => {
  test('denies everything when nothing is allowed', () => {
    fc.assert(
      fc.property(
        fc.domain(),
        fc.integer({ min: 1, max: 65_535 }),
        fc.constantFrom('tls', 'http', 'tcp'),
        (host, port, protocol) => {
          expect(decide(policy(), { host, port, protocol, claimed: host }).allowed).toBe(false);
        },
      ),
    );
  });

  test('allows exactly the named host, on the usual ports or the one that was named', () => {
    const of = policy('api.test', 'git.test:22', '*.cdn.test');
    const ask = (host: string, port: number, protocol: 'tls' | 'http' | 'tcp', claimed?: string) =>
      decide(of, { host, port, protocol, ...(claimed !== undefined && { claimed }) });
    expect(ask('api.test', 443, 'tls', 'api.test').allowed).toBe(true);
    expect(ask('api.test', 80, 'http', 'api.test').allowed).toBe(true);
    expect(ask('api.test', 8443, 'tls', 'api.test')).toMatchObject({ reason: 'not-on-allowlist' });
    expect(ask('evil.api.test', 443, 'tls', 'evil.api.test')).toMatchObject({ reason: 'not-on-allowlist' });
    expect(ask('git.test', 22, 'tcp').allowed).toBe(true);
    expect(ask('git.test', 443, 'tls', 'git.test').allowed).toBe(false);
    expect(ask('a.b.cdn.test', 443, 'tls', 'a.b.cdn.test').allowed).toBe(true);
    expect(ask('cdn.test', 443, 'tls', 'cdn.test').allowed).toBe(false);
    expect(ask('notcdn.test', 443, 'tls', 'notcdn.test').allowed).toBe(false);
  });

  test('denies a connection that names another host than it asked for, also when both are allowed', () => {
    const of = policy('a.test', 'b.test');
    expect(decide(of, { host: 'a.test', port: 443, protocol: 'tls', claimed: 'b.test' })).toMatchObject({
      reason: 'name-mismatch',
    });
    expect(decide(of, { host: 'a.test', port: 443, protocol: 'tls' })).toMatchObject({
      reason: 'no-server-name',
    });
    expect(decide(of, { host: 'a.test', port: 443, protocol: 'tcp' })).toMatchObject({
      reason: 'protocol-not-allowed',
    });
    expect(decide(of, { host: '203.0.113.9', port: 443, protocol: 'tls' })).toMatchObject({
      reason: 'address-without-name',
    });
  });
});

test('plain text where TLS belongs is misplaced, and the reverse; on another port neither is', () => {
  expect([isMisplaced('http', 443), isMisplaced('tls', 80)]).toEqual([true, true]);
  for (const [protocol, port] of [
    ['tls', 443],
    ['http', 80],
    ['tls', 8_443],
    ['http', 8_443],
    ['tcp', 22],
  ] as const)
    expect(isMisplaced(protocol, port)).toBe(false);
});

describe('TLS that hides its name', () => {
  test('is denied where it is not inspected, whatever it claims', () => {
    const of = policy('a.test');
    const to = { host: 'a.test', port: 443, protocol: 'tls', claimed: 'a.test', encrypted: true } as const;
    expect(decide(of, to)).toMatchObject({ reason: 'encrypted-hello' });
    const read: EgressPolicy = {
      allow: [{ host: 'a.test', entry: 'a.test', methods: ['GET'] }],
      allowRanges: [],
    };
    expect(decide(read, { ...to, inspectable: true }).allowed).toBe(true);
  });

  test('is seen by its extension, real or pretended', () => {
    const plain = clientHello('api.test');
    const body = Buffer.concat([plain.subarray(4), Buffer.from([0xfe, 0x0d, 0, 1, 0])]);
    const length = body.readUInt16BE(2 + 32 + 1 + 4 + 2);
    body.writeUInt16BE(length + 5, 2 + 32 + 1 + 4 + 2);
    const hello = Buffer.concat([Buffer.from([1, 0, 0, body.length]), body]);
    expect(readClientHello(record(hello))).toEqual({
      kind: 'hello',
      serverName: 'api.test',
      encrypted: true,
    });
  });
});

describe('an allowlist', () => {
  test('that cannot be read is refused as a whole', () => {
    for (const entry of [
      'https://a.test',
      'a.test/path',
      '*',
      '*.com',
      'a_b c',
      '10.0.0.0/8',
      '1.2.3',
      'a.test:0',
      'a.test:70000',
      '@nothing',
      '',
      'a..test',
      '*.1.2.3.4',
    ]) {
      expect(parseAllowlist(['good.test', entry], {}).ok, entry).toBe(false);
    }
  });
});

describe('addresses', () => {
  test('of this machine, its networks and the metadata service may not be dialled unless a range was named', () => {
    const none = rangeList([]);
    for (const address of [
      '127.0.0.1',
      '10.1.2.3',
      '192.168.0.1',
      '172.16.9.9',
      '169.254.169.254',
      '100.64.0.1',
      '0.0.0.0',
      '::1',
      '::',
      'fe80::1',
      'fc00::1',
      'fd00:ec2::254',
      '::ffff:127.0.0.1',
      '64:ff9b::7f00:1',
      '::ffff:0:127.0.0.1',
      '2002:7f00:1::',
      '224.0.0.1',
      '255.255.255.255',
      'not an address',
    ]) {
      expect(mayDial(address, none, none), address).toBe(false);
    }
    expect(mayDial('93.184.216.34', none, none)).toBe(true);
    expect(mayDial('127.0.0.1', rangeList(['127.0.0.0/8']), none)).toBe(true);
    expect(mayDial('10.0.0.1', rangeList(['127.0.0.0/8', 'nonsense', '10.0.0.0/99']), none)).toBe(false);
  });

  test('of this machine may not be dialled either where they are public', () => {
    const own = rangeList(['203.0.113.7', '2001:db8::7']);
    expect(mayDial('203.0.113.7', rangeList([]), own)).toBe(false);
    expect(mayDial('2001:DB8:0::7', rangeList([]), own)).toBe(false);
    expect(mayDial('203.0.113.8', rangeList([]), own)).toBe(true);
    expect(mayDial('203.0.113.7', rangeList(['203.0.113.0/24']), own)).toBe(true);
  });
});

describe('DNS messages', () => {
  const question = Buffer.from('12340100000100000000000003617069047465737400000100010000', 'hex').subarray(
    0,
    26,
  );

  test('are read strictly, and answered with the question repeated', () => {
    const read = readQuestion(question);
    expect(read).toMatchObject({ id: 0x1234, name: 'api.test', type: TYPE_A, valid: true });
    if (read === undefined) return;
    const answer = writeAnswer(read, { kind: 'address', family: 4, bytes: Buffer.from([198, 18, 0, 1]) });
    expect(answer.readUInt16BE(6)).toBe(1);
    expect(answer.subarray(-4)).toEqual(Buffer.from([198, 18, 0, 1]));
    expect(writeAnswer(read, { kind: 'blocked', text: 'x' }).readUInt16BE(2) & 15).toBe(3);
  });

  test('of any bytes never make the reader throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => void readQuestion(Buffer.from(bytes))),
    );
  });
});

describe('a ClientHello', () => {
  test('of any bytes never makes the reader throw', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 600 }),
        (bytes) => void readClientHello(Buffer.from([22, 3, 1, ...bytes])),
      ),
    );
  });

  test('gives its server name, however it is cut into records', () => {
    const hello = clientHello('api.test');
    expect(readClientHello(record(hello))).toEqual({ kind: 'hello', serverName: 'api.test' });
    for (let at = 1; at < hello.length; at += 1) {
      expect(
        readClientHello(Buffer.concat([record(hello.subarray(0, at)), record(hello.subarray(at))])),
      ).toEqual({ kind: 'hello', serverName: 'api.test' });
      expect(readClientHello(record(hello).subarray(0, at)).kind).toBe('more');
    }
  });
});

function record(handshake: Buffer): Buffer {
  return Buffer.concat([Buffer.from([22, 3, 1, handshake.length >> 8, handshake.length & 255]), handshake]);
}

function clientHello(name: string): Buffer {
  const text = Buffer.from(name);
  const sni = Buffer.concat([Buffer.from([0, text.length + 3, 0, 0, text.length]), text]);
  const extension = Buffer.concat([Buffer.from([0, 0, 0, sni.length]), sni]);
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32),
    Buffer.from([0, 0, 2, 0x13, 1, 1, 0, 0, extension.length]),
    extension,
  ]);
  return Buffer.concat([Buffer.from([1, 0, 0, body.length]), body]);
}

describe('plain HTTP', () => {
  const run = (text: string, cut = text.length): string[] => {
    const seen: string[] = [];
    const requests = new HttpRequests();
    for (let at = 0; at < text.length; at += cut) {
      const goes = requests.take(Buffer.from(text.slice(at, at + cut), 'latin1'), (head) => {
        seen.push(head.kind === 'head' ? (head.host ?? '-') : 'malformed');
        return head.kind === 'head';
      });
      if (goes.ended !== undefined) break;
    }
    return seen;
  };

  test('gives every request on a connection, however its bytes are cut', () => {
    const two =
      'POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nGET /GET /x HTTP/1.1\r\nHost: b.test\r\n\r\nPOST / HTTP/1.1\r\nHost: c.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: d.test:80\r\n\r\n';
    for (let cut = 1; cut < 60; cut += 1)
      expect(run(two, cut)).toEqual(['a.test', 'b.test', 'c.test', 'd.test']);
  });

  test('in which two readers could see different requests is malformed', () => {
    for (const head of [
      'GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test',
      'GET http://b.test/ HTTP/1.1\r\nHost: a.test',
      'POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\nTransfer-Encoding: chunked',
      'POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\nContent-Length: 4',
      'POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked, identity',
      'GET / HTTP/1.1\r\nHost: a.test\r\n folded: x',
      'GET / HTTP/1.1\r\nHost: a.test\r\nX: a\rHost: b.test',
      'GET / HTTP/1.1\r\nHost : a.test',
      'CONNECT b.test:443 HTTP/1.1\r\nHost: a.test',
      'GET / HTTP/1.1\r\nHost: a.test\r\nUpgrade: h2c',
      'PRI * HTTP/2.0',
    ]) {
      expect(run(`${head}\r\n\r\n`), head).toEqual(['malformed']);
    }
  });
});

test('the pool gives each name one address, and the name back', () => {
  const pool = new NamePool();
  for (let i = 1; i < 3_000; i += 7) {
    const bytes = pool.bytes(`n${i}.test`, 4);
    expect(pool.name([...(bytes ?? [])].join('.'))).toBe(`n${i}.test`);
  }
  expect(pool.name('198.19.255.255')).toBeUndefined();
  expect(pool.name('8.8.8.8')).toBeUndefined();
});

describe('a name below a wildcard', () => {
  const asked = (of: EgressPolicy, pool: NamePool, name: string): string => {
    const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
    const question = Buffer.concat([
      Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
      ...labels,
      Buffer.from([0, 0, TYPE_A, 0, 1]),
    ]);
    const event = answerQuestion(question, of, pool, { transport: 'udp', clientPort: 1 })?.event;
    return event?.kind === 'dns' ? event.verdict : 'none';
  };

  test('is answered when it is as names are, and not when it carries data', () => {
    const of = policy('*.cdn.test', 'plain.test');
    const pool = new NamePool();
    for (const name of ['a.cdn.test', 'eu-west-1.a.cdn.test', 'd1234567890abc.cdn.test', 'plain.test'])
      expect(asked(of, pool, name), name).toBe('allowed');
    for (const name of [
      '6e706d5f746f6b656e3d616263646566676869.cdn.test',
      'a.b.c.d.e.cdn.test',
      `${'a'.repeat(60)}.${'b'.repeat(60)}.cdn.test`,
      'nbswy3dpeb3w64tmmqqhi2djomqgs4zamfzw6.cdn.test',
    ])
      expect(asked(of, pool, name), name).toBe('denied');
  });

  test('is one of a bounded number, so that names do not carry data one by one', () => {
    const of = policy('*.cdn.test', 'plain.test');
    const pool = new NamePool();
    const answers = Array.from({ length: 300 }, (_, at) => asked(of, pool, `n${at}.cdn.test`));
    expect(answers.filter((answer) => answer === 'allowed')).toHaveLength(256);
    expect(asked(of, pool, 'n0.cdn.test')).toBe('allowed');
    expect(asked(of, pool, 'plain.test')).toBe('allowed');
  });
});
