import type { ActionFile, InputPart, JobPart, StepPart, WorkflowFile } from '../repository/model.ts';
import { entriesOf, valueOf } from '../repository/tree.ts';
import type { Slot } from '../syntax/walk.ts';
import { githubContext, JOB_CONTEXT, RUNNER_CONTEXT, STRATEGY_CONTEXT, TEXTS } from './contexts.ts';
import type { Contexts } from './infer.ts';
import { matrixType } from './matrix-type.ts';
import { ANY, BOOL, NUMBER, object, objectFrom, STRING, type Type, union } from './type.ts';

export interface Outputs {
  readonly names: readonly string[];
  readonly all: boolean;
}

/** What a file calls, as far as it is known. */
export interface Known {
  /** Names of the outputs of what a step uses; undefined when they are not known. `all`: it cannot set others. */
  readonly outputsOf: (step: StepPart, job?: JobPart) => Outputs | undefined;
  /** The outputs of the workflow that a job calls. */
  readonly callOutputsOf: (job: JobPart) => readonly string[] | undefined;
  /** Whether a caller in this repository hands all of its secrets on. */
  readonly inherits: boolean;
}

/** Which types the contexts have, place by place of one file. */
export class ScopeContexts {
  readonly #file: WorkflowFile | ActionFile;
  readonly #known: Known;
  readonly #whole: Contexts;
  readonly #byId: ReadonlyMap<string, JobPart>;
  readonly #jobs = new Map<string, Contexts>();
  #last: Pick<Slot, 'place' | 'job' | 'step'> = { place: 'nowhere' };
  #lastContexts: Contexts | undefined;
  readonly #steps = new Map<string, readonly (readonly [string, Type])[]>();

