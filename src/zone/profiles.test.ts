import { describe, expect, test } from 'vitest';
import type { Configuration, LoadedConfiguration, Origin, ZoneId } from '../config/index.ts';
import { withProfile } from './profiles.ts';
import { settleControls, type SettledControls } from './settle-controls.ts';

type Isolation = NonNullable<NonNullable<NonNullable<Configuration['zones']>['untrusted']>['isolation']>;

function settled(files: Partial<Record<Origin, Isolation>>, zone: ZoneId = 'untrusted'): SettledControls {
  const loaded = Object.entries(files).map(
    ([origin, isolation]): LoadedConfiguration => ({
      origin: origin as Origin,
      path: 'cofferdam.yaml',
      digest: 'sha256:0',
      configuration: { version: 1, zones: { [zone]: { isolation } } },
    }),
  );
  return settleControls(zone, { memoryBytes: 16e9, cpus: 4 }, loaded);
}
function given(found: SettledControls, job?: string, asked?: 'debugger' | 'browser' | 'nested-build') {
  const result = withProfile(found.controls, job, asked);
  return result.ok ? (result.value.isolation.profile ?? 'none') : result.error.rule;
}

describe('a profile', () => {
  test('is had by nobody who did not ask', () => {
    expect(given(settled({}), 'build')).toBe('none');
    expect(given(settled({ operator: { profiles: ['nested-build'] } }), 'build')).toBe('none');
  });

  test('that opens user namespaces is not to be typed in zone untrusted: the operator\u2019s file must name it', () => {
    expect(given(settled({}), undefined, 'debugger')).toBe('debugger');
    for (const profile of ['browser', 'nested-build'] as const) {
      expect(given(settled({}), undefined, profile)).toBe('profile/not-named');
      expect(given(settled({}, 'internal'), undefined, profile)).toBe(profile);
      expect(given(settled({ operator: { profiles: [profile] } }), undefined, profile)).toBe(profile);
    }
  });

  test('is not to be typed where the operator\u2019s file names others, or none', () => {
    expect(given(settled({ operator: { profiles: ['browser'] } }), undefined, 'debugger')).toBe(
      'profile/not-named',
    );
    expect(given(settled({ operator: { profiles: [] } }, 'release'), undefined, 'debugger')).toBe(
      'profile/not-named',
    );
  });

  test.each(['head', 'protected-branch'] as const)(
    'asked for by the %s is had only where the operator names it',
    (origin) => {
      const alone = settled({
        [origin]: { profiles: ['nested-build'], profile: 'nested-build', jobs: { build: 'browser' } },
      });
      expect(given(alone, 'build')).toBe('none');
      expect(alone.refusedWidening.map((one) => one.split(': ')[1])).toEqual([
        'zones.untrusted.isolation.profiles nested-build',
        'zones.untrusted.isolation.jobs.build browser',
        'zones.untrusted.isolation.profile nested-build',
      ]);
      const named = settled({
        operator: { profiles: ['browser'] },
        [origin]: { profile: 'nested-build', jobs: { build: 'browser' } },
      });
      expect(given(named, 'build')).toBe('browser');
      expect(given(named, 'test')).toBe('none');
    },
  );

  test('and a runtime of the operator\u2019s stand where a protected branch has a policy too', () => {
    const found = settled({ operator: { runtime: 'crun', profile: 'debugger' }, 'protected-branch': {} });
    expect(found.controls.isolation).toMatchObject({ runtime: 'crun', profile: 'debugger' });
  });

  test.each(['head', 'protected-branch'] as const)(
    'and how the operator has microVMs run is not for a policy of the %s to say',
    (origin) => {
      const found = settled({
        operator: { microvm: { acceleration: 'tcg' } },
        [origin]: { microvm: { acceleration: 'kvm' } },
      });
      expect(found.controls.isolation.acceleration).toBe('tcg');
      expect(found.refusedWidening.join()).toContain('isolation.microvm.acceleration kvm');
    },
  );

  test('is the job\u2019s before the zone\u2019s, and the command line\u2019s before both', () => {
    const found = settled({
      operator: { profiles: ['nested-build'], profile: 'debugger', jobs: { build: 'browser' } },
    });
    expect(given(found, 'test')).toBe('debugger');
    expect(given(found, 'build')).toBe('browser');
    expect(given(found, 'build', 'nested-build')).toBe('nested-build');
    expect(given(found, 'constructor')).toBe('debugger');
  });

  test('that a repository\u2019s file takes from the list is had no more', () => {
    const found = settled({
      operator: { profiles: ['browser'], jobs: { build: 'browser' } },
      head: { profiles: [] },
    });
    expect(given(found, 'build')).toBe('profile/not-named');
    expect(given(found, undefined, 'browser')).toBe('profile/not-named');
  });
});
