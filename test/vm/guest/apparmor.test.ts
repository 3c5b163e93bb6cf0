import { chownSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appArmorNames } from '../../../src/sandbox/apparmor/index.ts';
import { JobSandbox } from '../../../src/sandbox/oci/job-sandbox.fixture.ts';
import { LANDLOCK } from '../../../src/sandbox/process/weakening.fixture.ts';
import { ACT, FIRST_HOST_ID, UsrWritten } from './usr-written.fixture.ts';

// Attacks on a sandbox whose runtime left /usr writable, and in which Landlock stands: what is between the job and the host's files
// then is AppArmor alone. Off: the same without the profiles.

const VICTIM = '/usr/share/cofferdam-victim';
const sandbox = new UsrWritten();

beforeEach(() => {
  writeFileSync(VICTIM, 'before', { mode: 0o644 });
  chownSync(VICTIM, FIRST_HOST_ID + 1001, FIRST_HOST_ID + 1001);
});
afterEach(async () => {
  await sandbox.end();
  rmSync(VICTIM);
});

describe('where a runtime left a folder of the host writable, AppArmor alone', () => {
  test('keeps a job from changing the mode of a file', async () => {
    expect(await sandbox.attack(ACT(`os.chmod('${VICTIM}', 0o666)`), false)).toBe('done');
    expect(statSync(VICTIM).mode & 0o777).toBe(0o666);
    expect(await sandbox.attack(ACT(`os.chmod('${VICTIM}', 0o600)`), true)).toBe('13');
    expect(statSync(VICTIM).mode & 0o777).toBe(0o666);
  });

  test('keeps a job from emptying a file, which Landlock does only from its third version', async () => {
    const script = ACT(`os.truncate('${VICTIM}', 0)`);
    expect(await sandbox.attack(script, false)).toBe(LANDLOCK < 3 ? 'done' : '13');
    expect(readFileSync(VICTIM, 'utf8')).toBe(LANDLOCK < 3 ? '' : 'before');
    writeFileSync(VICTIM, 'before');
    expect(await sandbox.attack(script, true)).toBe('13');
    expect(readFileSync(VICTIM, 'utf8')).toBe('before');
  });

  test('keeps a job from signalling process 1, which Landlock does only from its sixth version', async () => {
    expect(await sandbox.attack(ACT('os.kill(1, 0)'), false)).toBe(LANDLOCK < 6 ? 'done' : '1');
    expect(await sandbox.attack(ACT('os.kill(1, 0)'), true)).toBe(LANDLOCK < 6 ? '13' : '1');
  });
});

describe('the profiles of a sandbox', () => {
  const loaded = (): string => readFileSync('/sys/kernel/security/apparmor/profiles', 'utf8');

  test('are in force for what a step starts, and gone with the sandbox', async () => {
    const before = loaded();
    const job = await JobSandbox.open();
    const { stdout } = await job.python(
      'import subprocess; print(subprocess.run(["cat", "/proc/self/attr/current"], capture_output=True).stdout.decode())',
    );
    const label = stdout.toString('utf8').trim();
    expect(label).toMatch(/^cofferdam-(j[\w-]+)-test\/\/&cofferdam-\1-test-job \(enforce\)$/);
    expect(job.sandbox.receipt.checks).toContainEqual({
      id: 'apparmor',
      kind: 'state',
      held: true,
      seen: 'enforced',
    });
    expect(loaded()).toContain(`${appArmorNames(label.slice(10).split('//')[0] ?? '').job} (enforce)`);
    await job.close();
    expect(loaded()).toBe(before);
  });
});