  constructor(file: WorkflowFile | ActionFile, known: Known) {
    this.#file = file;
    this.#known = known;
    const jobs = file.kind === 'workflow' ? file.jobs : [];
    // The first counts where there are two that differ by their case, and each is found by its own.
    this.#byId = new Map([
      ...jobs.toReversed().map((job) => [job.id.toLowerCase(), job] as const),
      ...jobs.map((job) => [job.id, job] as const),
    ]);
    this.#whole = file.kind === 'workflow' ? ofWorkflow(file, known) : ofAction(file);
  }

  at(slot: Slot): Contexts {
    // Slots come in the order of the file: those of a step one after the other.
    const { place, job, step } = this.#last;
    const isSame =
      job === slot.job && step === slot.step && (place === 'callOutput') === (slot.place === 'callOutput');
    if (!isSame || this.#lastContexts === undefined) this.#lastContexts = this.#contextsOf(slot);
    this.#last = slot;
    return this.#lastContexts;
  }

  #contextsOf(slot: Slot): Contexts {
    if (this.#file.kind === 'action') {
      const { steps } = this.#file;
      return new OneMore(this.#whole, 'steps', () => this.#stepsBefore('', steps, undefined, slot.step));
    }
    if (slot.place === 'callOutput') {
      const file = this.#file;
      return new OneMore(this.#whole, 'jobs', () => this.#jobsType(file));
    }
    const job =
      slot.job === undefined
        ? undefined
        : (this.#byId.get(slot.job) ?? this.#byId.get(slot.job.toLowerCase()));
    if (job === undefined) return this.#whole;
    return new OneMore(this.#ofJob(job), 'steps', () => this.#stepsBefore(job.id, job.steps, job, slot.step));
  }

  #ofJob(job: JobPart): Contexts {
    const known = this.#jobs.get(job.id);
    if (known !== undefined) return known;
    const contexts = new OneMore(new OneMore(this.#whole, 'needs', () => this.#needsOf(job)), 'matrix', () =>
      matrixType(job.matrix),
    );
    this.#jobs.set(job.id, contexts);
    return contexts;
  }

  #needsOf(job: JobPart): Type {
    const needs = new Map<string, Type>();
    for (const { text } of job.needs) {
      const needed = this.#byId.get(text.toLowerCase());
      if (needed !== undefined) needs.set(text, this.#jobType(needed));
      // What an expression makes of it is not known.
      else if (text.includes('${{')) return ANY;
    }
    return objectFrom(needs);
  }

  #jobType(job: JobPart): Type {
    const names =
      job.uses === undefined ? job.outputs.map(({ name }) => name) : this.#known.callOutputsOf(job);
    return object({ result: STRING, outputs: textsNamed(names) });
  }

  #jobsType(file: WorkflowFile): Type {
    return objectFrom(file.jobs.map((job) => [job.id, this.#jobType(job)] as const));
  }

  #stepsBefore(
    id: string,
    steps: readonly StepPart[],
    job: JobPart | undefined,
    index = Number.POSITIVE_INFINITY,
  ): Type {
    if (steps.length > MAX_STEPS) return ANY;
    let all = this.#steps.get(id);
    if (all === undefined) {
      all = steps.map((step) => {
        const outputs = outputsType(step.uses === undefined ? undefined : this.#known.outputsOf(step, job));
        return [step.id ?? '', object({ outputs, outcome: STRING, conclusion: STRING })] as const;
      });
      this.#steps.set(id, all);
    }
    const before = all.filter(([name], at) => name !== '' && at < index);
    // What an expression makes of an id is not known; of an id that is there twice, either may be meant.
    if (before.some(([name]) => name.includes('${{'))) return ANY;
    const known = new Map<string, Type>();
    for (const [name, type] of before) {
      const one = known.get(name.toLowerCase());
      known.set(name.toLowerCase(), one === undefined ? type : union(one, type));
    }
    return objectFrom(known);
  }
}

/** Contexts, and one more, whose type is made when an expression names it: most name others. */
class OneMore implements Contexts {
  readonly #outer: Contexts;
  readonly #name: string;
  readonly #make: () => Type;
  #type: Type | undefined;

  constructor(outer: Contexts, name: string, make: () => Type) {
    this.#outer = outer;
    this.#name = name;
    this.#make = make;
  }

  get(name: string): Type | undefined {
    if (name !== this.#name) return this.#outer.get(name);
    this.#type ??= this.#make();
    return this.#type;
  }
}

/** Of one job; with more, steps may be named as one likes. */
const MAX_STEPS = 500;

/** A program may set outputs that its metadata do not name. */
function outputsType(outputs: Outputs | undefined): Type {
  const named = textsNamed(outputs?.names);
  return outputs?.all === false && named.kind === 'object'
    ? { ...named, rest: STRING, guessed: true }
    : named;
}

function textsNamed(names: readonly string[] | undefined): Type {
  return names === undefined ? TEXTS : objectFrom(names.map((name) => [name, STRING] as const));
}

const COMMON: readonly (readonly [string, Type])[] = [
  ['env', TEXTS],
  ['job', JOB_CONTEXT],
  ['runner', RUNNER_CONTEXT],
  ['strategy', STRATEGY_CONTEXT],
];

function ofAction(file: ActionFile): Contexts {
  const inputs = objectFrom(file.inputs.map(({ name }) => [name, STRING] as const));
  return new Map([...COMMON, ['github', githubContext(undefined)], ['inputs', inputs]]);
}

const INPUT_TYPES: Readonly<Record<string, Type>> = {
  string: STRING,
  choice: STRING,
  environment: STRING,
  boolean: BOOL,
  number: NUMBER,
};

function ofWorkflow(file: WorkflowFile, known: Known): Contexts {
  const triggers = new Set(file.triggers.map(({ event }) => event));
  const inputs = new Map<string, Type>();
  for (const { event, value, inputs: parts } of file.triggers)
    if (event === 'workflow_dispatch' || event === 'workflow_call')
      for (const part of parts) {
        const type = inputType(
          part,
          entriesOf(valueOf(value, 'inputs')).some(
            ({ key, value: one }) => key === part.name && valueOf(one, 'type') !== undefined,
          ),
        );
        const before = inputs.get(part.name.toLowerCase());
        inputs.set(part.name.toLowerCase(), before === undefined ? type : union(before, type));
      }
  const dispatched = triggers.has('workflow_dispatch') && !triggers.has('workflow_call');
  const eventInputs = dispatched
    ? objectFrom([...inputs.keys()].map((name) => [name, STRING] as const))
    : undefined;
  return new Map([
    ...COMMON,
    ['github', githubContext(eventInputs)],
    ['vars', TEXTS],
    ['inputs', objectFrom(inputs)],
    ['secrets', secretsType(file, triggers, known)],
  ]);
}

function inputType({ type }: InputPart, isTyped: boolean): Type {
  return isTyped && Object.hasOwn(INPUT_TYPES, type) ? (INPUT_TYPES[type] ?? ANY) : ANY;
}

/** Secrets are known by name only in a workflow that is nothing but called, and names them. */
function secretsType(file: WorkflowFile, triggers: ReadonlySet<string>, { inherits }: Known): Type {
  const call = file.triggers.find(({ event }) => event === 'workflow_call');
  const secrets = valueOf(call?.value, 'secrets');
  if (secrets === undefined || triggers.size > 1 || inherits) return TEXTS;
  const names = [
    'github_token',
    'actions_step_debug',
    'actions_runner_debug',
    ...entriesOf(secrets).map(({ key }) => key),
  ];
  return objectFrom(names.map((name) => [name, STRING] as const));
}
