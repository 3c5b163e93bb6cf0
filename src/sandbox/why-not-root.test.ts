import { describe, expect, test } from 'vitest';
import { rootlessRefusal } from './why-not-root.ts';

const OPEN = { most: '15000', debian: '1', apparmor: '0' };
const tried = { failed: 'user-namespace', why: 'Operation not permitted', settings: OPEN };

describe('a machine on which an ordinary user can make no namespaces', () => {
  test.each([
    ['user.max_user_namespaces', { most: '0' }, 'sudo sysctl -w user.max_user_namespaces=15000'],
    [
      'kernel.unprivileged_userns_clone',
      { debian: '0' },
      'sudo sysctl -w kernel.unprivileged_userns_clone=1',
    ],
    [
      'kernel.apparmor_restrict_unprivileged_userns',
      { apparmor: '1' },
      'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
    ],
  ])('is told that it is %s, and the command that mends it', (name, settings, fix) => {
    const refusal = rootlessRefusal({ ...tried, settings: { ...OPEN, ...settings } });
    expect(refusal).toMatchObject({ kind: 'machine', rule: 'rootless/namespace' });
    expect(refusal.why).toContain(name);
    expect(refusal.fix).toContain(fix);
    expect(refusal.fix).toContain('sudo');
  });

  test('is told of the AppArmor profile that it is in, when no setting explains it', () => {
    const refusal = rootlessRefusal({ ...tried, label: 'docker-default (enforce)' });
    expect(refusal.why).toContain('profile docker-default (enforce)');
    expect(refusal.fix).toContain('userns');
    expect(rootlessRefusal({ ...tried, label: 'unconfined' }).why).not.toContain('AppArmor');
    expect(
      rootlessRefusal({ ...tried, label: 'x (enforce)', settings: { ...OPEN, debian: '0' } }).why,
    ).toContain('unprivileged_userns_clone is 0');
  });

  test('is told the step and the error when no setting explains it, also without those settings', () => {
    for (const settings of [OPEN, { most: '15000', debian: '', apparmor: '' }]) {
      const refusal = rootlessRefusal({ ...tried, settings });
      expect(refusal.why).toContain('user-namespace failed with Operation not permitted');
    }
    expect(rootlessRefusal({ ...tried, failed: 'newgidmap' }).fix).toContain('/etc/subgid');
  });
});
