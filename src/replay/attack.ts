import type { RecordEvent } from '../audit/index.ts';
import type { BoundPath } from '../sandbox/index.ts';
import type { Limits } from '../zone/index.ts';
import type { Scene } from './ground/scene.ts';
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
  readonly sources: readonly string[];
  readonly cases: readonly ReplayCase[];
}

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
  /** Limits of the job that are lower than usual, so that the attack stays small. */
  readonly limits?: Partial<Limits>;
  /** What the job may reach; nothing unless named. */
  readonly allow?: readonly string[];
  /** Hosts that the gateway would dial, by name. */
  readonly addresses?: Readonly<Record<string, readonly string[]>>;
  /** Files of the host that the job is shown, read-only. */
  readonly shows?: readonly BoundPath[];
  /** A job is ended after this long; it counts as run. */
  readonly timeoutMs?: number;
  /** Whether the job itself holds the canary, as a secret that was given to it. */
  readonly holdsCanary?: boolean;
  /** The control is made impossible to arm: the job must be refused, and must not have begun. */
  readonly mustBeRefused?: true;
  /** Sets up what is attacked, outside every sandbox. */
  readonly prepare?: (scene: Scene) => Promise<void> | void;
  /**
   * Looked at from outside, again and again while a job runs: what harm is being done. `pids` are those of the job's
   * processes, as this side has them.
   */
  readonly during?: (scene: Scene, pids: readonly number[]) => string | undefined;
  /** Looked at from outside, after the jobs ended: what harm was done, in a few words; nothing when there was none. */
  readonly harm?: (scene: Scene) => Promise<string | undefined> | string | undefined;
  /** What the record of the contained run must hold. */
  readonly event: ExpectedEvent;
}

export interface ExpectedEvent {
  /** As the table shows it. */
  readonly name: string;
  readonly matches: (event: RecordEvent, canary: string) => boolean;
}

/** What belongs to a control that is not built yet. It is told as pending, and counts neither way. */
export interface PendingAttack {
  readonly name: string;
  readonly title: string;
  /** What it waits for. */
  readonly waitsFor: string;
}
