import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AllowEntry,
  configurationIn,
  coversHost,
  type EgressRule,
  matchesPath,
  METHODS,
  normalisePath,
  type ProgramRule,
  parseDestination,
  readsRequests,
  ruleOf,
  USUAL_PORTS,
} from '../../config/index.ts';
import { rangesBeyond } from './address-ranges.ts';
import { budgetsBeyond } from './budgets.ts';
import { cellsBeyond } from './egress-cells.ts';
import { diffPolicies } from './policy-diff.ts';

const MACHINE = { memoryBytes: 8e9, cpus: 4 };

async function policy(text: string) {
  const loaded = await configurationIn(Buffer.from(`version: 1\n${text}`), 'cofferdam.yaml', 'operator');
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return loaded.value;
}

async function told(before: string, after: string): Promise<readonly string[]> {
  return diffPolicies(await policy(before), await policy(after), MACHINE).map(
    ({ direction, zone, key, what }) => `${direction} ${zone ?? '-'} ${key} ${what}`,
  );
}

describe('the difference of two policies', () => {
  test('of a policy and itself, or of its defaults written out, is nothing', async () => {
    const one = 'zones: {untrusted: {egress: {allow: [a.test, "*.b.test:8443", "@npm"]}}}';
    expect(await told(one, one)).toEqual([]);
    expect(
      await told('', 'zones: {release: {approvals: {required: 1}}, untrusted: {caches: {write: false}}}'),
    ).toEqual([]);
  });

  test.each([
    ['zones: {release: {approvals: {required: 0}}}', 'opened release approvals.required'],
    ['zones: {internal: {secrets: {allow: [NPM_TOKEN]}}}', 'opened internal secrets.allow secret NPM_TOKEN'],
    ['zones: {internal: {permissions: {contents: write}}}', 'opened internal permissions.contents'],
    ['zones: {internal: {publication: {packages: true}}}', 'opened internal publication.packages'],
    ['zones: {untrusted: {caches: {write: true}}}', 'opened untrusted caches.write'],
    ['zones: {untrusted: {limits: {pids: 100000}}}', 'opened untrusted limits.pids 512 becomes 100000'],
    ['zones: {untrusted: {egress: {allowRanges: [10.0.0.0/8]}}}', 'opened untrusted egress.allowRanges'],
    ['zones: {untrusted: {acceptUnenforced: [memory]}}', 'opened untrusted acceptUnenforced'],
    [
      'zones: {untrusted: {isolation: {acceptKnown: [{cve: CVE-2024-21626, reason: only for a test, until: 2027-01-31}]}}}',
      'opened untrusted isolation.acceptKnown',
    ],
    [
      'zones: {untrusted: {isolation: {profiles: [debugger, browser]}}}',
      'opened untrusted isolation.profiles the profile browser',
    ],
    [
      'zones: {internal: {isolation: {profiles: [debugger, browser, nested-build], jobs: {build: debugger}}}}',
      'opened internal isolation.jobs.build',
    ],
    ['zones: {untrusted: {isolation: {runtime: crun}}}', 'changed untrusted isolation.runtime'],
    [
      'zones: {untrusted: {isolation: {microvm: {acceleration: tcg}}}}',
      'changed untrusted isolation.microvm.acceleration auto becomes tcg',
    ],
    ['trust: {repositories: [{name: a/b, path: /srv/b}]}', 'opened - trust.repositories a/b'],
    [
      'waivers: [{kind: privileged, repository: a/b, workflow: w.yml, job: j, zone: internal, pool: p, reason: because nothing less will do, expires: 2026-12-31T00:00:00Z}]',
      'opened - waivers job j of w.yml',
    ],
  ])('sees that %s opens something, and that leaving it out closes it', async (text, expected) => {
    const opened = await told('', text);
    expect(opened.join('\n')).toContain(expected);
    const back = await told(text, '');
    expect(back.some((line) => line.startsWith('opened'))).toBe(false);
    expect(back.length).toBeGreaterThan(0);
  });

  test('sees a wall that is asked for no more', async () => {
    const asked = 'zones: {untrusted: {isolation: {floor: sandboxed-kernel, secondWalls: [landlock]}}}';
    const lines = await told(asked, '');
    expect(lines.filter((line) => line.startsWith('opened'))).toHaveLength(2);
  });
});

