import { describe, expect, test } from 'vitest';
import type { RuntimeConfig } from '../oci/runtime-spec.ts';
import { HOST, JOB, PLACES } from '../plan/plan-sandbox.fixture.ts';
import { planSandbox } from '../plan/plan-sandbox.ts';
import { mountsUnlike, readMount, type SeenMount } from './mount-table.ts';

const plan = planSandbox(JOB, HOST, PLACES);
const config: RuntimeConfig = plan.ok ? plan.value.config : (undefined as never);
const asIs = (path: string): string => path;
const seenOf = (mount: RuntimeConfig['mounts'][number]): SeenMount => ({
  path: mount.destination,
  options: mount.options,
  type: mount.type === 'bind' ? 'ext4' : mount.type,
  superOptions: mount.options,
  propagation: 'private',
});
const root: SeenMount = {
  path: '/',
  options: ['ro'],
  type: 'ext4',
  superOptions: ['rw'],
  propagation: 'private',
};
const planned: readonly SeenMount[] = [root, ...config.mounts.map(seenOf)];

describe('the mounts as seen inside', () => {
  test('are the planned ones, with the devices and the hidden files that a runtime puts over them', () => {
    expect(mountsUnlike(config, planned, asIs)).toBeUndefined();
    const more = ['/dev/null', '/proc/kcore', '/proc/sys'].map((path) => ({
      ...root,
      path,
      options: ['rw'],
    }));
    expect(mountsUnlike(config, [...planned, ...more], asIs)).toBeUndefined();
  });

  test('may not be without one, hold one more, be laid over by one, or pass any on', () => {
    const extra = { ...root, path: '/srv' };
    const cases: readonly (readonly SeenMount[])[] = [
      [],
      planned.slice(1),
      planned.slice(0, -1),
      [...planned, extra],
      [...planned, { ...extra, path: '/tmp', options: ['rw'] }],
      [...planned, { ...extra, path: '/dev/null', propagation: 'shared' }],
      [...planned, { ...extra, path: '/dev/sda' }],
      planned.map((mount) => (mount.path === '/usr' ? { ...mount, propagation: 'slave' } : mount)),
    ];
    for (const seen of cases) expect(mountsUnlike(config, seen, asIs)).toBeTypeOf('string');
  });

  test('may lack no option and no bound of any planned mount', () => {
    for (const mount of config.mounts) {
      for (const option of mount.options) {
        const wall = /^(ro|nosuid|nodev|noexec)$/.test(option) || /^(size|nr_inodes)=/.test(option);
        if (!wall) continue;
        const less = seenOf({ ...mount, options: mount.options.filter((one) => one !== option) });
        const seen = planned.map((one) => (one.path === mount.destination ? less : one));
        expect(mountsUnlike(config, seen, asIs), `${mount.destination} ${option}`).toContain(
          mount.destination,
        );
      }
    }
  });

  test('are compared where they lie behind a link of the root', () => {
    const moved = planned.map((one) => (one.path === '/mnt/out' ? { ...one, path: '/srv/out' } : one));
    expect(mountsUnlike(config, moved, asIs)).toBeTypeOf('string');
    expect(mountsUnlike(config, moved, (path) => (path === '/mnt/out' ? '/srv/out' : path))).toBeUndefined();
  });

  test('are read with their escapes and sizes, and not at all when a line is no mount', () => {
    expect(readMount('mount\t/a\\040b\\011c\trw,nosuid\ttmpfs\trw,size=64k\tslave')).toEqual({
      path: '/a b\tc',
      options: ['rw', 'nosuid'],
      type: 'tmpfs',
      superOptions: ['rw', 'size=64k'],
      propagation: 'slave',
    });
    for (const line of [
      '',
      'mount\t/a\trw',
      'mount\t/a\trw\ttmpfs\trw\tother',
      'no-capabilities\tstate\t1\t',
    ])
      expect(readMount(line)).toBeUndefined();
  });
});
