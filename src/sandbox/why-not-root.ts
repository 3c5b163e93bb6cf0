import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type Refusal, refusal } from '../base/index.ts';
import { nativeProgram } from './native-program.ts';

/** What `native/rootless` could not do, in its own words, and the kernel's settings that can be the cause. */
export interface RootlessLack {
  readonly failed: string;
  readonly why: string;
  readonly settings: Readonly<Record<keyof typeof SETTINGS, string>>;
  /** AppArmor's label of this process; absent where the kernel gives none. */
  readonly label?: string;
}

/** sysctl names; a file that is not there is an empty text. */
const SETTINGS = {
  most: 'user.max_user_namespaces',
  debian: 'kernel.unprivileged_userns_clone',
  apparmor: 'kernel.apparmor_restrict_unprivileged_userns',
} as const;

/** Why this process is root of nothing, and what would mend it: found by trying, then by the settings that forbid it. */
export async function whyNotRoot(): Promise<Refusal> {
  const tried = await tryRootless();
  if (tried === undefined) {
    return refusal(
      'machine',
      'rootless/launcher',
      'it was not started by its launcher, which makes an ordinary user\u2019s namespaces',
      'start it by the program cofferdam',
    );
  }
  return rootlessRefusal(tried);
}

/** Pure: which of the known causes it is. */
export function rootlessRefusal({ failed, why, settings, label = '' }: RootlessLack): Refusal {
  const refuse = (cause: string, fix: string): Refusal =>
    refusal(
      'machine',
      'rootless/namespace',
      `an ordinary user can make no namespaces here: ${cause}`,
      `${fix}; or run the same command with sudo`,
    );
  const set = (name: keyof typeof SETTINGS, value: string): string =>
    `sudo sysctl -w ${SETTINGS[name]}=${value}`;
  if (settings.most === '0') return refuse(`${SETTINGS.most} is 0`, set('most', '15000'));
  if (settings.debian === '0') return refuse(`${SETTINGS.debian} is 0`, set('debian', '1'));
  if (settings.apparmor === '1') {
    return refuse(
      `${SETTINGS.apparmor} is 1, and no AppArmor profile allows it to ${nativeProgram('rootless')}`,
      `${set('apparmor', '0')}, or an AppArmor profile for that program with the rule userns`,
    );
  }
  if (failed === 'newgidmap')
    return refuse('newgidmap failed', 'see that your ranges in /etc/subgid are right');
  if (label !== '' && label !== 'unconfined')
    return refuse(
      `${failed} failed with ${why}, in AppArmor\u2019s profile ${label}`,
      'have that profile allow userns, capability, mount, umount and pivot_root, or start Cofferdam outside of it',
    );
  return refuse(
    `${failed} failed with ${why}`,
    'allow them where this machine or its container is set up (a container needs its seccomp profile to let unshare and mount pass, and no chroot)',
  );
}

async function tryRootless(): Promise<RootlessLack | undefined> {
  const said = await new Promise<string>((resolve) => {
    execFile(
      nativeProgram('rootless'),
      ['probe'],
      { timeout: 20_000, maxBuffer: 4_096, cwd: '/' },
      (error, out) =>
        resolve(error === null ? '' : out === '' ? JSON.stringify({ why: error.message }) : out),
    );
  });
  if (said === '') return undefined;
  const told = parse(said);
  const label = labelHere();
  return {
    ...(label !== undefined && { label }),
    failed: told.failed ?? 'the helper',
    why: (told.why ?? 'nothing').slice(0, 300),
    settings: { most: setting('most'), debian: setting('debian'), apparmor: setting('apparmor') },
  };
}

/** Bounded and of plain characters: a profile has the name that its writer chose. */
function labelHere(): string | undefined {
  for (const file of ['/proc/self/attr/apparmor/current', '/proc/self/attr/current']) {
    try {
      const label = readFileSync(file, 'utf8')
        .replace(/[^ -~]/g, '')
        .trim()
        .slice(0, 200);
      // SELinux answers in the second file, too: its contexts are no profiles of AppArmor's.
      return file.includes('apparmor') || !label.includes(':') ? label : undefined;
    } catch {
      // Kernels before 5.8 have only the second one; without such a module neither can be read.
    }
  }
  return undefined;
}

function parse(said: string): { readonly failed?: string; readonly why?: string } {
  try {
    return JSON.parse(said) as { readonly failed?: string; readonly why?: string };
  } catch {
    return { why: said };
  }
}

function setting(name: keyof typeof SETTINGS): string {
  try {
    return readFileSync(`/proc/sys/${SETTINGS[name].replaceAll('.', '/')}`, 'utf8').trim();
  } catch {
    return '';
  }
}