const program: fc.Arbitrary<ProgramRule> = fc.record(
  {
    run: fc.constantFrom('/usr/bin/git', '/usr/bin/node'),
    script: fc.constantFrom('/usr/lib/a.js', '/usr/lib/b.js'),
    jit: fc.boolean(),
    nested: fc.boolean(),
  },
  { requiredKeys: ['run'] },
);

/** A process that connects: what a rule of programs may tell apart of it. */
interface Running {
  readonly run: string;
  readonly script: string;
  readonly jit: boolean;
  readonly nested: boolean;
}

/** The process that the text of a cell is about. */
function runningOf(text: string | undefined): Running {
  const [run = '/other', ...words] = (text ?? '').split(' ').filter((word) => word !== '');
  const marks = words.join(' ');
  const script = words.find((word) => word.startsWith('/')) ?? '/another.js';
  return { run, script, jit: marks.includes('jit'), nested: marks.includes('nested') };
}

const entry: fc.Arbitrary<AllowEntry> = fc
  .record(
    {
      to: fc.constantFrom(
        'a.test',
        '*.a.test',
        'b.a.test',
        '*.b.a.test',
        'a.test:443',
        'a.test:22',
        '*.a.test:22',
        '@npm',
      ),
      programs: fc.array(program, { minLength: 1, maxLength: 2 }),
      methods: fc.subarray(['GET', 'POST'] as const, { minLength: 1 }),
      paths: fc.subarray(['/x', '/x/**', '/*', '/*/y'], { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: ['to'] },
  )
  .map((rule) => rule as EgressRule);

/** What a list allows, said in another way than the comparison says it. */
function allows(
  list: readonly AllowEntry[],
  host: string,
  port: number,
  method: string | undefined,
  path: string,
  by: Running,
): boolean {
  return list.map(ruleOf).some((rule) => {
    const isFor = ({ run, script, jit, nested }: ProgramRule): boolean =>
      run === by.run &&
      (script === undefined || script === by.script) &&
      (jit === true || !by.jit) &&
      (nested === true || !by.nested);
    if (rule.programs?.some(isFor) === false) return false;
    const to = parseDestination(rule.to);
    if (to.kind !== 'host' || !coversHost(to.host, host)) return false;
    if (!(to.port === undefined ? USUAL_PORTS : [to.port]).includes(port)) return false;
    if (method === undefined) return !readsRequests(rule);
    if (rule.methods !== undefined && !rule.methods.some((one) => one === method)) return false;
    return rule.paths === undefined || rule.paths.some((one) => matchesPath(one, normalisePath(path) ?? []));
  });
}

describe('what an allowlist allows beyond another', () => {
  const lists = fc.tuple(fc.array(entry, { maxLength: 4 }), fc.array(entry, { maxLength: 4 }));

  test('is true of every example that it gives', () => {
    fc.assert(
      fc.property(lists, ([wide, narrow]) => {
        for (const cell of cellsBeyond(wide, narrow)) {
          if (cell.port === undefined) continue;
          const host = cell.host.replace('*', 'unnamed');
          const method = cell.speech === 'what is not HTTP' ? undefined : cell.speech;
          const by = runningOf(cell.program);
          expect(allows(wide, host, cell.port, method, cell.example, by)).toBe(true);
          expect(allows(narrow, host, cell.port, method, cell.example, by)).toBe(false);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('leaves out nothing that can be done', () => {
    const tried = fc.record({
      host: fc.constantFrom('a.test', 'b.a.test', 'c.a.test', 'd.b.a.test', 'other.test'),
      port: fc.constantFrom(443, 80, 22, 8443),
      method: fc.constantFrom(undefined, ...METHODS, 'BREW'),
      by: fc.record({
        run: fc.constantFrom('/usr/bin/git', '/usr/bin/node', '/other'),
        script: fc.constantFrom('/usr/lib/a.js', '/usr/lib/b.js', '/another.js'),
        jit: fc.boolean(),
        nested: fc.boolean(),
      }),
      path: fc.constantFrom('/', '/x', '/x/', '/x/y', '/z', '/z/y', '/x/y/z'),
    });
    fc.assert(
      fc.property(lists, tried, ([wide, narrow], { host, port, method, path, by }) => {
        if (!allows(wide, host, port, method, path, by) || allows(narrow, host, port, method, path, by))
          return;
        const covering = cellsBeyond(wide, narrow).some(
          (cell) =>
            coversHost(cell.host, host) &&
            cell.port === port &&
            (method === undefined
              ? cell.speech === 'what is not HTTP'
              : cell.speech === method || (cell.speech === 'another method' && method === 'BREW')) &&
            cell.paths.some((one) => matchesPath(one, normalisePath(path) ?? [])),
        );
        expect(covering).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });

  test('counts bytes and requests, of which the widest rule decides', () => {
    const rule = (uploadBytes?: number): AllowEntry => ({
      to: 'a.test:443',
      ...(uploadBytes !== undefined && { uploadBytes }),
    });
    expect(budgetsBeyond([rule(5)], [rule(9)])).toEqual([]);
    expect(budgetsBeyond([rule(9)], [rule(5)])).toEqual(['9 bytes to a.test:443, where 5 were the most']);
    expect(budgetsBeyond([rule(5), rule()], [rule(5)])).toHaveLength(1);
    expect(budgetsBeyond([rule(5)], [])).toEqual([]);
  });

  const get = { to: 'a.test', methods: ['GET' as const], requests: 10 };
  const post = { to: 'a.test', methods: ['POST' as const], requests: 1_000 };
  test.each([
    [
      'a method that comes under the bound of another',
      [{ ...post, methods: ['GET', 'POST'] as const }],
      [get, post],
    ],
    [
      'the entry that decides leaves another',
      [{ to: 'a.test', requests: 1_000 }],
      [
        { to: 'a.test', requests: 10 },
        { to: 'a.test', requests: 1_000 },
      ],
    ],
    [
      'their order changes',
      [
        { to: 'a.test', requests: 1_000 },
        { to: 'a.test', requests: 10 },
      ],
      [
        { to: 'a.test', requests: 10 },
        { to: 'a.test', requests: 1_000 },
      ],
    ],
    [
      'one bound becomes two',
      [get, { ...post, requests: 10 }],
      [{ ...get, methods: ['GET', 'POST'] as const }],
    ],
    [
      'each host below a wildcard has its own',
      [
        { to: 'x.a.test', uploadBytes: 9 },
        { to: 'y.a.test', uploadBytes: 9 },
      ],
      [{ to: '*.a.test', uploadBytes: 9 }],
    ],
    [
      'a path comes under another bound',
      [{ to: 'a.test', paths: ['/x/**', '/y/**'], requests: 9 }],
      [
        { to: 'a.test', paths: ['/x/**'], requests: 5 },
        { to: 'a.test', paths: ['/y/**'], requests: 9 },
      ],
    ],
    [
      'each program has its own',
      [
        { to: 'a.test', programs: [{ run: '/usr/bin/git' }], requests: 9 },
        { to: 'a.test', programs: [{ run: '/usr/bin/curl' }], requests: 9 },
      ],
      [{ to: 'a.test', requests: 9 }],
    ],
  ] satisfies readonly (readonly [string, readonly AllowEntry[], readonly AllowEntry[]])[])(
    'of how much may pass is found where %s',
    (_how, wider, narrower) => {
      expect(budgetsBeyond(wider, narrower)).toHaveLength(1);
      expect(budgetsBeyond(narrower, narrower)).toEqual([]);
      expect(budgetsBeyond(wider, wider)).toEqual([]);
    },
  );

  test('compares ranges of addresses as sets', () => {
    expect(rangesBeyond(['10.0.0.0/8'], ['10.0.0.0/9', '10.128.0.0/9'])).toEqual([]);
    expect(rangesBeyond(['10.0.0.0/8'], ['10.0.0.0/9'])).toEqual(['10.0.0.0/8']);
    expect(rangesBeyond(['fd00::/8', '::ffff:10.0.0.0/104'], ['fc00::/7'])).toEqual(['::ffff:10.0.0.0/104']);
    expect(rangesBeyond(['0.0.0.0/0'], ['::/0'])).toEqual(['0.0.0.0/0']);
  });
});

test('a proxy that finds the addresses of names is more than one that is told them, and another proxy is neither', async () => {
  const at = (more: string): string => `proxy: {url: "http://p.test:1"${more}}`;
  expect(await told('', at(''))).toEqual(['changed - proxy.url nothing becomes http://p.test:1']);
  expect(await told(at(''), at(', resolves: proxy'))).toEqual([
    'opened - proxy.resolves the proxy finds the addresses of allowed names, and they are not checked',
  ]);
  expect(await told(at(''), at(', except: [a.test]'))).toEqual([
    'changed - proxy.except a.test is now reached without the proxy',
  ]);
});

test('to let WebSockets begin is more', async () => {
  const at = (entry: string): string => `zones: {untrusted: {egress: {allow: [${entry}]}}}`;
  const [without, sockets] = [at('"a.test:443"'), at('{to: "a.test:443", websocket: true}')];
  expect(await told(without, sockets)).toEqual([
    'opened untrusted egress.allow a.test:443  WebSocket  (for example /other)',
  ]);
  expect(await told(sockets, without)).toEqual([
    'closed untrusted egress.allow a.test:443  WebSocket  (for example /other)',
  ]);
  const some = at('"a.test:443", {to: "a.test:443", websocket: true, paths: [/ws]}');
  expect((await told(some, sockets)).join(' ')).toContain('opened');
  expect((await told(sockets, some)).join(' ')).not.toContain('opened');
});

test('only fetching is less than all, and a named host key less than any', async () => {
  const at = (entry: string): string => `zones: {untrusted: {egress: {allow: [${entry}]}}}`;
  const read = at('{to: "git.test:443", git: read}');
  expect(await told(at(''), read)).toEqual([
    'opened untrusted egress.allow git.test:443  git fetch  (for example /other)',
  ]);
  expect(await told(read, read)).toEqual([]);
  expect((await told(at('"git.test:443"'), read)).join('\n')).toContain(
    'closed untrusted egress.allow git.test:443  what is not HTTP',
  );
  expect((await told(read, at('"git.test:443"'))).length).toBeGreaterThan(5);
  expect((await told(at('{to: "git.test:443", methods: [GET, POST]}'), read)).join('\n')).not.toContain(
    'opened',
  );
  expect(await told(at('{to: "git.test:443", methods: [GET]}'), read)).toContain(
    'opened untrusted egress.allow git.test:443  git fetch  (for example /other)',
  );
  const narrow = at('{to: "git.test:443", git: read, paths: [/o/**]}');
  expect(await told(narrow, read)).toEqual([
    'opened untrusted egress.allow git.test:443  git fetch  (for example /other)',
  ]);
  const key = (letter: string): string => `ssh-ed25519 ${letter.repeat(68)}`;
  const pinned = at(`{to: "git.test:22", hostKeys: ["${key('A')}"]}`);
  expect(await told(pinned, at('"git.test:22"'))).toContain(
    'opened untrusted egress.allow any server answers for git.test:22, where 1 host keys were named',
  );
  expect(await told(pinned, at(`{to: "git.test:22", hostKeys: ["${key('B')}"]}`))).toEqual([
    expect.stringMatching(/^opened .* a server with the key ssh-ed25519 B+\u2026 answers for git.test:22$/),
    expect.stringMatching(/^closed .* a server with the key ssh-ed25519 A+\u2026 answers for git.test:22$/),
  ]);
});
