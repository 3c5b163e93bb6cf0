import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { arch } from 'node:os';
import { groupParent, thisMachine } from './cgroup-place.ts';
import { type Rootless, readRootless, rootlessGroups } from './rootless.ts';

/** What a plan must know of the machine; read once, at the edge. */
export interface HostFacts {
  readonly architecture: string;
  readonly uid: number;
  readonly cgroup: 'v1' | 'v2' | 'none';
  /** Some controllers are bound to cgroup v2 while others are at v1. */
  readonly hybrid: boolean;
  /** Controllers that can be used for a sandbox. */
  readonly controllers: readonly ('memory' | 'cpu' | 'pids')[];
  /** Why others cannot be used, where that is known. */
  readonly controllersLacking: Readonly<Partial<Record<'memory' | 'cpu' | 'pids', string>>>;
  /** What would mend it, where that is not for the kernel's configuration to do. */
  readonly controllersFix?: string;
  /** Below the hierarchy's root: the group in which those of sandboxes are made. */
  readonly cgroupParent: string;
  /** Whether memory that was swapped out is bounded too. */
  readonly swapLimit: boolean;
  /** The first hierarchy: it counts what sockets hold, and by itself not as the memory of their owner. */
  readonly countsSockets?: boolean;
  /** Why what sockets hold is not counted at all, where that is so: no limit of memory covers it. */
  readonly socketsUncounted?: string;
  /** Whether the machine swaps at this moment. */
  readonly swaps: boolean;
  /** Of the machine's root: `bin` to `usr/bin` and so on; a folder of its own has no target. */
  readonly rootEntries: readonly { readonly name: string; readonly target?: string }[];
  /** Of the reviewed list, what this machine has in `/etc`. */
  readonly etcEntries: readonly string[];
  /** Set when the control side is root of a user namespace only. */
  readonly rootless?: Rootless;
}

/**
 * What ordinary tools read in `/etc`. None of it is secret on a distribution's system: certificates of authorities,
 * loader and locale data, names of protocols, and the settings of language runtimes whose programs lie in `/usr`.
 */
const ETC = [
  'alternatives',
  'bash.bashrc',
  'ca-certificates',
  'fonts',
  'gai.conf',
  'host.conf',
  'inputrc',
  'java-11-openjdk',
  'java-17-openjdk',
  'java-21-openjdk',
  'java-25-openjdk',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'magic',
  // Not settings.xml, which may hold passwords.
  'maven/logging',
  'maven/m2.conf',
  'mime.types',
  'perl',
  'pki/tls/certs',
  'pki/ca-trust/extracted',
  'protocols',
  'python3',
  'python3.11',
  'python3.12',
  'python3.13',
  'services',
  'ssl/certs',
  'ssl/openssl.cnf',
  'terminfo',
  'timezone',
] as const;

export function readHostFacts(): HostFacts {
  const rootless = readRootless();
  const facts = readMachine();
  return rootless === undefined ? facts : { ...facts, ...rootlessGroups(rootless), rootless };
}

const CONTROLLERS = ['memory', 'cpu', 'pids'] as const;

function readMachine(): HostFacts {
  const v2 = existsSync('/sys/fs/cgroup/cgroup.controllers');
  const v1 = !v2 && existsSync('/sys/fs/cgroup/pids');
  const has = (controller: string): boolean =>
    v2
      ? readFileSync('/sys/fs/cgroup/cgroup.controllers', 'utf8').split(/\s+/).includes(controller)
      : existsSync(`/sys/fs/cgroup/${controller}/cgroup.procs`);
  return {
    architecture: arch(),
    uid: process.geteuid?.() ?? 0,
    cgroup: v2 ? 'v2' : v1 ? 'v1' : 'none',
    hybrid: v1 && boundToSecond(),
    controllers: CONTROLLERS.filter((controller) => (v1 || v2) && has(controller)),
    controllersLacking: {},
    cgroupParent: v2 ? groupParent(thisMachine('/sys/fs/cgroup')) : '/cofferdam',
    swapLimit: v2 || existsSync('/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes'),
    countsSockets: v1 && existsSync(`/sys/fs/cgroup/memory/${SOCKETS}`),
    ...uncounted(
      v1 ? 'v1' : v2 ? 'v2' : 'none',
      existsSync(`/sys/fs/cgroup/memory/${SOCKETS}`),
      commandLine(),
    ),
    swaps: hasSwap(),
    rootEntries: ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'].flatMap((name) => rootEntry(name)),
    etcEntries: ETC.filter((name) => existsSync(`/etc/${name}`)),
  };
}

/** Of the first hierarchy: it counts UDP too, whatever its name is. */
export const SOCKETS = 'memory.kmem.tcp.limit_in_bytes';

/**
 * Whether memory of sockets is outside of every limit: the first hierarchy counts it by a file of its own, the second unless the
 * kernel was told not to (`cgroup.memory`, Documentation/admin-guide/kernel-parameters.txt).
 */
export function uncounted(
  cgroup: HostFacts['cgroup'],
  hasFile: boolean,
  kernelCommand: string,
): Pick<HostFacts, 'socketsUncounted'> {
  if (cgroup === 'v1' && !hasFile) return { socketsUncounted: `its kernel has no ${SOCKETS}` };
  const options = kernelCommand.split(/\s+/).filter((word) => word.startsWith('cgroup.memory='));
  const told = options.some((word) => word.slice('cgroup.memory='.length).split(',').includes('nosocket'));
  return cgroup === 'v2' && told
    ? { socketsUncounted: 'its kernel was started with cgroup.memory=nosocket' }
    : {};
}

function commandLine(): string {
  try {
    return readFileSync('/proc/cmdline', 'utf8');
  } catch {
    return '';
  }
}

function hasSwap(): boolean {
  try {
    return readFileSync('/proc/swaps', 'utf8').trim().split('\n').length > 1;
  } catch {
    return false;
  }
}

function boundToSecond(): boolean {
  try {
    return readFileSync('/sys/fs/cgroup/unified/cgroup.controllers', 'utf8').trim() !== '';
  } catch {
    return false;
  }
}

function rootEntry(name: string): readonly { readonly name: string; readonly target?: string }[] {
  try {
    return lstatSync(`/${name}`).isSymbolicLink() ? [{ name, target: readlinkSync(`/${name}`) }] : [{ name }];
  } catch {
    return [];
  }
}
