import type {
  AllowEntry,
  AskedAcceleration,
  IsolationTier,
  LimitName,
  Limits,
  ProfileName,
  RuntimeName,
  SecondWall,
  ZoneId,
} from '../config/index.ts';

/** What a zone grants: the product of its defaults and the operator's configuration. Absence never grants. */
export interface Controls {
  readonly zone: ZoneId;
  readonly isolation: {
    readonly floor: IsolationTier;
    /** Published flaws of a runtime that the operator accepts, each until the end of a day (`2026-11-25`). */
    readonly acceptKnown?: readonly {
      readonly cve: string;
      readonly reason: string;
      readonly until: string;
    }[];
    /** The one that was asked for; absent, the first of the floor's tier. */
    readonly runtime?: RuntimeName;
    /** How a microVM's instructions are to be run; absent: `auto`. */
    readonly acceleration?: AskedAcceleration;
    /** The needs besides that the operator's file names for the zone; absent: it says nothing. */
    readonly profiles?: readonly ProfileName[];
    /** Of single jobs, by id. */
    readonly jobs?: Readonly<Record<string, ProfileName>>;
    /** The need besides that is served: of every job of the zone, and once settled for one job, of that one. */
    readonly profile?: ProfileName;
  };
  /** Those without which a sandbox is refused; each is used wherever the kernel has it. */
  readonly secondWalls: readonly SecondWall[];
  /**
   * The allowlist in the words of `cofferdam.yaml`: `host`, `host:port`, `*.host`, or a preset such as `@npm`;
   * each may be narrowed.
   * Empty denies all.
   */
  readonly egress: {
    readonly allow: readonly AllowEntry[];
    /** CIDR ranges that are otherwise refused (private, loopback, link-local) and that the operator named. */
    readonly allowRanges: readonly string[];
    /** What is not on the list is let through and noted. Absent: it is denied. Never in zone untrusted. */
    readonly observe?: true;
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
