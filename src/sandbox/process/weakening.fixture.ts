import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { RuntimeConfig } from '../oci/runtime-spec.ts';

type Plain<T> = T extends readonly (infer E)[]
  ? Plain<E>[]
  : T extends object
    ? { -readonly [K in keyof T]: Plain<T[K]> }
    : T;
/** A runtime specification that a test takes walls out of. */
export type WeakConfig = Plain<RuntimeConfig>;

/** One wall taken away, as by a runtime that does not do what it was told. */
export interface Weakening {
  readonly weaken: (config: WeakConfig) => void;
  /** The checks that must fail, and no others. */
  readonly names?: readonly string[];
  /** Checks that may fail besides, as the kernel has it. */
  readonly perhaps?: readonly string[];
  /** When it is not the probe that refuses: the rule of the refusal. */
  readonly rule?: string;
  /** The network answers at every address that the probe tries, as with a gateway that lets all through. */
  readonly answers?: true;
  /** Descriptors that the runtime leaks. */
  readonly leak?: true;
}

/** Names, set apart by blanks. */
export function list(names: string): readonly string[] {
  return names.trim().split(/\s+/);
}

export const allowing = (name: string, check: string): readonly [string, Weakening] => [
  `the system call ${name} let through`,
  {
    weaken: ({ linux }) => {
      for (const rule of linux.seccomp.syscalls) rule.names = rule.names.filter((one) => one !== name);
      linux.seccomp.syscalls = linux.seccomp.syscalls.filter((rule) => rule.names.length > 0);
      linux.seccomp.syscalls.push({ names: [name], action: 'SCMP_ACT_ALLOW' });
    },
    names: [check],
  },
];
const ASK = 'import ctypes; print(ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1))';
/** The version of Landlock that this kernel has; below 2 it is not used. */
export const LANDLOCK = Number(execFileSync('python3', ['-c', ASK], { encoding: 'utf8' }));
export const APPARMOR = existsSync('/sys/kernel/security/apparmor/.load');
/** Without Landlock, as this kernel has it; some of the same is held by AppArmor too. */
export const UNCONFINED = [
  'landlock',
  ...(APPARMOR ? [] : ['write-beyond-ruleset']),
  ...(APPARMOR || LANDLOCK < 6 ? [] : ['signal-beyond-domain']),
  ...(LANDLOCK < 6 ? [] : ['abstract-socket-beyond-domain']),
];
/** A call that process 1 makes to confine the job, refused by the filter. */
export const unconfined = (call: string): readonly [string, Weakening] => [
  `the job not confined by Landlock: ${call} refused`,
  {
    weaken: ({ linux }) => {
      for (const rule of linux.seccomp.syscalls) rule.names = rule.names.filter((one) => one !== call);
    },
    names: UNCONFINED,
  },
];
export const without = (kind: string, ...names: readonly string[]): readonly [string, Weakening] => [
  `no ${kind} namespace of its own`,
  {
    weaken: (config) => {
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== kind);
      if (kind === 'uts') Reflect.deleteProperty(config, 'hostname');
      if (kind === 'user') Reflect.deleteProperty(config.linux, 'uidMappings');
      if (kind === 'user') Reflect.deleteProperty(config.linux, 'gidMappings');
    },
    names,
  },
];
export const option = (path: string, from: string, to?: string): readonly [string, Weakening] => [
  `${from} off at ${path}`,
  {
    weaken: ({ mounts }) => {
      for (const mount of mounts) {
        if (mount.destination !== path) continue;
        mount.options = mount.options.filter((one) => !one.startsWith(from));
        if (to !== undefined) mount.options.push(to);
      }
    },
    names: ['mounts-as-planned'],
  },
];
export const bound = (source: string, destination: string): WeakConfig['mounts'][number] => ({
  destination,
  type: 'bind',
  source,
  options: ['bind', 'ro', 'nosuid', 'nodev'],
});
export const capabilities =
  (
    sets: readonly string[],
    names: readonly string[] = ['CAP_NET_ADMIN', 'CAP_CHOWN', 'CAP_SYS_CHROOT'],
  ): Weakening['weaken'] =>
  ({ process }) => {
    for (const set of sets) Reflect.set(process.capabilities, set, names);
  };
const OURS = BigInt(
  `0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`,
);
/** Of capabilities(7), by number, those that we have ourselves. */
export const EVERY_CAPABILITY = list(`
  CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
  NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO
  SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME
  SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG
  WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE
`)
  .filter((_, bit) => (OURS >> BigInt(bit)) & 1n)
  .map((name) => `CAP_${name}`);
export const otherProcesses: Weakening['weaken'] = ({ mounts }) => {
  for (const mount of mounts)
    if (mount.type === 'proc')
      Object.assign(mount, {
        type: 'bind',
        source: '/proc',
        options: ['rbind', 'nosuid', 'nodev', 'noexec'],
      });
};
/** The calls that a process without capabilities can make on an ordinary kernel. */
export const FILTERED = list(`
  open-tree join-namespace clone-namespace clone3 take-descriptor user-namespace trace bpf
  perf-events userfaultfd io-uring huge-pages huge-page-files keyring read-other-memory open-by-handle push-terminal-input
  set-clock load-module call-not-listed vsock alg-socket netlink-socket
`);
