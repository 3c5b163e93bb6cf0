import { describe, expect, test } from 'vitest';
import type { RecordEvent, SeenProgram } from '../../audit/index.ts';
import type { AllowEntry } from '../../config/index.ts';
import { learn, type LearnOptions } from './learn.ts';
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
  more: LearnOptions = {},
) {
  const observations = new Observations();
  for (const event of [zone('untrusted'), ...events]) observations.take(event);
  return learn('untrusted', current, observations.all, { accepted, ...more });
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
    expect(learned.lines[2]?.evidence).toBe(
      '2 times in build (install), by npm ci; by any program: the record does not say it',
    );
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

  test('is of one job alone when one is named', () => {
    const of = (job?: string) => {
      const observations = new Observations(job);
      for (const event of [
        zone('untrusted'),
        refusedName('a.test'),
        { ...refusedName('b.test'), job: 'other' },
      ])
        observations.take(event as RecordEvent);
      return learn('untrusted', [], observations.all).lines.map(({ entry }) => entry);
    };
    expect(of()).toEqual(['a.test', 'b.test']);
    expect(of('build')).toEqual(['a.test']);
    expect(of('none')).toEqual([]);
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

  const NPM = { run: '/usr/bin/node', script: '/usr/lib/npm/cli.js', jit: true } as const;
  const askedBy = (name: string, program: SeenProgram): RecordEvent => ({
    ...(refusedName(name) as Extract<RecordEvent, { type: 'dns.question' }>),
    program,
  });
  const request = (
    method: string,
    path: string,
    more: { readonly entry: string } | { readonly reason: string },
  ): RecordEvent => ({
    type: 'network.request',
    ...AT,
    connection: 1,
    host: 'api.test',
    port: 443,
    version: '2',
    method,
    path,
    verdict: 'entry' in more ? 'allowed' : 'denied',
    ...more,
  });

  test('names the programs that asked, each once, when every one of them is known', () => {
    const learned = taught(
      [],
      [
        askedBy('a.test', NPM),
        askedBy('a.test', { ...NPM, nested: true }),
        askedBy('a.test', { run: '/usr/bin/git' }),
        askedBy('b.test', NPM),
        askedBy('b.test', { why: 'runsc does not tell which program made it' }),
        refusedName('c.test'),
      ],
    );
    expect(learned.lines.map(({ entry }) => entry)).toEqual([
      { to: 'a.test', programs: [{ ...NPM, nested: true }] },
      { to: 'a.test', programs: [{ run: '/usr/bin/git' }] },
      'b.test',
      'c.test',
    ]);
    expect(learned.lines[2]?.evidence).toContain('by any program: runsc does not tell');
  });

  test.each([
    'its executable /work/x lies where the job can write',
    'it executes /work/own.so',
    'it was started with LD_PRELOAD, by which other code is run in it',
  ])('is never what a program asked for of which it is said that %s', (why) => {
    const learned = taught([], [askedBy('a.test', { run: '/work/x', why })]);
    expect(learned.lines).toEqual([]);
    expect(learned.refused[0]?.why).toContain('a program that the job could change');
    expect(taught([], [askedBy('a.test', { run: '/work/x', why })], ['a.test']).lines).toHaveLength(1);
  });

  test('is the preset of a host that the client of this machine is configured for, and only to read from it', () => {
    const presets = {
      '@npm': [{ host: 'registry.test', entry: '@npm' }],
      '@go': [{ host: 'go.test', entry: '@go' }],
    };
    const learned = taught([], [askedBy('registry.test', NPM), askedBy('go.test', { run: '/g' })], [], {
      presets,
    });
    expect(learned.lines.map(({ entry }) => entry)).toEqual([
      { to: '@npm', programs: [NPM], methods: ['GET', 'HEAD'] },
      { to: '@go', programs: [{ run: '/g' }], methods: ['GET', 'HEAD'] },
    ]);
  });

  test('is the requests that were denied, by method, and no method at a path that only another one asked for', () => {
    const denied = { reason: 'request-not-allowed' };
    const learned = taught(
      [{ to: 'api.test', methods: ['GET'], paths: ['/a'] }],
      [
        request('GET', '/a', { entry: 'api.test  GET  /a' }),
        request('GET', '/v1/b', denied),
        request('HEAD', '/v1/b', denied),
        request('OPTIONS', '/c', denied),
        request('POST', '/upload', denied),
        request('GET', `/x/${'6e706d5f746f6b656e3d61626364656667'}`, denied),
        request('GET', `/${'y'.repeat(300)}`, denied),
      ],
    );
    expect(learned.lines.map(({ entry, how }) => [how, entry])).toEqual([
      ['kept', { to: 'api.test', methods: ['GET'], paths: ['/a'] }],
      ['added', { to: 'api.test', methods: ['GET', 'HEAD'], paths: ['/v1/b'] }],
      ['added', { to: 'api.test', methods: ['OPTIONS'], paths: ['/c'] }],
    ]);
    expect(learned.refused.map(({ why }) => why.slice(0, 20))).toEqual([
      'a POST: it sends som',
      '6e706d5f746f6b656e3d',
      'a path of 301 charac',
    ]);
  });

  test('narrows what stands there only when it is asked to, to what was used of it', () => {
    const wide = { to: 'api.test', methods: ['GET', 'POST'] } as const;
    const text = 'api.test  GET POST';
    const events: readonly RecordEvent[] = [
      { ...(connection('api.test', 443, { entry: text }) as object), program: NPM } as RecordEvent,
      ...Array.from({ length: 20 }, (_, at) => request('GET', `/v1/items/${at}`, { entry: text })),
    ];
    expect(taught([wide], events).lines[0]).toMatchObject({ how: 'kept', entry: wide });
    expect(taught([wide], events, [], { narrow: true }).lines[0]).toMatchObject({
      how: 'narrowed',
      entry: { to: 'api.test', programs: [NPM], methods: ['GET'], paths: ['/v1/items/**'] },
    });
  });

  test('is another program for an entry only when a person says so', () => {
    const denied = {
      ...(connection('a.test', 443, { reason: 'program-not-allowed' }) as object),
      program: { run: '/usr/bin/curl', why: 'no entry' },
    } as RecordEvent;
    const entry = { to: 'a.test', programs: [NPM] };
    expect(taught([entry], [denied]).refused[0]?.why).toContain('another program');
    expect(taught([entry], [denied]).unused).toEqual([entry]);
    expect(taught([entry], [denied], ['a.test']).lines.map((line) => line.entry)).toEqual([
      { to: 'a.test', programs: [{ run: '/usr/bin/curl' }] },
    ]);
  });
});

describe('a run that wants to be learned from', () => {
  test.each([
    '*.evil.test',
    '@github',
    '@npm',
    'evil.test:22',
    '[::1]:22',
    'evil.test by /usr/bin/curl',
    'POST evil.test',
    'evil.test\n        - "*.test"',
    '\u001b[2Jevil.test',
    'evil.test/upload',
    'EVIL.test.',
    '0x7f.1',
  ])('teaches nothing by asking for the name %j, which is none', (name) => {
    const { lines, refused } = taught([], [refusedName(name)], [name]);
    expect(lines).toEqual([]);
    expect(refused).toHaveLength(1);
  });

  test('teaches a name without a domain only when a person says so', () => {
    expect(taught([], [refusedName('metadata')]).lines).toEqual([]);
    expect(taught([], [refusedName('metadata')], ['metadata']).lines).toHaveLength(1);
  });

  test('teaches no port, path or method but by a connection or a request that was made', () => {
    const { lines } = taught(
      [],
      [refusedName('good.test'), connection('good.test', 8443, { reason: 'not-on-allowlist' })],
    );
    expect(lines.map(({ entry }) => entry)).toEqual(['good.test', 'good.test:8443']);
  });
});
