import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { Profile } from '../profiles/index.ts';
import { type AppArmorNames, appArmorProfiles } from './profile.ts';

const ENABLED = '/sys/module/apparmor/parameters/enabled';
const FOLDER = '/sys/kernel/security/apparmor';
const PARSERS = ['/usr/sbin/apparmor_parser', '/sbin/apparmor_parser', '/usr/bin/apparmor_parser'];
const LOAD_MS = 30_000;

/** Why this machine has no AppArmor that we could use; undefined when it has. */
export function appArmorAbsent(): string | undefined {
  if (!isEnabled()) return 'absent: this kernel has none, or it is turned off';
  if (!existsSync(`${FOLDER}/.load`)) return `absent: ${FOLDER} is not mounted here`;
  return undefined;
}

function isEnabled(): boolean {
  try {
    return readFileSync(ENABLED, 'utf8').trim() === 'Y';
  } catch {
    return false;
  }
}

/** Has the kernel take a sandbox's profiles, from `apparmor_parser`. Some 10 ms. */
export async function loadProfiles(
  names: AppArmorNames,
  writable: readonly string[],
  profile: Profile | undefined,
): Promise<Result<undefined, Refusal>> {
  const parser = PARSERS.find((path) => existsSync(path));
  if (parser === undefined)
    return err(notLoaded('this machine has AppArmor and no apparmor_parser', 'apt-get install apparmor'));
  const text = appArmorProfiles(names, writable, profile);
  if (text === undefined)
    return err(
      notLoaded(
        'a folder that the job may write has a name that no AppArmor profile can hold',
        'name another folder',
      ),
    );
  // Its caches are the machine's own, and these profiles are used once.
  const child = spawn(parser, ['--add', '--skip-cache', '--quiet'], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    cwd: '/',
    timeout: LOAD_MS,
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (said.length < 2_000) said += chunk.toString('utf8');
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(text);
  const status = await new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(null));
    child.on('close', resolve);
  });
  if (status === 0) return ok(undefined);
  const why = said.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
  return err(
    notLoaded(
      `AppArmor did not take the sandbox's profiles: ${why || `status ${status}`}`,
      'see what cofferdam doctor says of this machine',
    ),
  );
}

function notLoaded(why: string, fix: string): Refusal {
  return refusal('machine', 'sandbox/apparmor-not-loaded', why, fix);
}

/** Removes a sandbox's profiles when nothing runs in them any more; gives the names of those that stay. */
export function removeProfiles({ init, job }: AppArmorNames): readonly string[] {
  return [job, init].filter((name) => {
    try {
      writeFileSync(`${FOLDER}/.remove`, name);
      return false;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return code !== 'ENOENT' && appArmorAbsent() === undefined;
    }
  });
}

/** The profile of each thread of a process, as the kernel says it outside of the sandbox. */
export function threadLabels(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => labelOf(`/proc/${pid}/task/${thread}/attr`));
  } catch {
    return [];
  }
}

function labelOf(folder: string): string {
  for (const file of ['apparmor/current', 'current']) {
    try {
      return readFileSync(`${folder}/${file}`, 'utf8').trim();
    } catch {
      // Kernels before 5.8 have only the second one.
    }
  }
  return '';
}
