/** The trust zones of the guide's §0, from least to most trusted. */
export const ZONES = ['untrusted', 'internal', 'release'] as const;
export type ZoneId = (typeof ZONES)[number];

/** Isolation tiers from weakest to strongest (guide §1). A zone states the least it accepts. */
export const ISOLATION_TIERS = ['hardened-container', 'sandboxed-kernel', 'microvm'] as const;
export type IsolationTier = (typeof ISOLATION_TIERS)[number];

/** The programs that can hold a sandbox, in the order in which they are preferred within a tier. */
export const RUNTIMES = ['runc', 'crun', 'runsc', 'qemu'] as const;
export type RuntimeName = (typeof RUNTIMES)[number];

/** The wall that each of them is (guide §1): the host's kernel behind a filter, or a kernel of its own. */
export const TIER_OF: Readonly<Record<RuntimeName, IsolationTier>> = {
  runc: 'hardened-container',
  crun: 'hardened-container',
  runsc: 'sandboxed-kernel',
  qemu: 'microvm',
};

/** How a microVM's instructions are run: by KVM where a try shows that it works, by KVM or not at all, or translated. */
export const ACCELERATIONS = ['auto', 'kvm', 'tcg'] as const;
export type AskedAcceleration = (typeof ACCELERATIONS)[number];

/** Walls beside namespaces and filter, used wherever the kernel has them. */
export const SECOND_WALLS = ['landlock', 'apparmor', 'selinux'] as const;
export type SecondWall = (typeof SECOND_WALLS)[number];

/** Negative when `a` is trusted less than `b`. */
export function compareZones(a: ZoneId, b: ZoneId): number {
  return ZONES.indexOf(a) - ZONES.indexOf(b);
}

/** Negative when `a` is the weaker wall. */
export function compareTiers(a: IsolationTier, b: IsolationTier): number {
  return ISOLATION_TIERS.indexOf(a) - ISOLATION_TIERS.indexOf(b);
}

/** Needs that the ordinary sandbox does not serve, each with a price (docs/profiles.md). */
export const PROFILES = ['debugger', 'browser', 'nested-build', 'privileged'] as const;
export type ProfileName = (typeof PROFILES)[number];

/**
 * Zones in which the one who starts a run may ask for a profile although no policy names it. In the others, and for whoever
 * else asks, the operator's file must name it.
 */
export const PROFILE_ZONES: Readonly<Record<ProfileName, readonly ZoneId[]>> = {
  debugger: ['untrusted', 'internal', 'release'],
  browser: ['internal', 'release'],
  'nested-build': ['internal', 'release'],
  // Never by asking: the operator's file names it, and a waiver for the job is signed.
  privileged: [],
};
