import { describe, expect, test } from 'vitest';
import { ORDINARY_USER } from '../plan/plan-sandbox.fixture.ts';
import { rootlessChecks, type SeenUsers, usersCheck } from './rootless-checks.ts';
import { weakerLimitsCheck } from './weaker-limits.ts';

const ROOT = {
  id: 'host-root-not-mapped',
  kind: 'state',
  held: false,
  seen: '1 rows, 1 with host root',
} as const;
const USER = {
  id: 'ordinary-user',
  kind: 'state',
  held: false,
  seen: 'uid 1001 gid 1001, 2 other groups',
} as const;
const OTHER = { id: 'mount', kind: 'attack', held: false, seen: 'success' } as const;
const PLANNED = [{ containerID: 1_001, hostID: 0, size: 1 }];
const SEEN: SeenUsers = { uidMap: '1001 0 1\n', gidMap: '1001 0 1\n', ownMap: '0 1000 1\n' };

function held(check: typeof ROOT | typeof USER | typeof OTHER, seen = SEEN, groups = 2): boolean | undefined {
  const rootless = { ...ORDINARY_USER, groups };
  return rootlessChecks([check], rootless, PLANNED, seen)[0]?.held;
}

test('the ids of a sandbox are the planned ones: none more, none fewer, and none of somebody else', () => {
  const ids = [
    { containerID: 0, hostID: 500_000, size: 1 },
    { containerID: 1_001, hostID: 501_001, size: 1 },
  ];
  const plan = { uidMappings: ids, gidMappings: ids };
  const map = (rows: typeof ids) =>
    rows.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join('');
  const seen = { ...SEEN, uidMap: map(ids), gidMap: map(ids) };
  expect(usersCheck(plan, seen).held).toBe(true);
  const [first, ...rest] = ids;
  if (first === undefined) throw new Error('no ids are planned');
  for (const wrong of [rest, [...ids, first], [{ ...first, hostID: 1_000 }, ...rest], []])
    for (const which of ['uidMap', 'gidMap'] as const)
      expect(usersCheck(plan, { ...seen, [which]: map(wrong) }).held).toBe(false);
});

describe('what an ordinary user\u2019s sandbox maps', () => {
  test('is held from outside: only what was planned, and not root of the machine', () => {
    expect(held(ROOT)).toBe(true);
    expect(held(ROOT, { ...SEEN, uidMap: '1001 0 1\n0 5 1\n' })).toBe(false);
    expect(held(ROOT, { ...SEEN, gidMap: '1001 0 2\n' })).toBe(false);
    expect(held(ROOT, { ...SEEN, uidMap: '' })).toBe(false);
    expect(held(ROOT, { ...SEEN, ownMap: '0 0 4294967295\n' })).toBe(false);
    expect(held(ROOT, { ...SEEN, ownMap: '' })).toBe(false);
  });

  test('may keep groups that the user cannot drop, and no more than those', () => {
    expect(held(USER)).toBe(true);
    expect(held(USER, SEEN, 1)).toBe(false);
    const rootless = { ...ORDINARY_USER, groups: 2 };
    const [asRoot] = rootlessChecks(
      [{ ...USER, seen: 'uid 0 gid 1001, 0 other groups' }],
      rootless,
      PLANNED,
      SEEN,
    );
    expect(asRoot?.held).toBe(false);
    const [ranged] = rootlessChecks([USER], { ...rootless, ids: 'range' }, PLANNED, SEEN);
    expect(ranged?.held).toBe(false);
  });

  test('changes no other check', () => {
    expect(held(OTHER)).toBe(false);
  });
});

describe('a limit of each process', () => {
  const LIMITS =
    'Limit                     Soft Limit           Hard Limit           Units     \nMax data size             200000000            200000000            bytes     \nMax processes             120                  120                  processes \n';
  const planned = [
    { limit: 'pids', by: 'RLIMIT_NPROC', value: 120 },
    { limit: 'memoryBytes', by: 'RLIMIT_DATA', value: 200_000_000 },
  ] as const;

  test('is read back, both what holds and what it could be raised to', () => {
    expect(weakerLimitsCheck(planned, LIMITS)).toMatchObject([
      { held: true, seen: 'RLIMIT_NPROC 120, RLIMIT_DATA 200000000' },
    ]);
    expect(weakerLimitsCheck(planned, LIMITS.replace('120   ', '121   '))[0]?.held).toBe(false);
    expect(weakerLimitsCheck(planned, LIMITS.replace(/120(\s+)proc/, 'unlimited$1proc'))[0]?.held).toBe(
      false,
    );
    expect(weakerLimitsCheck(planned, '')[0]?.held).toBe(false);
  });

  test('is not asked for where none was planned', () => {
    expect(weakerLimitsCheck([], LIMITS)).toEqual([]);
  });
});
