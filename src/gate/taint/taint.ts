import type { Assignment, Text } from '../../workflow/index.ts';
import type { Hop, Span } from '../finding.ts';
import type { ActionFile, WorkflowFile } from '../repository/model.ts';
import { entriesOf, spanOf, textsIn } from '../repository/tree.ts';
import type { Scope, Site, Subject } from '../subject.ts';
import { leftOpen } from './conditions.ts';
import { dispatched } from './dispatches.ts';
import { passesOn, strangersOutput } from './known-actions.ts';
import { afterStrangers } from './runs-before.ts';
import { readByAction } from './read-files.ts';
import { type Reference, valueReferences } from './references.ts';
import { dynamicEnvironment, scriptOutputs } from './script-flow.ts';
import { PRIVILEGED_EVENTS, sourcesOf } from './sources.ts';
import { type Following, type SetSoFar, type Taint, unique } from './value.ts';
import { type Filled, filledBy } from './workspace.ts';

const MAX_DEPTH = 12;

/** Follows values backwards from where they are used. Bounded; a circle adds nothing. */
export class Taints implements Following {
  readonly subject: Subject;
  readonly #known = new Map<string, readonly Taint[]>();
  readonly #filled = new Map<object, readonly Filled[]>();
  readonly #variables = new Map<object, Map<string, readonly Taint[]>>();
  readonly #set = new Map<object, Map<string, SetSoFar>>();
  readonly #outputs = new Map<object, Map<string, readonly Taint[]>>();
  #depth = 0;

  constructor(subject: Subject) {
    this.subject = subject;
  }

