import type { Readable, Writable } from 'node:stream';
import type { Refusal } from '../base/index.ts';
import type { KnownFlaw } from './known-flaws/index.ts';
import type { ProfileName, RuntimeName } from '../config/index.ts';
import type { Controls, IsolationTier, LimitName } from '../zone/index.ts';
import type { WatchedKind } from './telemetry/watched-files.ts';

/** One mount of a host path, at `path` inside. */
export interface BoundPath {
  readonly hostPath: string;
  readonly path: string;
  /** A file rather than a folder. */
  readonly file?: boolean;
}

/** The base file system: the host's `/usr` with a synthetic `/etc`, or an OCI image that `openImage` unpacked. */
export type SandboxRoot =
  | { readonly kind: 'host' }
  | { readonly kind: 'image'; readonly directory: string; readonly digest: string };

/** What a job asks of its sandbox. Everything here comes from the control side; none of it is read from the job. */
export interface SandboxRequest {
  readonly runId: string;
  /** Unique within the run; letters, digits, `-` and `_`. */
  readonly jobId: string;
  readonly controls: Controls;
  readonly root: SandboxRoot;
  /**
   * Copied on write: the host's directory stays untouched. `source` absent: the workspace begins empty. `owned`: it was made
   * for this job and is thrown away after it, so that it may be given to the job's user.
   */
  readonly workspace: { readonly source?: string; readonly path: string; readonly owned?: boolean };
  /** Read-only host paths (tools, `--read`). */
  readonly readPaths: readonly BoundPath[];
  /** Host paths that the operator lets the job write for real (`--write`). */
  readonly writePaths: readonly BoundPath[];
  /** Extra files of the control side, shown read-only (a certificate bundle, an event payload). */
  readonly files: readonly { readonly path: string; readonly content: string | Uint8Array }[];
  /** Variables that the control side gives to every step for its clients: they speak against no program. */
  readonly clientEnvironment?: Readonly<Record<string, string>>;
  /** The network namespace to join, made and held by the gateway. */
  readonly networkNamespace: string;
  /** Further folders that the job may write, empty at first and held in memory. */
  readonly temporary: readonly string[];
  /** A random DNS label under which the probe asks, so that the gateway's log is the probe's other half. */
  readonly probeName: string;
  readonly hostname: string;
}

/** One process to start inside. */
export interface ProcessSpec {
  /** The step on whose account it runs, for the record. */
  readonly stepId: string;
  readonly argv: readonly [string, ...string[]];
  /** The whole environment: nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly terminal?: { readonly columns: number; readonly rows: number };
}

export interface ProcessExit {
  /** The exit status, or null when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  /** Set when it could not be started: an errno name such as `ENOENT` or `EACCES`. */
  readonly failure?: string;
}

/** The inner end of a connection, and where it goes. */
export interface ProgramFlow {
  /** Absent: TCP. Of a datagram the sender is whoever has its socket, as it may have been sent without connecting. */
  readonly protocol?: 'tcp' | 'udp';
  readonly localPort: number;
  readonly remotePort: number;
  readonly remoteAddress: string;
}

/** The files of a program, by their paths in the job's root: the file's own path first, then each asked name that is it. */
export interface ProgramFiles {
  readonly run: readonly string[];
  /** The script that it was started with, when that lies where the job cannot write. */
  readonly script?: readonly string[];
}

/** The program behind a connection. */
export type ProgramSeen =
  | ({
      readonly known: true;
      /** Its process's id as the job has it. */
      readonly pid: number;
      /** Memory of no file is executed in it. */
      readonly jit: boolean;
      /** What started it, nearest first, up to the step's own process. */
      readonly above: readonly ProgramFiles[];
    } & ProgramFiles)
  /** It counts as no program; `run` is its executable where that much is known. */
  | { readonly known: false; readonly why: string; readonly run?: string };

export interface RunningProcess {
  /** Its id as the job sees it; settles when it was started. */
  readonly pid: Promise<number>;
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Empty when there is a terminal. */
  readonly stderr: Readable;
  readonly exited: Promise<ProcessExit>;
  /** Sends to the whole process group. A name such as `SIGTERM`. */
  signal(name: string): void;
  resize(columns: number, rows: number): void;
}

/** One check that the probe made inside, before any of the job's code: `attack` must fail, `state` must hold. */
export interface ProbeCheck {
  readonly id: string;
  readonly kind: 'attack' | 'state';
  readonly held: boolean;
  /** What was seen: an errno name or a value. */
  readonly seen: string;
}

