import { describe, expect, test } from 'vitest';
import type { SandboxRequest } from '../contract.ts';
import { HOST, JOB, PLACES } from '../plan/plan-sandbox.fixture.ts';
import { planSandbox } from '../plan/plan-sandbox.ts';
import { FLAWS, REVIEWED } from './flaws.ts';
import { type Installed, knownFlaws, refuseOpen } from './judge.ts';
import { type Asked, CONDITIONS, type Condition } from './reach.ts';
import { compareReleases, readRelease } from './version.ts';

const TODAY = '2026-11-25';

function planned(request: SandboxRequest = JOB): Asked {
  const plan = planSandbox(request, HOST, PLACES);
  if (!plan.ok) throw new Error(plan.error.why);
  return { config: plan.value.config, shared: request.writePaths.map(({ path }) => path) };
}

function debian(name: Installed['program'], version: string): Installed {
  return { program: name, version, package: { name, version } };
}

function states(installed: Installed, asked = planned()): Readonly<Record<string, string>> {
  return Object.fromEntries(
    knownFlaws(installed, asked, undefined, TODAY).map(({ cve, state }) => [cve, state]),
  );
}

const UNREACHABLE = {
  'CVE-2024-45310': 'not reachable',
  'CVE-2025-31133': 'not reachable',
  'CVE-2025-52565': 'not reachable',
  'CVE-2025-52881': 'not reachable',
  'CVE-2026-41579': 'not reachable',
};

describe('the table of published flaws', () => {
  test('is whole: sources, days that were, releases that can be read, no row twice', () => {
    expect(FLAWS.length).toBeGreaterThan(10);
    expect(new Set(FLAWS.map(({ program, cve }) => `${program} ${cve}`)).size).toBe(FLAWS.length);
    for (const { cve, affected, source, published, mended, what } of FLAWS) {
      expect(cve).toMatch(/^CVE-\d{4}-\d{4,7}$/);
      expect(source.length * what.length).toBeGreaterThan(0);
      expect(published).toMatch(/^20\d\d-\d\d(-\d\d)?$/);
      expect(published <= REVIEWED).toBe(true);
      expect(affected.length).toBeGreaterThan(0);
      for (const { from, below } of affected) {
        const [first, end] = [readRelease(from ?? '0'), readRelease(below ?? '99999999')];
        if (first === undefined || end === undefined)
          throw new Error(`${cve}: a release that cannot be read`);
        expect(compareReleases(first, end), cve).toBeLessThan(0);
      }
      // A package that mends a release that never had the flaw would be a row about something else.
      for (const one of mended)
        expect(states({ program: 'runc', version: one.version }), one.version).toHaveProperty(cve);
    }
  });

  test('knows that an ordinary user\u2019s namespace has no root of the host, and that process 1 may be told limits', () => {
    const asked = planned();
    const { config } = asked;
    const own = [{ containerID: 1_001, hostID: 0, size: 1 }];
    const users: Asked = {
      ...asked,
      config: { ...config, linux: { ...config.linux, uidMappings: own, gidMappings: own } },
    };
    expect(CONDITIONS['no-host-root'](users)).toBe(false);
    expect(CONDITIONS['no-host-root']({ ...users, rootless: true })).toBe(true);
    const limited = { ...config.process, args: [...config.process.args, 'RLIMIT_NPROC=9'] };
    expect(CONDITIONS['never-entered']({ ...asked, config: { ...config, process: limited } })).toBe(true);
  });

  test('calls nothing out of reach that every plan does not keep there, and each condition can fail', () => {
    const asked = planned();
    const used = new Set(FLAWS.flatMap(({ closed }) => closed?.when ?? []));
    expect([...used].sort()).toEqual(Object.keys(CONDITIONS).sort());
    for (const condition of used) expect(CONDITIONS[condition](asked), condition).toBe(true);
    const { config } = asked;
    const worse: Readonly<Record<Condition, Asked>> = {
      'no-host-root': {
        ...asked,
        config: {
          ...config,
          linux: { ...config.linux, uidMappings: [{ containerID: 0, hostID: 0, size: 1 }] },
        },
      },
      'ordinary-user': {
        ...asked,
        config: { ...config, process: { ...config.process, user: { ...config.process.user, uid: 0 } } },
      },
      'no-inherited-capability': {
        ...asked,
        config: {
          ...config,
          process: {
            ...config.process,
            capabilities: { ...config.process.capabilities, inheritable: ['CAP_KILL'] },
          },
        },
      },
      'no-terminal': { ...asked, config: { ...config, process: { ...config.process, terminal: true } } },
      'fresh-dev': {
        ...asked,
        config: { ...config, mounts: config.mounts.filter(({ destination }) => destination !== '/dev') },
      },
      'private-destinations': { ...asked, shared: ['/home/runner/work'] },
      'never-entered': {
        ...asked,
        config: { ...config, process: { ...config.process, args: ['exec', 'x'] } },
      },
      'no-handler': {
        ...asked,
        config: { ...config, annotations: { 'run.oci.handler': 'krun' } } as Asked['config'],
      },
    };
    for (const [condition, plan] of Object.entries(worse))
      expect(CONDITIONS[condition as Condition](plan), condition).toBe(false);
  });
});