  /** What decides over a text where it stands. */
  of(text: Text, scope: Scope): readonly Taint[] {
    if (!text.text.includes('${{')) return [];
    const key = `${scope.file.source.path}:${text.at.line}:${text.at.column}:${scope.job?.id ?? ''}:${scope.step?.index ?? ''}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#depth > MAX_DEPTH) return [];
    this.#known.set(key, []);
    this.#depth += 1;
    const found = unique(
      this.subject
        .expressions(scope.file, text)
        .flatMap(({ tree, at }) => valueReferences(tree).flatMap((one) => this.reference(one, scope, at))),
    );
    this.#depth -= 1;
    this.#known.set(key, found);
    return found;
  }

  /** Every step of a job, or of an action, that fills the workspace from somewhere that a stranger decides. */
  filled(scope: Scope): readonly Filled[] {
    const where = scope.job ?? scope.file;
    const known = this.#filled.get(where);
    if (known !== undefined) return known;
    // While it is looked for, the workspace counts as nobody's.
    this.#filled.set(where, []);
    const found = filledBy(this, scope);
    this.#filled.set(where, found);
    return found;
  }

  variables({ step }: Site): Map<string, readonly Taint[]> {
    const known = this.#variables.get(step) ?? new Map<string, readonly Taint[]>();
    this.#variables.set(step, known);
    return known;
  }

  setBefore(site: Site): Map<string, SetSoFar> {
    const where = site.job ?? site.file;
    const known = this.#set.get(where) ?? new Map<string, SetSoFar>();
    this.#set.set(where, known);
    return known;
  }

  /** Asked once for each name: a hostile file may hold a hundred thousand expressions. */
  #once(where: object, name: string, find: () => readonly Taint[]): readonly Taint[] {
    const known = this.#outputs.get(where) ?? new Map<string, readonly Taint[]>();
    this.#outputs.set(where, known);
    const before = known.get(name);
    if (before !== undefined) return before;
    known.set(name, []);
    const found = unique(find());
    known.set(name, found);
    return found;
  }

  /** What decides over a path into the contexts. */
  reference(reference: Reference, scope: Scope, at: Span): readonly Taint[] {
    const [context, name = '*'] = reference;
    const hop = (what: string): Hop => ({ at, what });
    const written = reference.join('.');
    switch (context) {
      case 'github': {
        const inputs = reference[1] === 'event' && reference[2] === 'inputs' ? reference[3] : undefined;
        if (inputs !== undefined && this.#harmlessInput(scope.file, inputs)) return [];
        return [
          ...this.#source(reference, scope, hop(written)),
          ...this.#started(reference, scope, hop(written)),
        ];
      }
      case 'inputs':
        return this.#input(name, scope, hop(written));
      case 'env':
        return this.#extended(
          this.#once(scope.step ?? scope.job ?? scope.file, `env ${name}`, () =>
            this.environment(name, scope),
          ),
          hop(`reads ${written}`),
        );
      case 'matrix':
        return this.#extended(
          this.#once(scope.job ?? scope.file, `matrix ${name}`, () => this.#matrix(name, scope)),
          hop(`reads ${written}`),
        );
      case 'steps':
        return this.#extended(
          this.#once(scope.job ?? scope.file, `steps ${name} ${reference[3] ?? '*'}`, () =>
            this.#stepOutput(name, reference[3] ?? '*', scope),
          ),
          hop(`reads ${written}`),
        );
      case 'needs':
        return this.#extended(
          this.#once(scope.file, `needs ${name} ${reference[3] ?? '*'}`, () =>
            this.#jobOutput(name, reference[3] ?? '*', scope),
          ),
          hop(`reads ${written}`),
        );
      default:
        return [];
    }
  }

  /** What another run of this repository has given to this one. */
  #started(reference: Reference, { file }: Scope, hop: Hop): readonly Taint[] {
    const [, event, list, name = '*'] = reference;
    if (event !== 'event' || file.kind !== 'workflow') return [];
    if (list === 'inputs') return this.#extended(dispatched(this, file, 'workflow_dispatch', name), hop);
    if (list !== 'client_payload') return [];
    return this.#extended(dispatched(this, file, 'repository_dispatch', name), hop);
  }

  #source(reference: Reference, scope: Scope, hop: Hop): readonly Taint[] {
    const reaching = this.subject.reaching(scope.file);
    // Of an action that is published for others nobody knows what brings it to run.
    const open = scope.file.kind === 'action' && reaching.length === 0;
    return sourcesOf(reference).flatMap(({ events, by, holds, path }) => {
      const met = reaching.filter(
        ({ event }) =>
          events.includes(event) && (path[2] !== 'workflow_run' || afterStrangers(this.subject, scope.file)),
      );
      if (met.length === 0 && !open) return [];
      // Events of which it is a privileged one come first: that is the way to show.
      const names = met.map(({ event }) => event);
      const strange =
        by === 'stranger' ? leftOpen(this.subject, scope, names, 'stranger', path.join('.')) : [];
      const left = strange.length > 0 ? strange : leftOpen(this.subject, scope, names, 'writer');
      if (left.length === 0 && !open) return [];
      const shown = met.filter(({ event }) => left.includes(event));
      const best = shown.find(({ event }) => PRIVILEGED_EVENTS.has(event)) ?? shown[0];
      return [
        {
          origin: path.join('.'),
          by: open ? 'caller' : strange.length > 0 ? by : 'writer',
          holds,
          events: left,
          hops: [...(best?.via ?? []), hop],
        },
      ];
    });
  }

  /** Inputs of a kind that holds no text of one's own choice. */
  #harmlessInput(file: WorkflowFile | ActionFile, name: string): boolean {
    if (file.kind === 'action') return false;
    const inputs = file.triggers.flatMap((trigger) => trigger.inputs);
    const types = inputs.filter((input) => input.name.toLowerCase() === name).map(({ type }) => type);
    return (
      types.length > 0 && types.every((type) => ['boolean', 'number', 'choice', 'environment'].includes(type))
    );
  }

  #input(name: string, scope: Scope, hop: Hop): readonly Taint[] {
    const { file } = scope;
    if (this.#harmlessInput(file, name)) return [];
    const found: Taint[] = [];
    const calls = this.subject.callsOf(file);
    for (const call of calls) {
      const given = (call.scope.step?.with ?? call.scope.job?.with ?? []).filter(
        (one) => name === '*' || one.name.toLowerCase() === name,
      );
      for (const { value } of given) found.push(...this.#extended(this.of(value, call.scope), call.hop, hop));
    }
    if (file.kind === 'workflow') {
      const dispatch = file.triggers.find(({ event }) => event === 'workflow_dispatch');
      if (dispatch?.inputs.some((input) => name === '*' || input.name.toLowerCase() === name) === true)
        found.push({
          origin: `inputs.${name}`,
          by: 'writer',
          holds: 'text',
          events: ['workflow_dispatch'],
          hops: [{ at: dispatch.at, what: 'runs on workflow_dispatch' }, hop],
        });
      if (dispatch !== undefined)
        found.push(...this.#extended(dispatched(this, file, 'workflow_dispatch', name), hop));
    }
    const callable = file.kind === 'action' || file.triggers.some(({ event }) => event === 'workflow_call');
    // One that is called here is judged by its callers.
    if (callable && calls.length === 0)
      found.push({ origin: `inputs.${name}`, by: 'caller', holds: 'text', events: [], hops: [hop] });
    return found;
  }

  /** An environment variable where a step or a text stands: of the step, the job, the workflow, or from an earlier step. */
  environment(name: string, scope: Scope): readonly Taint[] {
    const { file, job, step } = scope;
    const outer = file.kind === 'workflow' ? file.env : [];
    const lists: readonly { readonly env: readonly Assignment[]; readonly scope: Scope }[] = [
      { env: step?.env ?? [], scope },
      { env: job?.env ?? [], scope: { file, ...(job !== undefined && { job }) } },
      { env: outer, scope: { file } },
    ];
    for (const { env, scope: where } of lists) {
      const found = env.filter((one) => name === '*' || one.name.toLowerCase() === name.toLowerCase());
      if (found.length === 0) continue;
      return found.flatMap(({ name: variable, value }) =>
        this.#extended(this.of(value, where), {
          at: spanOf(file.source, value.at, value.text.length),
          what: `is put into the variable ${variable}`,
        }),
      );
    }
    return step === undefined ? [] : dynamicEnvironment(this, name, { ...scope, step });
  }

  #matrix(name: string, { file, job }: Scope): readonly Taint[] {
    if (job?.matrix === undefined) return [];
    const { matrix } = job;
    const scope = { file, job };
    const whole = matrix.kind === 'scalar' ? textsIn(matrix) : [];
    const own = entriesOf(matrix).flatMap(({ key, value }) => {
      if (key === 'exclude') return [];
      if (key !== 'include') return name === '*' || key.toLowerCase() === name ? textsIn(value) : [];
      if (value.kind !== 'sequence') return textsIn(value);
      return value.items.flatMap((item) =>
        entriesOf(item)
          .filter((entry) => name === '*' || entry.key.toLowerCase() === name)
          .flatMap((entry) => textsIn(entry.value)),
      );
    });
    return [...whole, ...own].flatMap((text) =>
      this.#extended(this.of(text, scope), {
        at: spanOf(file.source, text.at, text.text.length),
        what: 'is put into the matrix',
      }),
    );
  }

  #stepOutput(id: string, output: string, scope: Scope): readonly Taint[] {
    const steps = scope.job?.steps ?? (scope.file.kind === 'action' ? scope.file.steps : []);
    return (id === '*' ? steps : (named(steps, (step) => step.id).get(id) ?? [])).flatMap((step) => {
      const site = { file: scope.file, step, ...(scope.job !== undefined && { job: scope.job }) };
      const { uses } = step;
      if (uses === undefined || this.subject.scriptText(site) !== undefined)
        return scriptOutputs(this, output, site);
      const called = this.subject.calledAction(step, scope.job);
      if (called !== undefined)
        return called.outputs
          .filter((one) => output === '*' || one.name.toLowerCase() === output)
          .flatMap(({ value }) => this.of(value, { file: called }));
      if (uses.kind === 'repository' && passesOn(uses.repository))
        return step.with.flatMap(({ value }) =>
          this.#extended(this.of(value, site), {
            at: spanOf(scope.file.source, value.at, value.text.length),
            what: `is given to ${uses.repository}, which gives it on`,
          }),
        );
      const read = readByAction(this, site);
      if (read.length > 0) return read;
      if (uses.kind !== 'repository' || !strangersOutput(uses.repository, output)) return [];
      const events = this.subject.reachedByStrangers(scope.file);
      if (events.length === 0) return [];
      const best = events.find(({ event }) => PRIVILEGED_EVENTS.has(event)) ?? events[0];
      return [
        {
          origin: `an output of ${uses.repository}`,
          by: 'stranger' as const,
          holds: 'text' as const,
          events: events.map(({ event }) => event),
          hops: [
            ...(best?.via ?? []),
            {
              at: spanOf(scope.file.source, uses.at, uses.text.length),
              what: `gives what a stranger wrote as ${output}`,
            },
          ],
        },
      ];
    });
  }

  #jobOutput(id: string, output: string, { file }: Scope): readonly Taint[] {
    if (file.kind !== 'workflow') return [];
    return (id === '*' ? file.jobs : (named(file.jobs, (job) => job.id).get(id) ?? [])).flatMap((job) => {
      const called = this.subject.calledWorkflow(job);
      const own = job.outputs
        .filter((one) => output === '*' || one.name.toLowerCase() === output)
        .flatMap(({ value }) => this.#out(value, { file, job }));
      return called === undefined ? own : [...own, ...this.#calledOutput(called, output)];
    });
  }

  #calledOutput(called: WorkflowFile, output: string): readonly Taint[] {
    const trigger = called.triggers.find(({ event }) => event === 'workflow_call');
    const outputs = entriesOf(trigger?.value).find(({ key }) => key === 'outputs')?.value;
    return entriesOf(outputs)
      .filter(({ key }) => output === '*' || key.toLowerCase() === output)
      .flatMap(({ value }) => textsIn(value))
      .flatMap((text) =>
        this.subject
          .expressions(called, text)
          .flatMap(({ tree, at }) =>
            valueReferences(tree).flatMap((reference) =>
              reference[0] === 'jobs'
                ? this.#extended(
                    this.#jobOutput(reference[1] ?? '*', reference[3] ?? '*', { file: called }),
                    { at, what: 'is an output of the called workflow' },
                  )
                : this.reference(reference, { file: called }, at),
            ),
          ),
      );
  }

  #out(value: Text, scope: Scope): readonly Taint[] {
    return this.#extended(this.of(value, scope), {
      at: spanOf(scope.file.source, value.at, value.text.length),
      what: 'is an output of the job',
    });
  }

  #extended(taints: readonly Taint[], ...hops: readonly Hop[]): readonly Taint[] {
    return taints.map((taint) => ({ ...taint, hops: [...taint.hops, ...hops] }));
  }
}

const BY_NAME = new WeakMap<object, ReadonlyMap<string, readonly unknown[]>>();

/** Steps or jobs by their id in lower case, sorted once: a file may have thousands, and name each. */
function named<T>(
  list: readonly T[],
  nameOf: (one: T) => string | undefined,
): ReadonlyMap<string, readonly T[]> {
  const known = BY_NAME.get(list) as ReadonlyMap<string, readonly T[]> | undefined;
  if (known !== undefined) return known;
  const found = Map.groupBy(
    list.filter((one) => nameOf(one) !== undefined),
    (one) => nameOf(one)?.toLowerCase() ?? '',
  );
  BY_NAME.set(list, found);
  return found;
}

/** What is followed in a repository: one for all who ask, as each answer is kept. */
export function taintsOf(subject: Subject): Taints {
  return subject.once(follow);
}

function follow(subject: Subject): Taints {
  return new Taints(subject);
}
