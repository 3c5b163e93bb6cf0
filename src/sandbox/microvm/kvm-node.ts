import { execFile } from 'node:child_process';
import { chmodSync, chownSync, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { KVM, KVM_PATH } from '../plan/kvm-device.ts';

const MADE_MS = 30_000;
/** makedev(3), for numbers below 256. */
const NUMBER = KVM.major * 256 + KVM.minor;

/** Why there is no KVM to try; undefined when there is. Looks at the device and never opens it: that can last for ever. */
export function kvmAbsent(path = KVM_PATH): string | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return `this machine has no ${path}`;
  return found.isCharacterDevice() && found.rdev === NUMBER
    ? undefined
    : `${path} is not the device of KVM (${KVM.major}:${KVM.minor})`;
}

/**
 * Makes a node of the device for one monitor: of that sandbox's user alone, so that the machine's own needs no other mode. It
 * lies on a file system of its own in `folder`, as most places of a machine let no device be opened; it is unmounted with the
 * sandbox's folder. Refused where the control side itself may make none (a container without the right, a control group).
 */
export async function layKvm(folder: string, user: number): Promise<Result<string, Refusal>> {
  mkdirSync(folder, { mode: 0o711 });
  const options = 'nosuid,noexec,mode=0711,size=4k,nr_inodes=4';
  const node = join(folder, 'kvm');
  const failed =
    (await made('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder])) ??
    (await made('mknod', ['-m', '0600', node, 'c', String(KVM.major), String(KVM.minor)]));
  if (failed !== undefined)
    return err(
      refusal(
        'machine',
        'microvm/no-kvm',
        `a node of KVM's device cannot be made here: ${failed}`,
        'run it where root may make device nodes (CAP_MKNOD, and the device rules of our own control group)',
      ),
    );
  chownSync(node, user, user);
  chmodSync(node, 0o600);
  return ok(node);
}

function made(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(
      program,
      args,
      { timeout: MADE_MS, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' }, cwd: '/' },
      (error, _, said) => resolve(error === null ? undefined : said.trim().slice(0, 300) || error.message),
    );
  });
}
