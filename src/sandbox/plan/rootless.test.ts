import { describe, expect, test } from 'vitest';
import { type OwnFiles, rootlessGroups, rootlessOf } from './rootless.ts';

const PLACE =
  '72 29 254:0 / / rw,relatime - ext4 /dev/vda rw\n107 72 0:49 / /mnt rw,nosuid,nodev,relatime - tmpfs cofferdam-rootless rw,size=262144k,mode=711,uid=1000,gid=1000\n';
const ONE: OwnFiles = {
  mountinfo: PLACE,
  uidMap: '         0       1000          1\n',
  cgroup: '0::/user.slice/user-1000.slice/user@1000.service/app.slice/cofferdam-7.scope/cofferdam-control\n',
  groups: [0, 65_534, 65_534],
  gid: 0,
  oomScoreAdj: '200\n',
  unified: true,
};
const RANGE = '0 1000 1\n1 100000 65535\n';
const SCOPE = '/user.slice/user-1000.slice/user@1000.service/app.slice/cofferdam-7.scope';

describe('what an ordinary user has', () => {
  test('is read from the kernel: ids, folder, groups that stay, the control group that was handed over', () => {
    expect(rootlessOf(ONE)).toEqual({
      ids: 'one',
      folder: '/mnt',
      groups: 2,
      unified: true,
      cgroup: SCOPE,
      oomScoreAdj: 200,
    });
    expect(rootlessOf({ ...ONE, uidMap: RANGE })).toMatchObject({ ids: 'range', groups: 0 });
  });

  test('is nothing for root of the machine, for root of another user namespace, and where host root is mapped', () => {
    const others = '72 29 254:0 / / rw,relatime - ext4 /dev/vda rw\n99 72 0:1 / /tmp rw - tmpfs tmpfs rw\n';
    expect(rootlessOf({ ...ONE, uidMap: '0 0 4294967295\n' })).toBeUndefined();
    expect(rootlessOf({ ...ONE, mountinfo: others })).toBeUndefined();
    expect(rootlessOf({ ...ONE, uidMap: '0 1000 1\n1 0 1\n' })).toBeUndefined();
    expect(rootlessOf({ ...ONE, uidMap: '' })).toBeUndefined();
  });

  test('is a control group only in the second hierarchy, and only where the helper has put us', () => {
    expect(rootlessOf({ ...ONE, unified: false })?.cgroup).toBeUndefined();
    expect(rootlessOf({ ...ONE, cgroup: '0::/user.slice/session-3.scope\n' })?.cgroup).toBeUndefined();
    expect(rootlessOf({ ...ONE, cgroup: '5:pids:/x/cofferdam-control\n' })?.cgroup).toBeUndefined();
  });
});

describe('the control groups of an ordinary user', () => {
  const has = rootlessOf(ONE);
  if (has === undefined) throw new Error('no facts');

  test('lie in what was handed over', () => {
    expect(rootlessGroups(has)).toMatchObject({ cgroup: 'v2', cgroupParent: `${SCOPE}/cofferdam` });
  });

  test('are none elsewhere, with the reason and what would mend it', () => {
    const { cgroup: _, ...without } = has;
    for (const unified of [true, false]) {
      const groups = rootlessGroups({ ...without, unified });
      expect(groups).toMatchObject({ cgroup: 'none', controllers: [] });
      expect(groups.controllersLacking?.memory).toContain(unified ? 'your systemd' : 'version 1');
      expect(groups.controllersFix).toContain(unified ? 'enable-linger' : 'sudo');
    }
  });
});
