import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Gateway, GatewayEvent } from '../../src/egress/index.ts';
import { openGateway } from '../../src/egress/gateway.fixture.ts';
import { type Link, openLink } from '../../src/sandbox/microvm/link.ts';
import {
  echo,
  frame,
  GUEST4,
  GUEST6,
  ICMP,
  type Packet,
  question,
  summary,
  syn,
  TCP,
  UDP,
  udp,
} from './packets.fixture.ts';

// A monitor that was taken over: it says to its link whatever it likes.
let folder = '';
let gateway: Gateway;
let link: Link;
let monitor: Socket;
let events: GatewayEvent[] = [];
let answers: string[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'link-'));
  events = [];
  answers = [];
  gateway = await openGateway(['api.test:443'], (event) => events.push(event));
  const opened = await openLink(gateway.namespacePath, join(folder, 'link'));
  if (!opened.ok) throw new Error(opened.error.why);
  link = opened.value;
  monitor = connect(join(folder, 'link'));
  let held = Buffer.alloc(0);
  monitor.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) {
      answers.push(summary(held.subarray(4, 4 + held.readUInt32BE(0))));
      held = held.subarray(4 + held.readUInt32BE(0));
    }
  });
  monitor.on('error', () => undefined);
  await new Promise((resolve) => monitor.once('connect', resolve));
});
afterEach(async () => {
  monitor.destroy();
  await link.close();
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

function put(bytes: Buffer): void {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(bytes.length);
  monitor.write(Buffer.concat([head, bytes]));
}

/** Sends it, then a question whose answer shows that everything before it was handled. */
async function send(packet: Packet): Promise<readonly string[]> {
  put(frame(packet));
  put(frame({ from: GUEST4, to: '192.0.0.1', protocol: UDP, body: udp(53, question('last.test')) }));
  const last = '192.0.0.1 udp from 53 code 3';
  for (const until = Date.now() + 10_000; !answers.includes(last) && Date.now() < until; ) await sleep(5);
  expect(answers).toContain(last);
  // What was refused is reported by another way.
  await sleep(100);
  return answers.filter((answer) => answer !== last);
}

const told = () =>
  events
    .filter((event) => event.kind !== 'dns' || event.name !== 'last.test')
    .map((event) => (event.kind === 'refused-packet' ? `${event.protocol} to ${event.address}` : event.kind));

describe('a guest’s link', () => {
  test.each([
    ['IPv4', GUEST4, '198.51.100.7', '198.51.100.7'],
    ['IPv6', GUEST6, '2001:db8::7', '2001:db8:0:0:0:0:0:7'],
    ['IPv4, to the metadata service', GUEST4, '169.254.169.254', '169.254.169.254'],
    ['IPv4, to its gateway itself', GUEST4, '192.0.0.1', '192.0.0.1'],
  ])(
    'brings a connection over %s to the gateway, with the address that was meant',
    async (_, from, to, answer) => {
      expect(await send({ from, to, protocol: TCP, body: syn(443) })).toEqual([`${answer} tcp accepted`]);
    },
  );

  test('brings a question to the gateway, which answers it as any', async () => {
    const from = GUEST4;
    await send({ from, to: '192.0.0.1', protocol: UDP, body: udp(53, question('api.test')) });
    expect(answers).toContain('192.0.0.1 udp from 53 code 0');
    expect(events.find((event) => event.kind === 'dns')).toMatchObject({
      name: 'api.test',
      verdict: 'allowed',
      clientPort: 40_000,
    });
  });

  test.each<[string, Packet, RegExp, string]>([
    [
      'a datagram',
      { from: GUEST4, to: '198.51.100.7', protocol: UDP, body: udp(53, Buffer.from('x')) },
      / icmp 3$/,
      'udp to 198.51.100.7',
    ],
    [
      'a datagram over IPv6',
      { from: GUEST6, to: '2001:db8::7', protocol: UDP, body: udp(443, Buffer.from('x')) },
      / icmp 1$/,
      'udp to 2001:db8::7',
    ],
    [
      'a datagram to another port of its gateway',
      { from: GUEST4, to: '192.0.0.1', protocol: UDP, body: udp(54, Buffer.from('x')) },
      / icmp 3$/,
      'udp to 192.0.0.1',
    ],
    [
      'an echo request',
      { from: GUEST4, to: '198.51.100.7', protocol: ICMP, body: echo() },
      / icmp 3$/,
      'icmp to 198.51.100.7',
    ],
    [
      'another protocol',
      { from: GUEST4, to: '198.51.100.7', protocol: 47, body: Buffer.alloc(40) },
      / icmp 3$/,
      'protocol 47 to 198.51.100.7',
    ],
  ])('refuses %s at once, and it is told', async (_, packet, answer, report) => {
    const got = await send(packet);
    expect(got).toHaveLength(1);
    expect(got[0]).toMatch(answer);
    expect(told()).toEqual([report]);
  });

  test.each<[string, Packet]>([
    ['a connection to the listener itself', { from: GUEST4, to: '127.0.0.1', protocol: TCP, body: syn(9) }],
    [
      'a question to the container’s resolver',
      { from: GUEST4, to: '127.0.0.1', protocol: UDP, body: udp(53, question('api.test')) },
    ],
  ])('loses %s, which is not the guest’s to reach, and it is told', async (_, packet) => {
    expect(await send(packet)).toEqual([]);
    expect(told()).toHaveLength(1);
  });

  test.each<[string, Packet]>([
    ['another address', { from: '192.0.0.3', to: '198.51.100.7', protocol: TCP, body: syn(443) }],
    ['the loopback', { from: '127.0.0.1', to: '198.51.100.7', protocol: TCP, body: syn(443) }],
    ['its gateway', { from: '192.0.0.1', to: '198.51.100.7', protocol: TCP, body: syn(443) }],
    ['another address, over IPv6', { from: 'fe80::1', to: '2001:db8::7', protocol: TCP, body: syn(443) }],
  ])('loses what pretends to come from %s, without a word', async (_, packet) => {
    expect(await send(packet)).toEqual([]);
    expect(told()).toEqual([]);
  });

  test('loses what is meant for the gateway’s own loopback over IPv6: the kernel takes it from no link', async () => {
    expect(await send({ from: GUEST6, to: '::1', protocol: TCP, body: syn(9) })).toEqual([]);
    expect(events.some((event) => event.kind === 'connect')).toBe(false);
  });

  test('and its gateway live on whatever comes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 2_000 }), { maxLength: 20 }), async (frames) => {
        for (const bytes of frames) put(Buffer.from(bytes));
      }),
      { numRuns: 30 },
    );
    await send({ from: GUEST4, to: '198.51.100.7', protocol: TCP, body: syn(443) });
    expect(answers).toContain('198.51.100.7 tcp accepted');
  });

  test('ends at a frame that is too long, and when its monitor goes', async () => {
    monitor.write(Buffer.from([0x7f, 0xff, 0xff, 0xff]));
    expect(await link.ended).toContain('status 1');
    const again = await openLink(gateway.namespacePath, join(folder, 'again'));
    if (!again.ok) throw new Error(again.error.why);
    const other = connect(join(folder, 'again'));
    await new Promise((resolve) => other.once('connect', resolve));
    other.destroy();
    expect(await again.value.ended).toContain('status 0');
  });

  test('gives its monitor a namespace in which there is nothing', () => {
    const devices = readFileSync(link.emptyNamespace.replace('/ns/net', '/net/dev'), 'utf8')
      .trim()
      .split('\n');
    expect(devices.slice(2).map((line) => line.trim().split(':')[0])).toEqual(['lo']);
    expect(
      readFileSync(link.emptyNamespace.replace('/ns/net', '/net/route'), 'utf8').trim().split('\n'),
    ).toHaveLength(1);
  });

  test('is refused where there is no namespace, and leaves nothing', async () => {
    expect(await openLink('/proc/self/ns/no-such', join(folder, 'none'))).toMatchObject({
      ok: false,
      error: { kind: 'machine', rule: 'microvm/link' },
    });
  });
});