/** The proof that the sandbox was armed; without it no step is started. */
export interface SandboxReceipt {
  readonly runtime: { readonly name: RuntimeName; readonly version: string; readonly tier: IsolationTier };
  /** Published flaws that the runtime's release has, and what became of each; with the day the table is of. */
  readonly knownFlaws: {
    readonly reviewed: string;
    readonly package?: string;
    readonly flaws: readonly KnownFlaw[];
  };
  /** Of a microVM: how its instructions are run, its kernel, and what starts the job's container in it. */
  readonly machine?: {
    readonly acceleration: 'kvm' | 'tcg';
    /** Why it is translated: what a try of KVM gave, or whose wish it is. Absent: it is not. */
    readonly notKvm?: string;
    readonly kernel: string;
    readonly runtime: string;
    readonly memoryBytes: number;
    /** Set when the guest was booted a second time: why the first boot was given up. */
    readonly bootedAgain?: string;
  };
  /** What the job's programs come from; an image by its manifest's digest. */
  readonly root: { readonly kind: 'host' } | { readonly kind: 'image'; readonly digest: string };
  /** The profile in force, with the wall that it makes weaker; absent in the ordinary sandbox. */
  readonly profile?: { readonly name: ProfileName; readonly price: string };
  readonly checks: readonly ProbeCheck[];
  readonly probeMs: number;
  /** Limits that the kernel holds, with the value read back; those named by the operator as not needed are absent. */
  readonly limits: Readonly<Partial<Record<LimitName, number>>>;
  readonly limitsUnenforced: readonly LimitName[];
  /** What stands in for some of the latter, and holds less: a limit of each process or user, not of the job. */
  readonly weakerLimits?: readonly WeakerLimit[];
  /** What a limit that is held does not cover on this machine, and why; absent: nothing. */
  readonly uncounted?: readonly { readonly limit: LimitName; readonly what: string; readonly why: string }[];
  /** Set when an ordinary user started it: what is weaker than with root. */
  readonly rootless?: RootlessReceipt;
  /** What of programs, files and the owners of connections is not seen, and why; absent when all is. */
  readonly unseen?: string;
}

/** A resource limit (setrlimit(2)) in the place of a control group's. */
export interface WeakerLimit {
  readonly limit: LimitName;
  readonly by: 'RLIMIT_NPROC' | 'RLIMIT_DATA';
  readonly value: number;
}

export interface RootlessReceipt {
  /** Whose kernel id the job runs with: the user's who started it, or one that nobody has. */
  readonly jobUser: 'yours' | 'its own';
  /** Groups of the user that the job keeps, since they cannot be dropped with a single id. */
  readonly groupsKept: number;
  /** Whether limits are of a control group that was handed to the user. */
  readonly controlGroup: boolean;
}

/** What a job has used; bytes, milliseconds, counts. A value is absent when it could not be read. */
export interface Usage {
  readonly cpuMs?: number;
  readonly memoryPeakBytes?: number;
  readonly pidsPeak?: number;
  readonly workspaceBytes?: number;
  readonly workspaceInodes?: number;
  readonly tmpBytes?: number;
  readonly oomKills?: number;
  readonly pidsRefused?: number;
}

/** A process that the telemetry saw; `argv` is as the caller gave it and may lie after the fact. */
export interface ObservedProcess {
  readonly pid: number;
  readonly parent: number;
  readonly argv: readonly string[];
  /** True when arguments were cut to the bound or could not be read. */
  readonly truncated: boolean;
  readonly startedAt: number;
  /** Its user, as the job sees it; absent for one that the sandbox does not have. */
  readonly uid?: number;
  /** The path that was to be executed, as the caller gave it; for a descriptor, what the descriptor was. */
  readonly executable?: string;
  /** Set when there was no file of that name when we looked: the start was tried and most likely failed. */
  readonly notFound?: true;
}

/** A system call that no ordinary build makes, by whom. Its arguments are what the caller asked, at the first of `count`. */
export interface ObservedAttempt {
  readonly call: string;
  readonly refused: boolean;
  /** How many of the same by the same thread this stands for, since the last that was told. */
  readonly count: number;
  /** The first three arguments, their lower 32 bits. */
  readonly arguments: readonly number[];
  /** The path or name that the call was about. */
  readonly path?: string;
  readonly at: number;
  readonly process: {
    readonly pid: number;
    readonly parent: number;
    readonly argv: readonly string[];
    readonly uid?: number;
  };
}

/** How a process ended. Absent: not known. */
export interface ObservedExit {
  readonly pid: number;
  readonly at: number;
  /** Since it was first seen to start a program. */
  readonly durationMs?: number;
  readonly code: number | null;
  readonly signal: string | null;
  /** Processor time of all its threads. */
  readonly cpuMs?: number;
}

