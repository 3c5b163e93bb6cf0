/** Where an event belongs; absent for what concerns the whole run. */
interface InJob {
  readonly job: string;
}
interface InStep extends InJob {
  readonly step: string;
}

/** A process as it was seen; its arguments are the job's own word. */
export interface SeenProcess {
  readonly pid: number;
  readonly argv: readonly string[];
}

/**
 * The program of a process as the kernel knows it: files of the job's read-only root. The script is what an interpreter was
 * started with. `nested`: the same program stands above it. `why`: it counts as no program, or as none that the entries for the
 * place are for.
 */
export interface SeenProgram {
  readonly run?: string;
  readonly script?: string;
  /** Memory of no file is executed in it. */
  readonly jit?: true;
  readonly nested?: true;
  readonly why?: string;
}

/**
 * What a job did, or tried, that ordinary builds do not (docs/record.md): whose memory, which user, which kernel. The
 * name is what it was about, whatever call or file it was done with.
 */
export type RiskOperation =
  | 'process-memory'
  | 'identity'
  | 'set-user-id'
  | 'namespace'
  | 'mount'
  | 'kernel-module'
  | 'kernel-interface'
  | 'keyring'
  | 'file-handle'
  | 'terminal-input'
  | 'clock'
  | 'machine-control'
  | 'shell-configuration'
  | 'git-configuration'
  | 'package-manager-configuration'
  | 'tool-configuration'
  | 'hook'
  | 'workflow-file';

export interface RecordedFact {
  readonly name: string;
  readonly value: string;
  readonly source: string;
  readonly forgeable: boolean;
  readonly why?: string;
}

export type Verdict = 'passed' | 'failed' | 'contained' | 'refused' | 'stopped' | 'cancelled';

/**
 * Everything that a record can say. Names follow CDEvents and OpenTelemetry where they have one. Text in an event may be
 * hostile: it is bounded when written and made visible when shown.
 */
