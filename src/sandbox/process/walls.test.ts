import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { IDS, LACKING } from '../oci/here.fixture.ts';
import { CHECKS, CONFINEMENT_CHECKS, OUTER_CHECKS } from './receipt.ts';
import { type Attempt, PROGRAM } from './weak-sandbox.fixture.ts';
import { WEAKENINGS } from './weakenings.fixture.ts';

const NAMESPACES = [
  '--net',
  '--mount',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
  '--propagation',
  'private',
];
/** An ordinary user without a control group has no wall there that could be taken away. */
const BY_GROUP = [
  'no limit of memory',
  'no limit of processors',
  'no limit of processes',
  'another control group',
];
const TRIED = new Map([...WEAKENINGS].filter(([name]) => LACKING.length === 0 || !BY_GROUP.includes(name)));
/** What an ordinary user's sandbox cannot do, whatever its runtime takes away: only root of the machine could. */
const HELD_ANYWAY: readonly string[] =
  IDS === undefined
    ? []
    : [
        'write-proc-sys',
        'make-device',
        'userfaultfd',
        ...(LACKING.length > 0 ? ['own-cgroup-namespace'] : []),
      ];
const attempts = new Map<string, Attempt>();

/**
 * Every sandbox here lacks a wall, so none of them may stand on this machine itself: what they take for the host is a
 * set of namespaces that ends with the program, or after an hour.
 */
beforeAll(async () => {
  const names = ['nothing', ...TRIED.keys()];
  const program = [process.execPath, PROGRAM, ...names];
  const { stdout } = await promisify(execFile)('unshare', [
    ...NAMESPACES,
    'timeout',
    '-s',
    'KILL',
    '3590',
    ...program,
  ]);
  for (const line of stdout.trim().split('\n')) {
    const attempt = JSON.parse(line) as Attempt;
    attempts.set(attempt.weakening, attempt);
  }
}, 3_600_000);

describe('a sandbox whose runtime takes away', () => {
  test('nothing is opened, so that what follows is a proof', () => {
    expect(attempts.get('nothing')).toMatchObject({ opened: true });
    expect(attempts.size).toBe(TRIED.size + 1);
  });

  test.each([...TRIED])('%s is refused, and that is named', (name, { names, perhaps = [], rule }) => {
    const attempt = attempts.get(name);
    expect(attempt).toMatchObject({ opened: false, rule: rule ?? 'sandbox/not-armed' });
    const failed = attempt?.failed ?? [];
    const must = names?.filter((id) => !HELD_ANYWAY.includes(id)) ?? [];
    expect(failed).toEqual(expect.arrayContaining(must));
    expect(failed.filter((id) => names?.includes(id) !== true && !perhaps.includes(id))).toEqual([]);
    if (rule === undefined) expect(names?.length).toBeGreaterThan(0);
  });

  test('any wall is named: no check is one that never fails, but for what this kernel may not have', () => {
    const named = new Set([...attempts.values()].flatMap((attempt) => attempt.failed));
    const unnamed = [...CHECKS, ...CONFINEMENT_CHECKS, ...OUTER_CHECKS].filter((id) => !named.has(id));
    const never = [...PERHAPS_ABSENT, ...HELD_ANYWAY];
    expect(unnamed.filter((id) => !never.includes(id))).toEqual([]);
  });
});

/**
 * Modules, kexec, /proc/kcore, SysRq, the crypto sockets and security modules are options of a kernel; and no runtime starts a sandbox in
 * the mount namespace of the host.
 */
const PERHAPS_ABSENT: readonly string[] = [
  'load-module',
  'kexec',
  'read-kernel-memory',
  'write-sysrq',
  'alg-socket',
  'landlock',
  ...CONFINEMENT_CHECKS,
  'private-mount-namespace',
  'apparmor',
  'selinux',
];
