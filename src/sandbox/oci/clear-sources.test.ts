import { describe, expect, test } from 'vitest';
import { HOST, JOB, PLACES } from '../plan/plan-sandbox.fixture.ts';
import { planSandbox } from '../plan/plan-sandbox.ts';
import { mountPoints, withoutSubmounts } from './clear-sources.ts';

const PLAN = planSandbox(JOB, HOST, PLACES);

function cleared(points: readonly string[]) {
  if (!PLAN.ok) throw new Error(PLAN.error.why);
  return withoutSubmounts(PLAN.value.config, points, '/x');
}

describe('what is mounted below a folder that is shown', () => {
  test('changes nothing where there is nothing', () => {
    const { config, clones } = cleared(['/', '/usr', '/proc', '/usrlocal', '/home/user']);
    expect(clones).toEqual([]);
    expect(PLAN.ok && config).toBe(PLAN.ok && PLAN.value.config);
  });

  test('is shown with it where it is the system\u2019s, each from a clone that has nothing below, read-only all the same', () => {
    const { config, clones } = cleared(['/', '/usr/local', '/usr/local/share/x', '/usr/sbin/runc']);
    expect(clones.map(({ source }) => source)).toEqual([
      '/usr',
      '/usr/local',
      '/usr/local/share/x',
      '/usr/sbin/runc',
    ]);
    const shown = config.mounts.filter(
      ({ destination }) => destination === '/usr' || destination.startsWith('/usr/'),
    );
    expect(shown.map(({ destination }) => destination)).toEqual([
      '/usr',
      '/usr/local',
      '/usr/local/share/x',
      '/usr/sbin/runc',
    ]);
    for (const { options, source } of shown) {
      expect(options).toEqual(['bind', 'ro', 'nosuid', 'nodev']);
      expect(source).toMatch(/^\/x\/\d$/);
    }
  });

  test('is left out where it is not', () => {
    const { config, clones } = cleared(['/srv/tools/disk', '/home/user/out/disk']);
    expect(clones.map(({ source }) => source)).toEqual(['/srv/tools', '/home/user/out']);
    expect(PLAN.ok && config.mounts.length).toBe(PLAN.ok && PLAN.value.config.mounts.length);
  });

  test('is read from the kernel\u2019s list, whatever its name is', () => {
    expect(
      mountPoints('21 1 8:1 / / rw - ext4 x rw\n22 21 0:5 / /usr/a\\040b\\134c rw - tmpfs x rw\n'),
    ).toEqual(['/', '/usr/a b\\c']);
  });
});
