import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Configuration, LoadedConfiguration, Origin, ZoneSettings } from '../config/index.ts';
import { ZONES } from '../config/index.ts';
import { settleControls } from './settle-controls.ts';

const MACHINE = { memoryBytes: 16e9, cpus: 4 };

function file(origin: Origin, zones: Configuration['zones']): LoadedConfiguration {
  return { origin, path: 'cofferdam.yaml', digest: 'sha256:0', configuration: { version: 1, zones } };
}

const settings: fc.Arbitrary<ZoneSettings> = fc.record(
  {
    egress: fc.record({
      allow: fc.uniqueArray(
        fc.constantFrom('@npm', 'a.test', 'b.a.test', '*.a.test', 'evil.test', 'b.a.test:99'),
      ),
      allowRanges: fc.uniqueArray(fc.constantFrom('10.0.0.0/8', '127.0.0.0/8')),
    }),
    secrets: fc.record({ allow: fc.uniqueArray(fc.constantFrom('TOKEN', 'KEY')) }),
    permissions: fc.dictionary(fc.constantFrom('contents', 'packages'), fc.constantFrom('read', 'write')),
    publication: fc.record({ artifacts: fc.boolean(), packages: fc.boolean(), deploy: fc.boolean() }),
    caches: fc.record({ read: fc.uniqueArray(fc.constantFrom(...ZONES)), write: fc.boolean() }),
    limits: fc.record({
      memory: fc.integer({ min: 1, max: 2e10 }),
      pids: fc.integer({ min: 16, max: 9_999 }),
    }),
    acceptUnenforced: fc.uniqueArray(fc.constantFrom('memory', 'pids')),
    isolation: fc.record({
      floor: fc.constantFrom('hardened-container', 'sandboxed-kernel', 'microvm'),
      secondWalls: fc.subarray(['landlock', 'apparmor', 'selinux'] as const),
    }),
    approvals: fc.record({ required: fc.integer({ min: 0, max: 3 }) }),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<ZoneSettings>;

describe('what a zone grants', () => {
  test('is the default without any file, and what the operator says where there is one', () => {
    const plain = settleControls('untrusted', MACHINE, []);
    expect(plain.controls.egress.allow).toContain('@npm');
    const set = settleControls('internal', MACHINE, [
      file('operator', { internal: { egress: { allow: ['a.test'] }, secrets: { allow: ['TOKEN'] } } }),
    ]);
    expect(set.controls.egress.allow).toEqual(['a.test']);
    expect(set.controls.secrets.allow).toEqual(['TOKEN']);
    expect(set.controls.limits).toEqual(settleControls('internal', MACHINE, []).controls.limits);
  });

  test('is never widened by the head, which is told what it did not get', () => {
    const head = file('head', {
      untrusted: { egress: { allow: ['@npm', 'evil.test'] }, limits: { memory: 1e12, pids: 64 } },
    });
    const { controls, refusedWidening } = settleControls('untrusted', MACHINE, [head]);
    expect(controls.egress.allow).toEqual(['@npm']);
    expect(controls.limits.pids).toBe(64);
    expect(refusedWidening).toEqual([
      'cofferdam.yaml of the head: zones.untrusted.limits.memory 1000000000000',
      'cofferdam.yaml of the head: zones.untrusted.egress.allow evil.test',
    ]);
  });

  test('may be set by the protected branch where the operator is silent, except what concerns the machine', () => {
    const branch = file('protected-branch', {
      internal: {
        egress: { allow: ['api.test'], allowRanges: ['10.0.0.0/8'] },
        secrets: { allow: ['TOKEN'] },
        limits: { memory: 1e12 },
        acceptUnenforced: ['memory'],
      },
    });
    const { controls } = settleControls('internal', MACHINE, [branch]);
    expect(controls.egress).toEqual({ allow: ['api.test'], allowRanges: [] });
    expect(controls.secrets.allow).toEqual(['TOKEN']);
    expect(controls.limits.memoryBytes).toBeLessThan(1e12);
    expect(controls.unenforcedLimitsAccepted).toEqual([]);
    const bound = settleControls('internal', MACHINE, [
      branch,
      file('operator', { internal: { egress: { allow: ['a.test'] }, secrets: { allow: [] } } }),
    ]);
    expect(bound.controls.egress.allow).toEqual([]);
    expect(bound.controls.secrets.allow).toEqual([]);
  });

  test('under any head is at most what it is without it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), settings, settings, settings, (zone, operator, branch, head) => {
        const files = [file('operator', { [zone]: operator }), file('protected-branch', { [zone]: branch })];
        const without = settleControls(zone, MACHINE, files).controls;
        const narrowed = settleControls(zone, MACHINE, [...files, file('head', { [zone]: head })]).controls;
        for (const entry of narrowed.egress.allow) {
          expect(
            without.egress.allow.includes(entry) ||
              (entry === 'b.a.test' && without.egress.allow.includes('*.a.test')),
          ).toBe(true);
        }
        expect(without.egress.allowRanges).toEqual(expect.arrayContaining([...narrowed.egress.allowRanges]));
        expect(without.secrets.allow).toEqual(expect.arrayContaining([...narrowed.secrets.allow]));
        expect(without.caches.read).toEqual(expect.arrayContaining([...narrowed.caches.read]));
        for (const [scope, level] of Object.entries(narrowed.tokenPermissions)) {
          expect([level, 'write']).toContain(without.tokenPermissions[scope]);
        }
        for (const [name, value] of Object.entries(narrowed.limits)) {
          expect(value).toBeLessThanOrEqual(without.limits[name as 'pids']);
        }
        expect(narrowed.secondWalls).toEqual(expect.arrayContaining([...without.secondWalls]));
        expect(narrowed.approvals.required).toBeGreaterThanOrEqual(without.approvals.required);
        expect(narrowed.unenforcedLimitsAccepted).toEqual(without.unenforcedLimitsAccepted);
      }),
    );
  });

  test('holds no secret, no writing token and no publication in zone untrusted, whatever any file says', () => {
    fc.assert(
      fc.property(settings, settings, (operator, branch) => {
        const { controls } = settleControls('untrusted', MACHINE, [
          file('operator', { untrusted: operator }),
          file('protected-branch', { untrusted: branch }),
        ]);
        expect(controls.secrets.allow).toEqual([]);
        expect(Object.values(controls.tokenPermissions)).not.toContain('write');
        expect(controls.publication).toMatchObject({ packages: false, deploy: false });
      }),
    );
  });
});
