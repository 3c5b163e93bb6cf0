import type { Place, Refusal } from '../base/index.ts';

/**
 * A workflow as we understood it, every part with its place in the file. Text that may hold `${{ }}` stays text here:
 * the engine evaluates it when GitHub would, with the contexts that exist at that moment.
 * Source: GitHub's workflow syntax reference.
 */
export interface Workflow {
  /** Path as the user gave it, for messages. */
  readonly path: string;
  readonly name: string;
  readonly runName?: Text;
  readonly events: readonly EventTrigger[];
  readonly env: readonly Assignment[];
  readonly defaults: RunDefaults;
  readonly permissions?: Permissions;
  readonly jobs: readonly Job[];
  /** What it asks for and this version does not run, each with its place: a run with any does not begin. */
  readonly lacks: readonly { readonly job?: string; readonly why: Refusal }[];
}

/** Text from the file that may hold expressions. */
export interface Text {
  readonly text: string;
  readonly at: Place;
}

export interface Assignment {
  readonly name: string;
  readonly value: Text;
}

export interface EventTrigger {
  readonly event: string;
  readonly types?: readonly string[];
  readonly branches?: readonly string[];
  readonly branchesIgnore?: readonly string[];
  readonly tags?: readonly string[];
  readonly tagsIgnore?: readonly string[];
  readonly paths?: readonly string[];
  readonly pathsIgnore?: readonly string[];
  /** `schedule` */
  readonly cron?: readonly string[];
  /** `workflow_run` */
  readonly workflows?: readonly string[];
  /** `workflow_dispatch` */
  readonly inputs?: readonly DispatchInput[];
  readonly at: Place;
}

export interface DispatchInput {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'number' | 'choice' | 'environment';
  readonly required: boolean;
  readonly default?: string | number | boolean;
  readonly options?: readonly string[];
}

export type PermissionLevel = 'none' | 'read' | 'write';
/** Scope to level; what is not named is `none`, as GitHub has it once any scope is named. */
export type Permissions = Readonly<Record<string, PermissionLevel>>;

export interface RunDefaults {
  readonly shell?: Text;
  readonly workingDirectory?: Text;
}

export interface Job {
  readonly id: string;
  readonly name?: Text;
  readonly needs: readonly string[];
  readonly if?: Text;
  readonly runsOn: readonly Text[];
  readonly matrix?: MatrixSource;
  readonly failFast?: Text;
  readonly maxParallel?: Text;
  readonly env: readonly Assignment[];
  readonly defaults: RunDefaults;
  readonly outputs: readonly Assignment[];
  readonly timeoutMinutes?: Text;
  readonly continueOnError?: Text;
  readonly permissions?: Permissions;
  readonly environment?: { readonly name: Text; readonly url?: Text };
  readonly steps: readonly Step[];
  readonly at: Place;
}

/** A matrix in the file, or one expression that yields the whole. */
export type MatrixSource =
  | {
      readonly kind: 'mapping';
      /** Each value is JSON in which strings may hold expressions, or one expression for the whole vector. */
      readonly value: MatrixValue;
      readonly at: Place;
    }
  | { readonly kind: 'expression'; readonly text: Text; readonly at: Place };

export type MatrixValue =
  | null
  | boolean
  | number
  | string
  | readonly MatrixValue[]
  | { readonly [key: string]: MatrixValue };

interface StepBase {
  /** As written, or GitHub's generated one (`__run`, `__run_2`, ...). */
  readonly id: string;
  readonly name?: Text;
  readonly if?: Text;
  readonly env: readonly Assignment[];
  readonly continueOnError?: Text;
  readonly timeoutMinutes?: Text;
  readonly at: Place;
}

export interface RunStep extends StepBase {
  readonly kind: 'run';
  readonly run: Text;
  readonly shell?: Text;
  readonly workingDirectory?: Text;
}

export interface ActionStep extends StepBase {
  readonly kind: 'action';
  readonly uses: ActionReference;
  readonly with: readonly Assignment[];
}

export type Step = RunStep | ActionStep;

export type ActionReference =
  | { readonly kind: 'local'; readonly path: string; readonly at: Place }
  | {
      readonly kind: 'repository';
      readonly owner: string;
      readonly repository: string;
      readonly path: string;
      readonly ref: string;
      readonly at: Place;
    }
  | { readonly kind: 'docker'; readonly image: string; readonly at: Place };

/** `action.yml` of a local action. */
export interface ActionMetadata {
  readonly name: string;
  readonly inputs: readonly {
    readonly name: string;
    readonly required: boolean;
    readonly default?: Text;
    readonly deprecationMessage?: string;
  }[];
  readonly outputs: readonly { readonly name: string; readonly value?: Text }[];
  readonly runs:
    | { readonly using: 'composite'; readonly steps: readonly Step[] }
    | {
        readonly using: 'node';
        /** 20, 24: the major version that the action asks for. */
        readonly version: number;
        readonly main: string;
        readonly pre?: string;
        readonly preIf?: Text;
        readonly post?: string;
        readonly postIf?: Text;
      };
  readonly at: Place;
}

/** The contexts at one moment, each an ordinary JSON value. */
export type ContextValue =
  | null
  | boolean
  | number
  | string
  | readonly ContextValue[]
  | { readonly [key: string]: ContextValue };
export type Contexts = Readonly<Record<string, ContextValue>>;

/** What `success()`, `failure()`, `always()` and `cancelled()` answer from. */
export interface StatusSoFar {
  readonly status: 'success' | 'failure' | 'cancelled';
}
