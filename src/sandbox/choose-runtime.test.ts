import { describe, expect, test } from 'vitest';
import { ISOLATION_TIERS, RUNTIMES, TIER_OF } from '../config/index.ts';
import { chooseRuntime } from './choose-runtime.ts';

/** A machine that has these. */
function machine(...names: readonly string[]) {
  return (name: string): string | undefined => (names.includes(name) ? `/usr/bin/${name}` : undefined);
}

describe('the runtime of a job', () => {
  test('is the first of the floor’s tier that the machine has', () => {
    expect(chooseRuntime({ floor: 'hardened-container' }, machine('runc', 'crun', 'runsc'))).toEqual({
      ok: true,
      value: { name: 'runc', program: '/usr/bin/runc' },
    });
    expect(chooseRuntime({ floor: 'hardened-container' }, machine('crun'))).toMatchObject({
      value: { name: 'crun' },
    });
    expect(chooseRuntime({ floor: 'sandboxed-kernel' }, machine('runc', 'runsc'))).toMatchObject({
      value: { name: 'runsc' },
    });
    expect(chooseRuntime({ floor: 'microvm' }, machine('runc', 'runsc', 'qemu-system-x86_64'))).toMatchObject(
      {
        value: { name: 'qemu', program: '/usr/bin/qemu-system-x86_64' },
      },
    );
  });

  test('is never one of another tier in place of one that is missing', () => {
    for (const floor of ISOLATION_TIERS) {
      const others = RUNTIMES.filter((name) => TIER_OF[name] !== floor).map((name) =>
        name === 'qemu' ? 'qemu-system-x86_64' : name,
      );
      expect(chooseRuntime({ floor }, machine(...others))).toMatchObject({
        ok: false,
        error: { kind: 'machine', rule: 'isolation/tier-absent' },
      });
    }
  });

  test('is the one that was asked for, or none', () => {
    expect(
      chooseRuntime({ floor: 'hardened-container', runtime: 'crun' }, machine('runc', 'crun')),
    ).toMatchObject({
      value: { name: 'crun' },
    });
    expect(
      chooseRuntime({ floor: 'hardened-container', runtime: 'runsc' }, machine('runc', 'crun')),
    ).toMatchObject({ ok: false, error: { rule: 'sandbox/no-runtime' } });
  });

  test('is not one below the zone’s floor, even when that was asked for', () => {
    expect(
      chooseRuntime({ floor: 'sandboxed-kernel', runtime: 'runc' }, machine('runc', 'runsc')),
    ).toMatchObject({ ok: false, error: { kind: 'policy', rule: 'isolation/floor' } });
  });

  test('is for a user with a single id one that needs no root inside, or none', () => {
    const one = (name?: 'runc' | 'crun', ...has: readonly string[]) =>
      chooseRuntime(
        { floor: 'hardened-container', ...(name !== undefined && { runtime: name }) },
        machine(...has),
        'one',
      );
    expect(one(undefined, 'runc', 'crun')).toMatchObject({ value: { name: 'crun' } });
    expect(one('crun', 'runc', 'crun')).toMatchObject({ value: { name: 'crun' } });
    for (const refused of [one(undefined, 'runc'), one('runc', 'runc', 'crun')]) {
      expect(refused).toMatchObject({ ok: false, error: { kind: 'machine', rule: 'sandbox/one-id' } });
      if (!refused.ok) expect(refused.error.fix).toContain('uidmap');
    }
    expect(one(undefined)).toMatchObject({ ok: false, error: { rule: 'isolation/tier-absent' } });
    const ranged = chooseRuntime({ floor: 'hardened-container' }, machine('runc', 'crun'), 'range');
    expect(ranged).toMatchObject({ value: { name: 'runc' } });
  });
});