describe('a runtime is judged by its release and its package:', () => {
  test('Debian 12\u2019s has one flaw mended and five that are out of reach', () => {
    expect(states(debian('runc', '1.1.5+ds1-1+deb12u1'))).toEqual({
      'CVE-2024-21626': 'mended',
      ...UNREACHABLE,
    });
    expect(states(debian('runc', '1.1.5+ds1-1+deb12u2'))['CVE-2024-21626']).toBe('mended');
  });

  test('the one before its mend is open, and so is the same release from elsewhere', () => {
    for (const installed of [
      debian('runc', '1.1.5+ds1-1+b1'),
      { program: 'runc', version: '1.1.5' } as const,
      { program: 'runc', version: '1.1.5+ds1' } as const,
      {
        program: 'runc',
        version: '1.1.5+ds1',
        package: { name: 'runc-of-somebody', version: '1.1.5+ds1-1+deb12u1' },
      } as const,
    ])
      expect(states(installed)).toEqual({ 'CVE-2024-21626': 'open', ...UNREACHABLE });
  });

  test('Ubuntu\u2019s, a current one, and one of long ago', () => {
    expect(states(debian('runc', '1.1.7-0ubuntu1~22.04.2'))['CVE-2024-21626']).toBe('mended');
    expect(states(debian('runc', '1.1.7-0ubuntu1~22.04.1'))['CVE-2024-21626']).toBe('open');
    expect(states({ program: 'runc', version: '1.3.6' })).toEqual({});
    expect(states({ program: 'runc', version: '1.4.0-rc.2' })).toEqual({
      ...UNREACHABLE,
      'CVE-2024-45310': undefined,
    });
    expect(states({ program: 'runc', version: '1.0.0-rc6' })).toMatchObject({
      'CVE-2019-5736': 'open',
      'CVE-2021-30465': 'open',
    });
  });

  test('a place that another job may write, with something mounted in it, brings three of them into reach', () => {
    const request = {
      ...JOB,
      writePaths: [{ hostPath: '/srv/shared', path: '/srv/shared' }],
      readPaths: [{ hostPath: '/srv/tools', path: '/srv/shared/tools' }],
    };
    const found = knownFlaws(debian('runc', '1.1.5+ds1-1+deb12u1'), planned(request), undefined, TODAY);
    const open = found.filter(({ state }) => state === 'open');
    expect(open.map(({ cve }) => cve)).toEqual(['CVE-2024-45310', 'CVE-2025-31133', 'CVE-2025-52881']);
    expect(open[0]?.why).toContain('here not: private-destinations');
  });

  test('crun, gVisor and bubblewrap have rows of their own', () => {
    expect(states(debian('crun', '1.8.1-1+deb12u1'))).toEqual({
      'CVE-2025-24965': 'not reachable',
      'CVE-2026-88264': 'not reachable',
      'CVE-2026-88265': 'not reachable',
    });
    expect(states({ program: 'runsc', version: 'release-20240101.0' })).toEqual({
      'CVE-2025-2713': 'not reachable',
    });
    expect(states({ program: 'runsc', version: 'release-20260905.0' })).toEqual({});
    expect(states({ program: 'bubblewrap', version: '0.8.0' })).toEqual({ 'CVE-2026-87766': 'open' });
    expect(states({ program: 'bubblewrap', version: '0.12.0' })).toEqual({});
  });

  test('of one that does not say its release nothing is claimed', () => {
    expect(states({ program: 'runsc', version: 'VERSION_MISSING' })).toEqual({ none: 'unknown' });
  });
});

describe('an open flaw', () => {
  const old = debian('runc', '1.1.5+ds1-1+b1');
  const accepting = (until: string) => [
    { cve: 'CVE-2024-21626', reason: 'a machine that holds nothing', until },
  ];
  const judged = (until: string | undefined, zone: 'untrusted' | 'internal' = 'untrusted') =>
    refuseOpen(
      old,
      knownFlaws(old, planned(), until === undefined ? undefined : accepting(until), TODAY),
      zone,
    );

  test('refuses a job that nobody vouches for, with what it is and what mends it', () => {
    expect(judged(undefined)).toMatchObject({
      ok: false,
      error: { kind: 'machine', rule: 'isolation/known-flaw' },
    });
    const refused = judged(undefined);
    expect(refused.ok ? '' : refused.error.why).toContain('CVE-2024-21626: a descriptor of a host folder');
    expect(refused.ok ? '' : refused.error.why).toContain('package 1.1.5+ds1-1+b1 is not known to mend it');
    expect(refused.ok ? '' : refused.error.fix).toContain('acceptKnown');
  });

  test('is accepted to the end of the day that the operator named, and not a day longer', () => {
    const accepted = judged(TODAY);
    expect(accepted.ok && accepted.value.find(({ cve }) => cve === 'CVE-2024-21626')).toMatchObject({
      state: 'accepted',
    });
    const late = judged('2026-11-24');
    expect(late.ok ? '' : late.error.why).toContain('it was accepted until 2026-11-24');
  });

  test('is told, and refuses nothing, in a zone whose code is vouched for', () => {
    const told = judged(undefined, 'internal');
    expect(told.ok && told.value.filter(({ state }) => state === 'open').map(({ cve }) => cve)).toEqual([
      'CVE-2024-21626',
    ]);
  });
});
