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

/** The limits by the keys that `cofferdam.yaml` uses for them. */
export const LIMIT_KEYS = {
  memory: 'memoryBytes',
  cpus: 'cpus',
  pids: 'pids',
  workspace: 'workspaceBytes',
  workspaceInodes: 'workspaceInodes',
  tmp: 'tmpBytes',
  tmpInodes: 'tmpInodes',
  openFiles: 'openFiles',
  stepTimeout: 'stepTimeoutMs',
  jobTimeout: 'jobTimeoutMs',
  log: 'logBytes',
  artifacts: 'artifactBytes',
} as const satisfies Readonly<Record<string, LimitName>>;

export type LimitKey = keyof typeof LIMIT_KEYS;

/** `memory`, `cpus`, ... in the order of the documents. */
export const LIMIT_KEY_NAMES = Object.keys(LIMIT_KEYS) as readonly LimitKey[];
