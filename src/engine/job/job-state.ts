import type { ContextValue, Contexts, StatusSoFar } from '../../workflow/index.ts';

/** What a finished step left for `steps.ID`. */
export interface StepRecord {
  outputs: Record<string, string>;
  outcome: 'success' | 'failure' | 'cancelled' | 'skipped';
  conclusion: 'success' | 'failure' | 'cancelled' | 'skipped';
}

/**
 * Where a step stands: in the job itself, or in a composite action, which has steps and inputs of its own
 * (GitHub's metadata syntax for actions).
 */
export interface Scope {
  readonly steps: Map<string, StepRecord>;
  readonly inputs: Readonly<Record<string, ContextValue>>;
  /** Variables of the step that called the composite action; they reach its steps. */
  readonly environment: ReadonlyMap<string, string>;
  /** As the job sees it; absent in the job itself. */
  readonly actionPath?: string;
  readonly depth: number;
  /** Put before a step's id in the record: `outer.` in a composite action called by step `outer`. */
  readonly prefix: string;
  /** The status that `success()` asks for inside a composite action is that of its own steps. */
  status: StatusSoFar['status'];
}

/** The part of the contexts that does not change while a job runs. */
export interface JobGround {
  readonly github: { readonly [key: string]: ContextValue };
  readonly needs: ContextValue;
  readonly matrix: ContextValue;
  readonly strategy: ContextValue;
  readonly inputs: ContextValue;
  readonly vars: ContextValue;
  readonly secrets: Readonly<Record<string, string>>;
  readonly runner: ContextValue;
  /** GitHub's default variables. */
  readonly defaults: Readonly<Record<string, string>>;
  readonly path: string;
}

/** A step may leave a few MiB and a workflow may have thousands: together they stay in the engine's memory. */
const MAX_HELD = 32 * 2 ** 20;

/** What changes while a job runs: variables, the search path, and its status. */
export class JobState {
  readonly ground: JobGround;
  readonly #environment: Map<string, string>;
  #added: readonly string[] = [];
  #held = 0;
  status: StatusSoFar['status'] = 'success';

  constructor(ground: JobGround, environment: ReadonlyMap<string, string>) {
    this.ground = ground;
    this.#environment = new Map(environment);
  }

  /** Counts characters that a step left for others. False when they are more than is kept for one job. */
  hold(characters: number): boolean {
    if (this.#held + characters > MAX_HELD) return false;
    this.#held += characters;
    return true;
  }

  setVariable(name: string, value: string): void {
    this.#environment.set(name, value);
  }

  /** The last addition comes first, as GitHub has it. */
  addPath(directory: string): void {
    this.#added = [directory, ...this.#added];
  }

  searchPath(): string {
    return [...this.#added, this.#environment.get('PATH') ?? this.ground.path].join(':');
  }

  /** The `env` context: the job's variables, those of the calling composite steps, and the step's own. */
  variables(scope: Scope, own: ReadonlyMap<string, string> = new Map()): Map<string, string> {
    return new Map([...this.#environment, ...scope.environment, ...own]);
  }

  /** Every variable that a process of the step is started with. */
  processEnvironment(scope: Scope, own: ReadonlyMap<string, string>): Record<string, string> {
    const variables = [...this.variables(scope, own)].filter(
      // GitHub's own variables cannot be overwritten; CI and HOME can.
      ([name]) => !(/^(?:GITHUB|RUNNER)_/.test(name) && Object.hasOwn(this.ground.defaults, name)),
    );
    return {
      ...this.ground.defaults,
      ...Object.fromEntries(variables),
      PATH: own.get('PATH') ?? this.searchPath(),
      ...(scope.actionPath !== undefined && { GITHUB_ACTION_PATH: scope.actionPath }),
    };
  }

  contexts(scope: Scope, own: ReadonlyMap<string, string> = new Map()): Contexts {
    const { ground } = this;
    return {
      github: {
        ...ground.github,
        ...(scope.actionPath !== undefined && { action_path: scope.actionPath }),
        action_status: scope.depth > 0 ? scope.status : '',
      },
      env: Object.fromEntries(this.variables(scope, own)),
      job: { status: this.status },
      steps: Object.fromEntries(
        [...scope.steps].map(([id, step]) => [id, { ...step, outputs: { ...step.outputs } }]),
      ),
      runner: ground.runner,
      strategy: ground.strategy,
      matrix: ground.matrix,
      // A composite action is not given the job's secrets: its caller hands them on as inputs.
      ...(scope.depth > 0
        ? { inputs: { ...scope.inputs } }
        : {
            inputs: ground.inputs,
            secrets: { ...ground.secrets },
            needs: ground.needs,
            vars: ground.vars,
          }),
    };
  }
}

/** The scope of the job itself. */
export function jobScope(): Scope {
  return { steps: new Map(), inputs: {}, environment: new Map(), depth: 0, prefix: '', status: 'success' };
}
