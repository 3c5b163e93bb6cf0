import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hostIds, mayHave } from './host-ids.ts';
import { ORDINARY_USER } from './plan-sandbox.fixture.ts';

const slot = fc.integer({ min: 0, max: 8_191 });
const workspace = fc.constantFrom(
  { path: '/w' },
  { path: '/w', source: '/home/user/project' },
  { path: '/w', source: '/state/checkout', owned: true },
);
const RANGE = { rootless: { ...ORDINARY_USER, ids: 'range' as const } };
const ONE = { rootless: ORDINARY_USER };

describe('the ids behind a sandbox', () => {
  test('are ones that nobody has, two for each slot, when root gives them', () => {
    fc.assert(
      fc.property(slot, slot, workspace, (one, other, shown) => {
        const ids = hostIds({}, one, shown);
        expect(mayHave({}, ids)).toBe(true);
        if (one === other) return;
        const others = hostIds({}, other, shown);
        expect(new Set([ids.root, ids.user, others.root, others.user]).size).toBe(4);
      }),
    );
  });

  test('are of the user’s range, and the job’s own unless it works on the user’s own files', () => {
    fc.assert(
      fc.property(slot, slot, workspace, (one, other, shown) => {
        const ids = hostIds(RANGE, one, shown);
        expect(mayHave(RANGE, ids)).toBe(true);
        expect(ids.root).toBeGreaterThan(0);
        expect(Math.max(ids.user, ids.root ?? 0)).toBeLessThan(65_534);
        const users = shown.source !== undefined && !('owned' in shown);
        expect(ids.user === 0).toBe(users);
        if (one !== other && !users) expect(hostIds(RANGE, other, shown).user).not.toBe(ids.user);
      }),
    );
  });

  test('are the user’s one id, and no root at all, where there is no range', () => {
    fc.assert(
      fc.property(slot, workspace, (one, shown) => {
        expect(hostIds(ONE, one, shown)).toEqual({ user: 0 });
        expect(mayHave(ONE, hostIds(ONE, one, shown))).toBe(true);
      }),
    );
  });

  test('are never root of the machine, nor somebody, nor one id for both', () => {
    expect(mayHave({}, { root: 0, user: 70_000 })).toBe(false);
    expect(mayHave({}, { root: 70_000, user: 0 })).toBe(false);
    expect(mayHave({}, { root: 70_000, user: 1_000 })).toBe(false);
    expect(mayHave({}, { user: 70_000 })).toBe(false);
    expect(mayHave({}, { root: 70_000, user: 70_000 })).toBe(false);
    expect(mayHave(RANGE, { root: 0, user: 1 })).toBe(false);
    expect(mayHave(RANGE, { root: 5, user: 5 })).toBe(false);
  });
});
