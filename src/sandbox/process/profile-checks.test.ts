import { describe, expect, test } from 'vitest';
import type { ProbeCheck } from '../contract.ts';
import { profileOf } from '../profiles/index.ts';
import { checksOf, NESTED_CHECKS, notServed, profileChecks, usableLandlock } from './profile-checks.ts';
import { CONFINEMENT_CHECKS, neededChecks, unheld } from './receipt.ts';

const nested = profileOf('nested-build');
const WALL: readonly ProbeCheck[] = [...neededChecks(false), ...CONFINEMENT_CHECKS, ...NESTED_CHECKS].map(
  (id) => ({
    id,
    kind: 'attack',
    held: true,
    seen: 'EPERM',
  }),
);
/** What it may make of its own; all other kinds must be refused. */
const ITS_OWN = ['mounts', 'name', 'objects', 'processes'].map((kind) => `nested-new-${kind}`);
const CAPABILITIES = '5 sets read, 5 not empty, each e0';

/** What a probe tells in profile nested-build, changed by name. */
function probed(changes: Readonly<Record<string, Partial<ProbeCheck>>> = {}): readonly ProbeCheck[] {
  return WALL.map((check) => {
    const open =
      nested?.lifted.includes(check.id) === true || ITS_OWN.includes(check.id)
        ? { held: false, seen: 'success' }
        : {};
    const seen = check.id === 'no-capabilities' ? { seen: CAPABILITIES } : {};
    return { ...check, ...open, ...seen, ...changes[check.id] };
  });
}
const refused = (checks: readonly ProbeCheck[]) =>
  unheld(profileChecks(checks, nested), false, checksOf(nested))?.why;

describe('the proof of a sandbox with a profile', () => {
  test('holds when what it lifts is open and everything else is not', () => {
    expect(refused(probed())).toBeUndefined();
    expect(notServed(profileChecks(probed(), nested), nested)).toBeUndefined();
  });

  test('without the profile is refused for each thing that the profile lifts', () => {
    const why = unheld(probed(), false)?.why ?? '';
    for (const id of nested?.lifted ?? []) expect(why).toContain(id);
  });

  test.each(NESTED_CHECKS)('is refused when %s does not hold, or was not tried', (id) => {
    const wrong = ITS_OWN.includes(id) ? { held: true, seen: 'EPERM' } : { held: false, seen: 'success' };
    expect(refused(probed({ [id]: wrong }))).toContain(id);
    expect(refused(probed().filter((check) => check.id !== id))).toContain(id);
  });

  test('is refused for a capability more or less, or for one in some sets only', () => {
    for (const seen of [
      '5 sets read, 5 not empty, each 1e0',
      '5 sets read, 5 not empty, each c0',
      '5 sets read, 4 not empty, the first e0',
      '5 sets read, 0 not empty, each 0',
    ])
      expect(refused(probed({ 'no-capabilities': { seen } }))).toContain('no-capabilities');
  });

  test('is refused, with what the owner can do, when the machine keeps closed what it is for', () => {
    const closed = probed({ 'user-namespace': { held: true, seen: 'EPERM' } });
    expect(notServed(profileChecks(closed, nested), nested)).toMatchObject({
      rule: 'profile/not-served',
      kind: 'machine',
      fix: expect.stringContaining('kernel.unprivileged_userns_clone'),
    });
    const debugger_ = profileOf('debugger');
    const untraced = profileChecks([{ id: 'trace', kind: 'attack', held: true, seen: 'EPERM' }], debugger_);
    expect(notServed(untraced, debugger_)).toMatchObject({
      rule: 'profile/not-served',
      fix: expect.stringContaining('kernel.yama.ptrace_scope'),
    });
  });

  test('asks nothing of a Landlock without scopes where files are left to the mounts', () => {
    expect(usableLandlock(4, nested)).toBe(0);
    expect(usableLandlock(6, nested)).toBe(6);
    expect(usableLandlock(4, profileOf('debugger'))).toBe(4);
    expect(usableLandlock(undefined, nested)).toBeUndefined();
  });
});