export type RecordEvent =
  | {
      readonly type: 'run.started';
      readonly run: string;
      readonly command: 'run' | 'exec' | 'apply';
      readonly version: string;
      readonly repository?: string;
      readonly directory?: string;
      readonly ref?: string;
      readonly commit?: string;
      readonly uncommitted?: boolean;
      readonly actor?: string;
      readonly event?: string;
      readonly workflow?: { readonly name: string; readonly path: string; readonly digest: string };
      readonly argv?: readonly string[];
      readonly runner: { readonly kernel: string; readonly architecture: string };
      readonly policy: {
        readonly source: string;
        readonly files?: readonly {
          readonly origin: string;
          readonly path: string;
          readonly digest: string;
        }[];
      };
    }
  | (InJob & { readonly type: 'job.started'; readonly name: string })
  | (InJob & {
      readonly type: 'zone.decided';
      readonly zone: string;
      readonly because: readonly string[];
      readonly facts: readonly RecordedFact[];
      readonly controls: unknown;
      readonly refusedWidening?: readonly string[];
    })
  | (InJob & {
      readonly type: 'policy.armed';
      readonly control: 'sandbox' | 'gateway';
      readonly receipt: unknown;
    })
  | {
      readonly type: 'policy.refused';
      readonly job?: string;
      readonly step?: string;
      readonly rule: string;
      readonly why: string;
      readonly fix: string;
    }
  | {
      /** The operator's file was changed while jobs ran. `refused`: why nothing came of it; else what the job has no more. */
      readonly type: 'policy.reloaded';
      readonly job?: string;
      readonly path: string;
      readonly digest?: string;
      readonly refused?: string;
      readonly closed?: readonly string[];
      /** What the file allows beyond what the job had: for the next run. */
      readonly notGiven?: readonly string[];
      /** Open connections that were ended. */
      readonly connections?: number;
    }
  | (InStep & { readonly type: 'step.started'; readonly name: string })
  | (InStep & {
      readonly type: 'process.started';
      readonly pid: number;
      readonly parent: number;
      readonly argv: readonly string[];
      readonly truncated: boolean;
      readonly at: string;
      readonly executable?: string;
      /** Its user, as the job sees it. */
      readonly uid?: number;
      /** The program was looked for along PATH and nothing was started. */
      readonly notFound?: true;
    })
  | (InStep & {
      readonly type: 'process.exited';
      readonly pid: number;
      readonly at: string;
      readonly durationMs?: number;
      /** Both null: that it ended was seen, and not how. */
      readonly exit: { readonly code: number | null; readonly signal: string | null };
      /** Processor time of all its threads, until it asked to end. */
      readonly cpuMs?: number;
    })
  | (InStep & {
      /** It still ran when its step was over; it ends with its job at the latest. */
      readonly type: 'process.outlived';
      readonly pid: number;
      readonly argv: readonly string[];
      readonly runningMs: number;
    })
  | (InStep & {
      readonly type: 'risk.attempted';
      readonly operation: RiskOperation;
      readonly outcome: 'denied' | 'allowed';
      /** The system call, where it was one. */
      readonly call?: string;
      /** What it was about: a path, another process, a user's number; the job's own word where it comes from its memory. */
      readonly target?: string;
      readonly at: string;
      readonly process: SeenProcess & { readonly parent?: number; readonly uid?: number };
      /** Of the same by the same, since the last that was told; absent: one. */
      readonly count?: number;
    })
  | (InStep & {
      readonly type: 'network.listening';
      readonly protocol: 'tcp' | 'udp' | 'unix';
      readonly address: string;
      readonly port?: number;
      readonly process: SeenProcess;
    })
  | (InStep & {
      readonly type: 'dns.question';
      readonly name: string;
      readonly queryType: string;
      readonly verdict: 'allowed' | 'denied';
      readonly reason?: string;
      /** Why it would have been denied: what is not on the list is only observed. */
      readonly wouldDeny?: string;
      readonly transport: 'udp' | 'tcp';
      readonly program?: SeenProgram;
      readonly process?: SeenProcess;
      /** Of the same, since the last that was told; absent: one. */
      readonly count?: number;
    })
  | (InStep & {
      readonly type: 'network.connection';
      readonly connection: number;
      readonly verdict: 'allowed' | 'denied';
      readonly address: string;
      readonly port: number;
      readonly host?: string;
      readonly protocol: 'tls' | 'http' | 'tcp';
      readonly reason?: string;
      /** The same as of a question; it has no `entry` then. */
      readonly wouldDeny?: string;
      readonly entry?: string;
      readonly dialled?: string;
      /** The proxy by which it went, or could not; with `resolved: proxy`, where it led is not known. */
      readonly via?: {
        readonly kind: 'http' | 'https' | 'socks5';
        readonly host: string;
        readonly port: number;
        readonly resolved: 'gateway' | 'proxy';
        readonly failure?: string;
      };
      readonly program?: SeenProgram;
      /** `SHA256:…` of the key that an SSH server showed, where it is not one that was asked for. */
      readonly hostKey?: string;
      readonly process?: SeenProcess;
      /** Of the same, since the last that was told; absent: one. */
      readonly count?: number;
    })
  | (InStep & {
      readonly type: 'network.request';
      readonly connection: number;
      readonly verdict: 'allowed' | 'denied';
      readonly host: string;
      readonly port: number;
      /** Of HTTP. */
      readonly version: '1.1' | '2';
      readonly method: string;
      readonly path: string;
      /** It asks for a WebSocket. */
      readonly websocket?: true;
      readonly reason?: string;
      readonly entry?: string;
      readonly count?: number;
      readonly process?: SeenProcess;
    })
  | (InStep & {
      readonly type: 'network.closed';
      readonly connection: number;
      readonly bytesIn: number;
      readonly bytesOut: number;
      readonly requests: number;
      readonly durationMs: number;
      readonly failure?: string;
    })
  | (InStep & {
      readonly type: 'network.refused';
      readonly protocol: string;
      readonly family?: string;
      readonly address?: string;
      readonly port?: number;
      readonly process?: SeenProcess;
      /** Of the same, since the last that was told; absent: one. */
      readonly count?: number;
    })
  | (InStep & { readonly type: 'limit.hit'; readonly limit: string; readonly value: number })
  | (InStep & {
      readonly type: 'command.used';
      readonly source: 'stdout' | 'file';
      readonly command: string;
      readonly names: readonly string[];
      readonly refused?: string;
    })
  | (InStep & {
      readonly type: 'annotation';
      readonly level: 'error' | 'warning' | 'notice';
      readonly message: string;
      /** Where it points to, as the step said: `file`, `line`, `endLine`, `col`, `endColumn`, `title`. */
      readonly properties?: Readonly<Record<string, string>>;
    })
  | (InJob & { readonly type: 'approval.given'; readonly by: string })
  | (InJob & {
      /** It runs privileged, because somebody signed for it. */
      readonly type: 'waiver.used';
      readonly kind: 'privileged';
      readonly reason: string;
      readonly signedBy: string;
      readonly expires: string;
      readonly pool: string;
    })
  | (InJob & { readonly type: 'secret.withheld'; readonly name: string; readonly why: string })
  | (InJob & { readonly type: 'secret.delivered'; readonly name: string })
  | (InStep & {
      readonly type: 'step.finished';
      readonly name: string;
      readonly result: 'success' | 'failure' | 'cancelled' | 'skipped';
      readonly tolerated?: boolean;
      readonly exit?: { readonly code: number | null; readonly signal: string | null };
      readonly durationMs: number;
    })
  | (InJob & {
      readonly type: 'job.finished';
      readonly result: 'success' | 'failure' | 'cancelled' | 'skipped';
      readonly durationMs: number;
      readonly usage?: unknown;
    })
  | (InJob & {
      readonly type: 'workspace.changed';
      readonly added: number;
      readonly modified: number;
      readonly deleted: number;
    })
  | {
      readonly type: 'workspace.applied';
      /** The run whose changes they are. */
      readonly of: string;
      readonly applied: number;
      /** At most a thousand of them. */
      readonly refused: readonly { readonly path: string; readonly why: string }[];
      readonly refusedInAll: number;
    }
  | {
      readonly type: 'telemetry.gap';
      readonly job?: string;
      readonly step?: string;
      readonly what: string;
      readonly why: string;
      readonly count?: number;
    }
  | (InJob & { readonly type: 'telemetry.completeness'; readonly what: string; readonly how: string })
  | (InJob & { readonly type: 'sandbox.destroyed'; readonly leftBehind: readonly string[] })
  | {
      readonly type: 'run.finished';
      readonly verdict: Verdict;
      readonly exitStatus: number;
      readonly denied: number;
      readonly gaps: number;
      readonly durationMs: number;
      readonly zones: readonly string[];
    };

export type RecordEventType = RecordEvent['type'];

/** Every type there is; a record with another is not one of ours. */
export const EVENT_TYPES: readonly RecordEventType[] = [
  'run.started',
  'job.started',
  'zone.decided',
  'policy.armed',
  'policy.refused',
  'policy.reloaded',
  'step.started',
  'process.started',
  'process.exited',
  'process.outlived',
  'risk.attempted',
  'network.listening',
  'dns.question',
  'network.connection',
  'network.request',
  'network.closed',
  'network.refused',
  'limit.hit',
  'command.used',
  'annotation',
  'approval.given',
  'waiver.used',
  'secret.withheld',
  'secret.delivered',
  'step.finished',
  'job.finished',
  'workspace.changed',
  'workspace.applied',
  'telemetry.gap',
  'telemetry.completeness',
  'sandbox.destroyed',
  'run.finished',
];
