/** The points at which rules decide. */
export const POINTS = ['before', 'during', 'after'] as const;
export type Point = (typeof POINTS)[number];

/**
 * What a rule is asked about: the same document at all three points, with every field always there, so that nothing is decided
 * by an error that could have been decided by a value. What is not known at a point is empty: `""`, `[]`, `0`, `false`.
 * Text in it may be a stranger's.
 */
export interface RuleInput {
  readonly at: Point;
  readonly run: RunInput;
  readonly workflow: WorkflowInput;
  readonly job: JobInput;
  readonly findings: readonly FindingInput[];
  readonly connection: ConnectionInput;
  readonly result: ResultInput;
}

export interface RunInput {
  /** `check`, `run` or `exec`. */
  readonly command: string;
  readonly event: string;
  readonly repository: string;
  readonly ref: string;
  readonly commit: string;
  readonly actor: string;
  readonly fork: boolean;
}

export interface WorkflowInput {
  readonly path: string;
  readonly name: string;
  readonly triggers: readonly string[];
}

export interface JobInput {
  readonly id: string;
  /** `untrusted`, `internal` or `release`. */
  readonly zone: string;
  readonly runsOn: readonly string[];
  readonly environment: string;
  readonly image: string;
  /** The reusable workflow that it calls. */
  readonly uses: string;
  /** Scope to level, as written for the job or else for its workflow; `all` for `read-all` and `write-all`. */
  readonly permissions: Readonly<Record<string, string>>;
  /** Whether anything is written about permissions. */
  readonly permissionsSaid: boolean;
  /** Names of the secrets that it asks for. */
  readonly secrets: readonly string[];
  /** As written; 0: not written, or computed. */
  readonly timeoutMinutes: number;
  readonly steps: readonly StepInput[];
}

export interface StepInput {
  readonly name: string;
  /** As written: `actions/checkout@v4`. */
  readonly uses: string;
  /** `actions/checkout`, in lower case; empty for what is no action of a repository. */
  readonly action: string;
  /** `v4` */
  readonly ref: string;
  readonly run: string;
  readonly shell: string;
  readonly with: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly line: number;
}

export interface FindingInput {
  readonly rule: string;
  readonly severity: string;
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

export interface ConnectionInput {
  readonly host: string;
  readonly port: number;
  /** `tls`, `http` or `tcp`. */
  readonly protocol: string;
  /** Of a request that was read; empty where none is. */
  readonly method: string;
  readonly path: string;
  /** The executable, as the kernel names it; empty where it was not asked for. */
  readonly program: string;
}

export interface ResultInput {
  /** `success`, `failure` or `cancelled`. */
  readonly conclusion: string;
  /** What the gateway denied. */
  readonly denied: number;
  /** Hosts that were reached. */
  readonly hosts: readonly string[];
  /** Where the record does not know everything. */
  readonly gaps: number;
  readonly durationMs: number;
}

export const NO_STEP: StepInput = {
  name: '',
  uses: '',
  action: '',
  ref: '',
  run: '',
  shell: '',
  with: {},
  env: {},
  line: 0,
};
export const NO_FINDING: FindingInput = { rule: '', severity: '', file: '', line: 0, message: '' };

/** A document of which nothing is known. */
export const NOTHING: RuleInput = {
  at: 'before',
  run: { command: '', event: '', repository: '', ref: '', commit: '', actor: '', fork: true },
  workflow: { path: '', name: '', triggers: [] },
  job: {
    id: '',
    zone: 'untrusted',
    runsOn: [],
    environment: '',
    image: '',
    uses: '',
    permissions: {},
    permissionsSaid: false,
    secrets: [],
    timeoutMinutes: 0,
    steps: [],
  },
  findings: [],
  connection: { host: '', port: 0, protocol: '', method: '', path: '', program: '' },
  result: { conclusion: '', denied: 0, hosts: [], gaps: 0, durationMs: 0 },
};
