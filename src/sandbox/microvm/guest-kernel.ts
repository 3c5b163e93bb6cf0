import { readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';

/** A kernel for guests: not compressed, with the modules that the guest needs, each after those that it needs itself. */
export interface GuestKernel {
  readonly image: string;
  readonly modules: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What the guest needs beyond the kernel itself; what a kernel has built in is not among its modules. */
const NEEDED = ['virtio_pci', 'virtio_console', 'virtio_net', '9pnet_virtio', '9p'];
const MODULE = /^[a-z0-9_-]{1,60}\.ko$/u;
const MOST_BYTES = 4 * 2 ** 20;
export const SET_UP = 'as root: cofferdam exec --isolation microvm -- true';

/** Where what is made for guests is kept; the launcher puts the kernel there (`setup/guest.sh`). */
export function guestFolder(environment: Environment = process.env): string {
  return join(environment['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'cofferdam', 'microvm');
}

/**
 * The kernel that guests boot: the folder that the operator names (`COFFERDAM_GUEST_KERNEL`), or what the launcher fetched.
 * A kernel that somebody else can change is no wall: refused.
 */
export function guestKernel(environment: Environment = process.env): Result<GuestKernel, Refusal> {
  const folder = environment['COFFERDAM_GUEST_KERNEL'] ?? join(guestFolder(environment), 'kernel');
  try {
    const image = join(folder, 'vmlinux');
    const modules = join(folder, 'modules');
    const names = readdirSync(modules).filter((name) => MODULE.test(name));
    for (const path of [folder, image, modules, ...names.map((name) => join(modules, name))]) {
      const { uid, mode } = statSync(path);
      if (uid !== 0 || (mode & 0o022) !== 0) return err(unsafe(path));
    }
    return ok({ image, modules: inOrder(modules, names) });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(refusal('machine', 'microvm/no-kernel', `there is no kernel for guests: ${why}`, SET_UP));
  }
}

function unsafe(path: string): Refusal {
  return refusal(
    'machine',
    'microvm/unsafe-kernel',
    `${path} can be changed by others than root, and guests would boot it`,
    `chown root ${path} && chmod go-w ${path}`,
  );
}

/** Those that are needed, and what they need, first. */
function inOrder(folder: string, names: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  const placed: string[] = [];
  const place = (name: string): void => {
    if (seen.has(name) || !names.includes(`${name}.ko`)) return;
    seen.add(name);
    const path = join(folder, `${name}.ko`);
    for (const other of needs(path)) place(other);
    placed.push(path);
  };
  for (const name of NEEDED) place(name);
  return placed;
}

/** As the module says itself, in its section `.modinfo`. */
function needs(path: string): readonly string[] {
  const bytes = readFileSync(path);
  if (bytes.length > MOST_BYTES) return [];
  const list = /\0depends=([a-z0-9_,-]{0,500})\0/u.exec(bytes.toString('latin1'))?.[1] ?? '';
  return list.split(',').filter((name) => name !== '');
}
