/** The trust zones of the guide's §0, from least to most trusted. */
export const ZONES = ['untrusted', 'internal', 'release'] as const;
export type ZoneId = (typeof ZONES)[number];

/** Isolation tiers from weakest to strongest (guide §1). A zone states the least it accepts. */
export const ISOLATION_TIERS = ['hardened-container', 'sandboxed-kernel', 'microvm'] as const;
export type IsolationTier = (typeof ISOLATION_TIERS)[number];

/**
 * What a job may use at most (guide §5). Each is enforced from outside the job and, when hit, ends with an event
 * that names the limit, its value and the step.
 */
export interface Limits {
  readonly memoryBytes: number;
  /** Processor time per second of wall time: 2 is two whole processors. */
  readonly cpus: number;
  readonly pids: number;
  readonly workspaceBytes: number;
  readonly workspaceInodes: number;
  readonly tmpBytes: number;
  readonly tmpInodes: number;
  readonly openFiles: number;
  readonly stepTimeoutMs: number;
  readonly jobTimeoutMs: number;
  readonly logBytes: number;
  readonly artifactBytes: number;
}

export type LimitName = keyof Limits;

/** What a zone grants: the product of its defaults and the operator's configuration. Absence never grants. */
export interface Controls {
  readonly zone: ZoneId;
  readonly isolation: { readonly floor: IsolationTier };
  /**
   * The allowlist in the words of `cofferdam.yaml`: `host`, `host:port`, `*.host`, or a preset such as `@npm`.
   * Empty denies all.
   */
  readonly egress: {
    readonly allow: readonly string[];
    /** CIDR ranges that are otherwise refused (private, loopback, link-local) and that the operator named. */
    readonly allowRanges: readonly string[];
  };
  readonly secrets: {
    /** Names of the secrets that jobs of this zone may hold. */
    readonly allow: readonly string[];
  };
  /** The most that a job's token may be given; a workflow's own `permissions` can only narrow it. */
  readonly tokenPermissions: Readonly<Record<string, 'read' | 'write'>>;
  readonly publication: {
    readonly artifacts: boolean;
    readonly packages: boolean;
    readonly deploy: boolean;
  };
  readonly caches: { readonly read: readonly ZoneId[]; readonly write: boolean };
  readonly limits: Limits;
  /** Limits that this machine may lack without refusing the job, each named by the operator. */
  readonly unenforcedLimitsAccepted: readonly LimitName[];
  readonly approvals: { readonly required: number };
}
