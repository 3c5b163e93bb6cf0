import type { AllowEntry, RuntimeName } from '../config/index.ts';
import type { BoundPath } from '../sandbox/index.ts';
import type { Limits } from '../zone/index.ts';
import type { ExpectedEvent } from './expected-event.ts';
import type { Scene } from './ground/scene.ts';
import type { Need } from './needs.ts';
import type { WallName } from './ground/walls.ts';

/**
 * One attack that happened, or was published: a folder of `attacks/` with this as its `attack.ts`, and beside it the script
 * that a job runs, `attack.mjs`.
 */
export interface Attack {
  /** The folder's name. */
  readonly name: string;
  readonly title: string;
  /** What was done, by whom it was found and where, in our own words. */
  readonly story: string;
  /** Incidents, CVE numbers, sections of the guide. */
  readonly sources: readonly Source[];
  readonly cases: readonly ReplayCase[];
}

/** Where an attack is told of: a name, and a page, unless it is a section of the guide. */
export type Source = readonly [what: string, page?: string];

/** One way to do it, and the control that must contain it. */
export interface ReplayCase {
  readonly name: string;
  /** What contains it, in the words of docs/threat-model.md. */
  readonly control: string;
  /**
   * The walls that the off-run lacks. More than one is named when each would contain the attack by itself: then the case
   * is about all of them.
   */
  readonly without: readonly WallName[];
  /** For each of its jobs, the arguments of the script. Each job has a new sandbox of the same folder. Default: one job. */
  readonly jobs?: readonly (readonly string[])[];
  /** In the place of jobs that run the script: a workflow, which runs it where its steps say so. */
  readonly workflow?: WorkflowRun;
  /** Limits of the job that are lower than usual, so that the attack stays small. Not of a workflow. */
  readonly limits?: Partial<Limits>;
  /** What the job may reach; nothing unless named. A workflow's are names. */
  readonly allow?: readonly AllowEntry[];
  /**
   * What it may reach in the off-run, which then is the product's own too, with its gateway: for what narrows an entry, and
   * would not be seen to matter where all is open.
   */
  readonly allowedWithout?: readonly AllowEntry[];
  /** Hosts that the gateway would dial, by name; without it, what the sink answers. */
  readonly addresses?: Readonly<Record<string, readonly string[]>>;
  /** Files of the host that the job is shown, read-only. */
  readonly shows?: readonly BoundPath[];
  /** A job is ended after this long; it counts as run. */
  readonly timeoutMs?: number;
  /** Whether the job itself holds the canary, as a secret that was given to it. */
  readonly holdsCanary?: boolean;
  /** The control is made impossible to arm: the job must be refused, and must not have begun. */
  readonly mustBeRefused?: true;
  /** Why it makes no sense with a runtime: then it is not run there, and counts neither way. */
  readonly notWith?: Partial<Readonly<Record<RuntimeName, string>>>;
  /** What the machine must have for the case to make sense: without it, it is not run, and counts neither way. */
  readonly needs?: Need;
  /** Sets up what is attacked, outside every sandbox. */
  readonly prepare?: (scene: Scene) => Promise<void> | void;
  /**
   * Looked at from outside, again and again while a job runs: what harm is being done. `pids` are those of the job's
   * processes, as this side has them.
   */
  readonly during?: (scene: Scene, pids: readonly number[]) => string | undefined;
  /** What the operator does with a job that ended, before harm is looked for. */
  readonly afterwards?: (scene: Scene) => Promise<void> | void;
  /** Looked at from outside, after the jobs ended: what harm was done, in a few words; nothing when there was none. */
  readonly harm?: (scene: Scene) => Promise<string | undefined> | string | undefined;
  /** What the record of the contained run must hold. */
  readonly event: ExpectedEvent;
  /** With a runtime of which less is seen, what its record must hold instead. */
  readonly eventWith?: Partial<Readonly<Record<RuntimeName, ExpectedEvent>>>;
}

/**
 * A workflow, run as `cofferdam run` runs it. Without its control, its steps are run as a runner does that keeps nothing:
 * expressions become text of the script, secrets are there, and command files are obeyed.
 */
export interface WorkflowRun {
  readonly steps: readonly WorkflowStep[];
  /** `pull-request`: from a fork, with no rights. `push`: to a protected branch, and secrets.TOKEN is the canary. */
  readonly event: 'pull-request' | 'push';
  /** Parts of the event's payload that the attacker writes. */
  readonly payload?: (canary: string) => Readonly<Record<string, unknown>>;
  /** What is changed in the repository when it is committed. */
  readonly afterCommit?: (scene: Scene) => void;
}

/** As in a workflow: `run` may hold expressions. An action is used by the product alone. */
export interface WorkflowStep {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly 'working-directory'?: string;
}

/** What belongs to a control that is not built yet. It is told as pending, and counts neither way. */
export interface PendingAttack {
  readonly name: string;
  readonly title: string;
  /** What it waits for. */
  readonly waitsFor: string;
}
