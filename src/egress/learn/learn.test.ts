import { describe, expect, test } from 'vitest';
import type { RecordEvent } from '../../audit/index.ts';
import type { AllowEntry } from '../../config/index.ts';
import { learn } from './learn.ts';
import { Observations } from './observed.ts';

const AT = { job: 'build', step: 'install' } as const;
const zone = (name: string): RecordEvent => ({
  type: 'zone.decided',
  job: 'build',
  zone: name,
  because: [],
  facts: [],
  controls: {},
});
const started = (pid: number, parent: number, ...argv: readonly string[]): RecordEvent => ({
  type: 'process.started',
  ...AT,
  pid,
  parent,
  argv,
  truncated: false,
  at: '',
});
const refusedName = (name: string, pid = 7, argv: readonly string[] = ['npm', 'ci']): RecordEvent => ({
  type: 'dns.question',
  ...AT,
  name,
  queryType: 'A',
  verdict: 'denied',
  reason: 'not-on-allowlist',
  transport: 'udp',
  process: { pid, argv },
});
const connection = (
  host: string | undefined,
  port: number,
  more: { readonly entry: string } | { readonly reason: string },
): RecordEvent => ({
  type: 'network.connection',
  ...AT,
  connection: port,
  address: '203.0.113.5',
  port,
  ...(host !== undefined && { host }),
  protocol: 'tls',
  verdict: 'entry' in more ? 'allowed' : 'denied',
  ...more,
});

function taught(
  current: readonly AllowEntry[],
  events: readonly RecordEvent[],
  accepted: readonly string[] = [],
) {
  const observations = new Observations();
  for (const event of [zone('untrusted'), ...events]) observations.take(event);
  return learn('untrusted', current, observations.all, accepted);
}

describe('what runs teach', () => {
  test('is the entries that were used and the names that were missing, with their evidence', () => {
    const learned = taught(
      ['used.test', 'unused.test', '@npm'],
      [
        started(3, 2, 'npm', 'ci'),
        connection('used.test', 443, { entry: 'used.test' }),
        connection('registry.test', 443, { entry: '@npm' }),
        refusedName('missing.test', 3),
        refusedName('missing.test', 3),
        connection('odd.test', 8443, { reason: 'not-on-allowlist' }),
      ],
    );
    expect(learned.lines.map(({ entry, how }) => `${how} ${JSON.stringify(entry)}`)).toEqual([
      'kept "used.test"',
      'kept "@npm"',
      'added "missing.test"',
      'added "odd.test:8443"',
    ]);
    expect(learned.lines[2]?.evidence).toBe('2 times in build (install), by npm ci');
    expect(learned.unused).toEqual(['unused.test']);
    expect(learned.refused).toEqual([]);
  });

  test.each([
    ['an address', connection(undefined, 443, { reason: 'not-on-allowlist' }), 'address without a name'],
    ['another cause', connection('a.test', 443, { reason: 'name-mismatch' }), 'another cause'],
    ['a metadata service', connection('a.test', 80, { reason: 'forbidden-range' }), 'another cause'],
    ['a collector', refusedName('x1.oastify.com'), 'out-of-band'],
    ['a tunnel', refusedName('abc.ngrok.io'), 'tunnel'],
    ['data in a label', refusedName('6e706d5f746f6b656e3d61626364656667.evil.test'), 'looks like data'],
    ['a long label', refusedName(`${'a'.repeat(50)}.evil.test`), 'looks like data'],
    ['data in many labels', refusedName('a.b.c.d.e.f.test'), '7 labels'],
    [
      'the script of a package',
      refusedName('collector.test', 9, ['node', 'node_modules/moon/scripts/install.js']),
      'script of a package',
    ],
  ])('is never %s', (_, event, why) => {
    const learned = taught([], [event]);
    expect(learned.lines).toEqual([]);
    expect(learned.refused[0]?.why).toContain(why);
  });

  test('is never one of many names below one, each asked for once', () => {
    const names = Array.from({ length: 6 }, (_, at) => refusedName(`part${at}.evil.test`));
    const learned = taught([], names);
    expect(learned.lines).toEqual([]);
    expect(learned.refused[0]?.why).toContain('6 names below evil.test');
  });

  test('is a suspicious host only when a person names it, and what another cause denied not even then', () => {
    expect(taught([], [refusedName('abc.ngrok.io')], ['abc.ngrok.io']).lines).toHaveLength(1);
    const mismatch = connection('a.test', 443, { reason: 'name-mismatch' });
    expect(taught([], [mismatch], ['a.test']).lines).toEqual([]);
  });

  test('stays in its zone, and names ordinary hosts without doubt', () => {
    const observations = new Observations();
    for (const event of [zone('internal'), refusedName('a.test')]) observations.take(event);
    expect(learn('untrusted', [], observations.all).lines).toEqual([]);
    for (const host of [
      'registry.packages.test',
      'files.packages.test',
      'objects.githubusercontent.com',
      'github-releases.githubusercontent.com',
      'storage.googleapis.com',
      'd1234abcd.cloudfront.net',
      'prod-registry-k8s-io-eu-west-1.s3.dualstack.eu-west-1.amazonaws.com',
    ])
      expect(taught([], [refusedName(host)]).refused, host).toEqual([]);
  });
});