/** A file that tools obey was written, became set-user-id, or is another process's memory or environment and was opened. */
export interface ObservedFile {
  readonly what: 'written' | 'set-user-id' | 'memory';
  /** As the job sees it. */
  readonly path: string;
  readonly at: number;
  /** The kernel said no. Only a kernel of its own tells that. */
  readonly refused: boolean;
  /** Its number is 0 and its arguments are empty when it had gone and was never seen to start a program. */
  readonly process: {
    readonly pid: number;
    readonly parent: number;
    readonly argv: readonly string[];
    readonly uid?: number;
  };
}

/** A process that runs in a sandbox at this moment; its arguments are its own word. */
export interface RunningNow {
  /** No other process of the sandbox ever has it. */
  readonly id: string;
  readonly pid: number;
  readonly argv: readonly string[];
  readonly runningMs: number;
}

/** A socket that waits for others. */
export interface ObservedListener {
  readonly protocol: 'tcp' | 'udp' | 'unix';
  /** An address, or a path; `@` begins an abstract name. */
  readonly address: string;
  readonly port?: number;
  readonly process: { readonly pid: number; readonly argv: readonly string[] };
}

export type Observation =
  | { readonly kind: 'exit'; readonly exit: ObservedExit }
  | { readonly kind: 'file'; readonly file: ObservedFile; readonly is?: WatchedKind }
  | { readonly kind: 'listening'; readonly listener: ObservedListener }
  | { readonly kind: 'process'; readonly process: ObservedProcess }
  | { readonly kind: 'attempt'; readonly attempt: ObservedAttempt }
  | {
      readonly kind: 'refused-packet';
      readonly pid: number;
      readonly family: string;
      readonly protocol: string;
    }
  | { readonly kind: 'gap'; readonly why: string };

export interface Sandbox {
  readonly receipt: SandboxReceipt;
  /**
   * A small private folder that both sides see (scripts, file commands). The job writes here: whoever reads it from
   * outside must use `readJobFile`, never a plain open.
   */
  readonly exchange: BoundPath;
  /** Where the job's workspace can be seen from outside: the merged tree, and the upper layer that is the diff. */
  readonly workspace: {
    readonly mergedHostPath: string;
    readonly upperHostPath: string;
    /** As the job sees it. */
    readonly path: string;
  };
  start(process: ProcessSpec): RunningProcess;
  /**
   * Kills every process but the sandbox's own first one: what a step left behind ends with its step. After the `last` nothing
   * can be started any more.
   */
  killLeftovers(last?: boolean): Promise<number>;
  usage(): Promise<Usage>;
  /** Which of its file systems of limited size are full at this moment. */
  full(): Promise<readonly LimitName[]>;
  /** What runs in it now, process 1 apart. */
  running(): readonly RunningNow[];
  /** Settles when all that the telemetry saw until now was told. */
  observed(): Promise<void>;
  /** The process that asked for a connection, by its inner end, as the job sees its id; undefined when it was not seen. */
  ownerOf(flow: {
    readonly protocol?: 'tcp' | 'udp';
    readonly localPort: number;
    /** Absent for a datagram, which may come from a socket without a peer. */
    readonly remotePort?: number;
    /** The address that the job asked for. */
    readonly remoteAddress?: string;
  }): Promise<{ readonly pid: number; readonly argv: readonly string[] } | undefined>;
  /**
   * The program that made a connection, as the kernel knows it at this moment; never a guess. `names` are paths in the job's
   * root of which is said whether they are the very files. Where a runtime cannot tell it is not known.
   */
  programOf(flow: ProgramFlow, names: readonly string[]): Promise<ProgramSeen>;
  /** Settles if the sandbox ends by itself (killed from outside, a crash): the job must then fail. */
  readonly died: Promise<{ readonly why: string }>;
  /**
   * Settles if something is less, seen from outside while the job runs, than the receipt says: the job must then fail. Absent
   * where that cannot be seen.
   */
  readonly fell?: Promise<{ readonly why: string }>;
  /**
   * Ends every process and removes every mount, cgroup and folder; safe to call twice. What could not be removed is
   * named. The workspace's upper layer is kept at `keepUpperAt` when that is given: the whole of it, or nothing when it takes more
   * than `keepBytes`.
   */
  destroy(options?: {
    readonly keepUpperAt?: string;
    readonly keepBytes?: number;
    /** Told when none of its processes is left, and the rest is still to be cleared away. */
    readonly emptied?: () => void;
  }): Promise<{ readonly leftBehind: readonly string[]; readonly notKept?: Refusal }>;
}
