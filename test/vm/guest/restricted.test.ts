import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MACHINE, OrdinaryUser } from '../../e2e/ordinary-user.fixture.ts';

// Machines that keep user namespaces from ordinary users, as distributions do it. The machine is a virtual one, and each setting
// is set back.

const SETTINGS = '/proc/sys';
let user: OrdinaryUser;
beforeEach(() => {
  user = new OrdinaryUser();
});
afterEach(() => user.remove());

/** What an ordinary user is told by exec, and by doctor. */
async function told(): Promise<readonly string[]> {
  const ran = await user.cofferdam('one', 'exec', '--apply', 'never', '--', 'true');
  expect(ran.stdout, ran.stderr).toBe('');
  expect(ran.status, ran.stderr).toBe(125);
  const doctor = await user.cofferdam('one', 'doctor');
  expect(doctor.status, doctor.stdout + doctor.stderr).not.toBe(0);
  return [ran.stderr, doctor.stdout];
}

async function withSetting(name: string, value: string): Promise<readonly string[]> {
  const path = join(SETTINGS, name.replaceAll('.', '/'));
  const before = readFileSync(path, 'utf8');
  writeFileSync(path, value);
  try {
    return await told();
  } finally {
    writeFileSync(path, before);
  }
}

describe('an ordinary user is told why there is no sandbox, and the command that mends it,', () => {
  test('where Debian\u2019s setting keeps user namespaces from users', async () => {
    for (const said of await withSetting('kernel.unprivileged_userns_clone', '0')) {
      expect(said).toContain('kernel.unprivileged_userns_clone is 0');
      expect(said).toContain('sudo sysctl -w kernel.unprivileged_userns_clone=1');
    }
  });

  test('where there may be no user namespaces at all', async () => {
    for (const said of await withSetting('user.max_user_namespaces', '0')) {
      expect(said).toContain('user.max_user_namespaces is 0');
      expect(said).toContain('sudo sysctl -w user.max_user_namespaces=');
    }
  });

  // Ubuntu's kernel puts who makes a namespace into a profile without capabilities. This kernel has the profiles, not the setting.
  test('where AppArmor lets a user\u2019s namespace have no capability', async () => {
    expect(existsSync(join(SETTINGS, 'kernel/apparmor_restrict_unprivileged_userns'))).toBe(false);
    const helper = join(user.directory, `package/native/bin/${MACHINE}/rootless`);
    const profile = `profile no-namespaces ${helper} {\n  file,\n  network,\n  signal,\n  ptrace,\n  /** ix,\n}\n`;
    const parser = (how: string): void => {
      execFileSync('apparmor_parser', [how, '--skip-cache', '--quiet'], { input: profile });
    };
    parser('--add');
    try {
      for (const said of await told()) {
        expect(said).toContain('no-namespaces (enforce)');
        expect(said).toContain('have that profile allow userns');
      }
    } finally {
      parser('--remove');
    }
  });
});
