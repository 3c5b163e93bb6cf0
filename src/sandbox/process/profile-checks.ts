import { type Refusal, refusal } from '../../base/index.ts';
import type { ProbeCheck } from '../contract.ts';
import type { Profile } from '../profiles/index.ts';

/** What root of a user namespace inside of the sandbox tries, where a profile lets a job be one. */
export const NESTED_CHECKS = [
  'nested-user-namespace',
  'nested-remount',
  'nested-uncover-settings',
  'nested-kernel-setting',
  'nested-trace-process-1',
  'nested-memory-of-process-1',
  'nested-processes',
  'nested-sysfs',
  'nested-join-process-1',
  'nested-bpf',
  'nested-map-root',
  'nested-new-mounts',
  'nested-new-name',
  'nested-new-objects',
  'nested-new-processes',
  'nested-new-network',
  'nested-new-groups',
  'nested-new-clocks',
] as const;

/** The kinds of namespaces by the flag of unshare(2); a profile lets a job make some of them, and no other. */
const KINDS: Readonly<Record<string, number>> = {
  'nested-new-mounts': 0x0002_0000,
  'nested-new-name': 0x0400_0000,
  'nested-new-objects': 0x0800_0000,
  'nested-new-processes': 0x2000_0000,
  'nested-new-network': 0x4000_0000,
  'nested-new-groups': 0x0200_0000,
  'nested-new-clocks': 0x80,
};

/** Bits of capabilities(7), of those that a profile may give. */
const BITS: Readonly<Record<string, number>> = {
  CAP_CHOWN: 0,
  CAP_DAC_OVERRIDE: 1,
  CAP_DAC_READ_SEARCH: 2,
  CAP_FOWNER: 3,
  CAP_FSETID: 4,
  CAP_KILL: 5,
  CAP_SETGID: 6,
  CAP_SETUID: 7,
  CAP_SETPCAP: 8,
  CAP_LINUX_IMMUTABLE: 9,
  CAP_NET_BIND_SERVICE: 10,
  CAP_NET_BROADCAST: 11,
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
  CAP_IPC_LOCK: 14,
  CAP_IPC_OWNER: 15,
  CAP_SYS_CHROOT: 18,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_NICE: 23,
  CAP_SYS_RESOURCE: 24,
  CAP_MKNOD: 27,
  CAP_LEASE: 28,
  CAP_SETFCAP: 31,
};

/** The checks that a profile needs besides those of every sandbox. */
export function checksOf(profile: Profile | undefined): readonly string[] {
  return profile === undefined || profile.namespaces === 0 ? [] : NESTED_CHECKS;
}

/**
 * The probe's checks as a profile has them: what it lifts must be open, since a job that asked for it would fail on it, and
 * nothing more than that may be.
 */
export function profileChecks(
  checks: readonly ProbeCheck[],
  profile: Profile | undefined,
): readonly ProbeCheck[] {
  if (profile === undefined) return checks;
  return checks.map((check): ProbeCheck => {
    if (Math.floor(profile.namespaces / (KINDS[check.id] ?? Number.POSITIVE_INFINITY)) % 2 === 1)
      return opened(check, check.seen === 'success', profile);
    if (!profile.lifted.includes(check.id)) return check;
    if (check.id === 'no-capabilities')
      return { ...check, held: check.seen.endsWith(`not empty, each ${mask(profile.capabilities)}`) };
    return opened(check, !check.held, profile);
  });
}

function opened({ id, seen }: ProbeCheck, held: boolean, { name }: Profile): ProbeCheck {
  return { id, kind: 'state', held, seen: `open (${name}): ${seen}` };
}

function mask(capabilities: readonly string[]): string {
  const bits = capabilities.map((name) => BITS[name] ?? 63);
  return bits.reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n).toString(16);
}

/** The version of Landlock that counts: one without scopes has nothing for a profile that leaves files to the mounts. */
export function usableLandlock(
  outside: number | undefined,
  profile: Profile | undefined,
): number | undefined {
  const SCOPES = 6;
  return profile?.confinement === 'signals-and-sockets' && outside !== undefined && outside < SCOPES
    ? 0
    : outside;
}

/** What a profile is for and this machine refuses to everybody, as some distributions refuse user namespaces. */
export function notServed(checks: readonly ProbeCheck[], profile: Profile | undefined): Refusal | undefined {
  const closed = checks.find(
    ({ id, held }) => !held && id !== 'no-capabilities' && profile?.lifted.includes(id),
  );
  if (profile === undefined || closed === undefined) return undefined;
  return refusal(
    'machine',
    'profile/not-served',
    `this machine does not let profile ${profile.name} do what it is for: ${closed.id} is ${closed.seen}`,
    `${closed.id === 'trace' ? TRACING_FIX : NAMESPACES_FIX}, or run it without the profile`,
  );
}

const TRACING_FIX =
  'let a process trace its own children (sysctl kernel.yama.ptrace_scope below 2, and no AppArmor profile around Cofferdam that refuses ptrace)';
const NAMESPACES_FIX =
  'let users make user namespaces (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns)';
