import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Profiled, weakeningsOf } from '../../src/sandbox/process/profile-weakenings.fixture.ts';
import { checksOf } from '../../src/sandbox/process/profile-checks.ts';
import { type Attempt, PROGRAM } from '../../src/sandbox/process/weak-sandbox.fixture.ts';
import { profileOf } from '../../src/sandbox/profiles/index.ts';

const NAMESPACES = '--net --mount --pid --fork --kill-child --mount-proc --propagation private'.split(' ');
const PROFILES: readonly Profiled[] = ['debugger', 'browser', 'nested-build'];

/**
 * What no configuration of a runtime takes away: the kernel locks mounts for whoever makes a namespace below, and process 1 is
 * its own keeper. `init-reach.test.ts` and `profiles.test.ts` attack these.
 */
const NEVER_BY_A_RUNTIME = [
  'nested-remount',
  'nested-trace-process-1',
  'nested-memory-of-process-1',
  'nested-join-process-1',
  'nested-map-root',
];

describe.each(PROFILES)('a sandbox with profile %s whose runtime takes away', (profile) => {
  const weakenings = weakeningsOf(profile);
  const attempts = new Map<string, Attempt>();

  // As in src/sandbox/process/walls.test.ts: none of these stands on this machine itself.
  beforeAll(async () => {
    const program = [process.execPath, PROGRAM, '--profile', profile, 'nothing', ...weakenings.keys()];
    const ended = ['timeout', '-s', 'KILL', '1790'];
    const { stdout } = await promisify(execFile)('unshare', [...NAMESPACES, ...ended, ...program]);
    for (const line of stdout.trim().split('\n')) {
      const attempt = JSON.parse(line) as Attempt;
      attempts.set(attempt.weakening, attempt);
    }
  }, 1_800_000);

  test('nothing is opened, so that what follows is a proof', () => {
    expect(attempts.get('nothing')).toMatchObject({ opened: true });
    expect(attempts.size).toBe(weakenings.size + 1);
  });

  test.each([...weakenings])(
    '%s is refused, and that is named, unless it is the price of the profile',
    (name, wall) => {
      const attempt = attempts.get(name);
      const { names = [], perhaps = [], rule } = wall;
      if (names.length === 0 && rule === undefined) {
        expect(attempt).toMatchObject({ opened: true });
        return;
      }
      expect(attempt).toMatchObject({ opened: false });
      if (rule !== undefined) {
        expect(attempt?.rule).toBe(rule);
        return;
      }
      expect(['sandbox/not-armed', 'profile/not-served']).toContain(attempt?.rule);
      if (attempt?.rule === 'profile/not-served') return;
      expect(attempt?.failed).toEqual(expect.arrayContaining([...names]));
      expect(attempt?.failed.filter((id) => !perhaps.includes(id) && !names.includes(id))).toEqual([]);
    },
  );

  test('any wall of the profile itself is named by some check', () => {
    const named = new Set([...attempts.values()].flatMap(({ failed }) => failed));
    const unnamed = checksOf(profileOf(profile)).filter((id) => !named.has(id));
    expect(unnamed.filter((id) => !NEVER_BY_A_RUNTIME.includes(id))).toEqual([]);
  });
});
