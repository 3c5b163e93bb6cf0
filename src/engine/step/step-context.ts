import type { Refusal, Result } from '../../base/index.ts';
import type { LimitName, Limits } from '../../zone/index.ts';
import type { RunDefaults, Step, EvaluationMeans } from '../../workflow/index.ts';
import type { Cell } from '../cell/open-cell.ts';
import type { Journal, RunObserver } from '../cell/journal.ts';
import type { JobState, Scope } from '../job/job-state.ts';
import type { LocalRepository } from '../repository/local-repository.ts';
import type { RunEvent } from '../event/event.ts';
import type { JobFolders } from '../event/github-context.ts';
import type { JobLog } from './job-log.ts';
import type { Annotation } from './step-commands.ts';
import type { HostTool } from '../action/host-tools.ts';

/** What a step's own work gives: its outcome before `continue-on-error`, and its outputs. */
export interface StepWork {
  readonly outcome: 'success' | 'failure' | 'cancelled';
  readonly outputs: Readonly<Record<string, string>>;
  readonly exit?: { readonly code: number | null; readonly signal: string | null };
}

/** A step that is about to run: what its kind needs to know. */
export interface StepFrame {
  readonly id: string;
  readonly scope: Scope;
  /** The step's own variables, evaluated. */
  readonly environment: ReadonlyMap<string, string>;
  readonly timeoutMs: number;
  readonly context: StepContext;
  readonly signal: AbortSignal;
}

/** What every step of a job shares. */
export interface StepContext {
  readonly jobId: string;
  /** For composite actions, which are steps that run steps. */
  readonly runSteps: (steps: readonly Step[], scope: Scope, context: StepContext) => Promise<void>;
  /** Evaluates what may call `hashFiles`; the signal ends the hashing. */
  readonly evaluate: <T>(
    stepId: string,
    attempt: (means: EvaluationMeans) => Result<T, Refusal>,
  ) => Promise<Result<T, Refusal>>;
  readonly cell: Cell;
  readonly state: JobState;
  readonly folders: JobFolders;
  readonly limits: Limits;
  readonly journal: Journal;
  readonly observer: RunObserver;
  readonly log: JobLog;
  readonly annotate: (stepId: string, annotation: Annotation) => void;
  readonly summarise: (stepId: string, markdown: string) => Promise<void>;
  readonly limitHit: (limit: LimitName, value: number, stepId: string) => Promise<void>;
  readonly repository: LocalRepository;
  readonly event: RunEvent;
  /** The checkout that was made before the job, for the step that asks for it; it is taken once. */
  readonly checkedOut: { take(): { readonly commit: string; readonly uncommitted: boolean } | undefined };
  readonly tools: readonly HostTool[];
  /** Whether the job's root has a bash: without one, a step that names no shell is run by sh. */
  readonly hasBash: boolean;
  /** Ends the running step: the run was cancelled, or the job's time is up. */
  readonly signal: AbortSignal;
  /** Ends whatever runs at once, and lets nothing begin, not even what runs always. */
  readonly kill: AbortSignal;
  /** A private folder on the host for what a step needs prepared. */
  readonly scratch: string;
  /** Steps to run when the job's main steps are done, last first. */
  readonly post: PostStep[];
  /** `defaults.run` of the job and of the workflow, the nearer first; a composite action has none. */
  readonly defaults: readonly RunDefaults[];
}

export interface PostStep {
  readonly id: string;
  readonly name: string;
  /** GitHub's `post-if`. */
  readonly wanted: () => Promise<Result<boolean, Refusal>>;
  readonly run: (signal: AbortSignal) => Promise<'success' | 'failure' | 'cancelled'>;
}
