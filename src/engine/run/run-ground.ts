import type { Refusal } from '../../base/index.ts';
import type { ContextValue, EvaluationWork, MatrixChoice, Workflow } from '../../workflow/index.ts';
import type { RootImage } from '../../sandbox/index.ts';
import type { HostTool } from '../action/host-tools.ts';
import type { Journal, RunObserver } from '../cell/journal.ts';
import type { JobRules } from '../rules/run-rules.ts';
import type { RunEvent } from '../event/event.ts';
import type { LocalRepository } from '../repository/local-repository.ts';
import type { JobZone } from '../trust/job-zones.ts';
import type { LivePolicy } from '../trust/live-policy.ts';

/** Gives who approved a job that needs approval, or nothing. */
export type ApproveJob = (job: string, zone: string) => Promise<readonly string[]>;

/** What all jobs of a run share. */
export interface RunGround {
  readonly runId: string;
  readonly workflow: Workflow;
  readonly workflowPath: string;
  readonly repository: LocalRepository;
  readonly event: RunEvent;
  /** By job id: what each is granted. */
  readonly zones: ReadonlyMap<string, JobZone>;
  /** By job id: the user's own rules; none where nobody wrote one. */
  readonly rules: ReadonlyMap<string, JobRules>;
  /** Values that the operator gave for secrets, by name in upper case. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Approves a job on behalf of people who can be named; absent: nobody can be asked. */
  readonly approve: ApproveJob;
  /** Ends every job at once. */
  readonly kill: AbortSignal;
  readonly tools: readonly HostTool[];
  /** Where a job looks for programs of the host. */
  readonly searchPath: string;
  /** What every job's root is made of; absent: the host's `/usr`. */
  readonly image: RootImage | undefined;
  readonly journal: Journal;
  /** Follows the operator's file. */
  readonly live: LivePolicy;
  readonly observer: RunObserver;
  readonly logs: string;
  readonly scratch: string;
  readonly inputs: ContextValue;
  /** What all evaluations of the run may still take. */
  readonly work: EvaluationWork;
  /** Which combinations of a matrix the one who started the run wants. */
  readonly matrix: MatrixChoice;
  /** `failed`: jobs that failed by themselves. `stopped`: those that a limit of their zone ended, or a wall that fell. */
  readonly counts: { denied: number; gaps: number; failed: number; stopped: number };
  /** Why jobs were refused before anything of theirs ran. */
  readonly refusals: Refusal[];
}
