import {
  type Expression,
  expressionsIn,
  isOneExpression,
  parseAnywhere,
  type Text,
  type Tree,
} from '../workflow/index.ts';
import { type Facts, NO_FACTS } from './facts.ts';
import type { Hop, Span } from './finding.ts';
import type { ActionFile, JobPart, Repository, StepPart, WorkflowFile } from './repository/model.ts';
import { ExpressionPlaces, spanOf, textsIn } from './repository/tree.ts';
import { scriptInput } from './known/script-inputs.ts';
import { languageOf } from './shell/language.ts';
import { readScriptOf } from './shell/read-script-of.ts';
import type { ScriptLanguage, ShellScript } from './shell/script.ts';
import { STRANGERS_EVENTS } from './taint/sources.ts';
import { runsOnWindows } from './runners/windows.ts';
import { type FileProblems, problemsOf } from './types/problems.ts';

/** A step where it stands: in a workflow's job, or in a composite action. */
export interface Site {
  readonly file: WorkflowFile | ActionFile;
  readonly job?: JobPart;
  readonly step: StepPart;
}

/** Where a text stands, as far as it matters to what it may name. */
export interface Scope {
  readonly file: WorkflowFile | ActionFile;
  readonly job?: JobPart;
  readonly step?: StepPart;
}

/** An event that brings a file to run, and the calls on the way. */
export interface Reaching {
  readonly event: string;
  readonly via: readonly Hop[];
}

export interface PlacedExpression {
  readonly tree: Expression;
  readonly source: string;
  /** Found out when it is asked for: to name it where it is not told costs time. */
  readonly at: Span;
}

class OneOfText implements PlacedExpression {
  readonly tree: Expression;
  readonly source: string;
  readonly #places: ExpressionPlaces;
  readonly #index: number;

  constructor(tree: Expression, source: string, places: ExpressionPlaces, index: number) {
    this.tree = tree;
    this.source = source;
    this.#places = places;
    this.#index = index;
  }

  get at(): Span {
    return this.#places.at(this.#index);
  }
}

const NO_EXPRESSIONS: readonly PlacedExpression[] = [];

const MAX_REACHING = 100;
const MAX_CALLS = 10;

/** What is checked, with what follows from it: computed once and kept, as many rules ask the same. */
export class Subject {
  readonly repository: Repository;
  /** What is known besides the repository\u2019s files. */
  readonly facts: Facts;
  readonly sites: readonly Site[];
  #sitesByFile: ReadonlyMap<string, readonly Site[]> | undefined;
  readonly #reaching = new Map<WorkflowFile | ActionFile, readonly Reaching[]>();
  readonly #scripts = new Map<ScriptLanguage, Map<string, ShellScript>>();
  readonly #ofSteps = new Map<StepPart, ShellScript | null>();
  readonly #conditions = new Map<Text, Expression | null>();
  readonly #problems = new Map<WorkflowFile | ActionFile, FileProblems>();
  readonly #expressions = new Map<Text, readonly PlacedExpression[]>();
  readonly #below = new Map<Tree, readonly PlacedExpression[]>();
  readonly #once = new Map<unknown, unknown>();
  readonly #trees = new Map<string, Expression | undefined>();
  readonly #actions: ReadonlyMap<string, ActionFile>;
  readonly #workflows: ReadonlyMap<string, WorkflowFile>;
  readonly #calls = new Map<WorkflowFile | ActionFile, { readonly scope: Scope; readonly hop: Hop }[]>();

  constructor(repository: Repository, facts: Facts = NO_FACTS) {
    this.repository = repository;
    this.facts = facts;
    this.#actions = new Map(repository.actions.map((action) => [action.folder, action]));
    this.#workflows = new Map(repository.workflows.map((workflow) => [workflow.source.path, workflow]));
    this.sites = [
      ...repository.workflows.flatMap((file) =>
        file.jobs.flatMap((job) => job.steps.map((step) => ({ file, job, step }))),
      ),
      ...repository.actions.flatMap((file) => file.steps.map((step) => ({ file, step }))),
    ];
    for (const { file, job, step } of this.sites) {
      const called = this.calledAction(step, job);
      if (called !== undefined && step.uses !== undefined)
        this.#call(called, { file, step, ...(job !== undefined && { job }) }, step.uses);
    }
    for (const file of repository.workflows)
      for (const job of file.jobs) {
        const called = this.calledWorkflow(job);
        if (called !== undefined && job.uses !== undefined) this.#call(called, { file, job }, job.uses);
      }
  }

  /** The steps of one file, by its path. */
  sitesIn(path: string): readonly Site[] {
    this.#sitesByFile ??= Map.groupBy(this.sites, ({ file }) => file.source.path);
    return this.#sitesByFile.get(path) ?? [];
  }

  #call(called: WorkflowFile | ActionFile, scope: Scope, uses: Text): void {
    const at = spanOf(scope.file.source, uses.at, uses.text.length);
    const hop = { at, what: `calls ${called.source.path}` };
    const known = this.#calls.get(called);
    if (known === undefined) this.#calls.set(called, [{ scope, hop }]);
    else known.push({ scope, hop });
  }

  /** The action of this repository that a step uses, also where the job has checked the repository out into a folder. */
  calledAction(step: StepPart, job?: JobPart): ActionFile | undefined {
    if (step.uses?.kind !== 'local') return undefined;
    const path = trimmed(step.uses.path);
    const known = this.#actions.get(path);
    if (known !== undefined) return known;
    for (const { uses, with: given } of job?.steps ?? []) {
      if (uses?.kind !== 'repository' || !uses.repository.endsWith('/checkout')) continue;
      const folder = given.find(({ name }) => name.toLowerCase() === 'path')?.value.text;
      if (folder !== undefined && path.startsWith(`${trimmed(folder)}/`))
        return this.#actions.get(path.slice(trimmed(folder).length + 1));
    }
    return undefined;
  }

  calledWorkflow(job: JobPart): WorkflowFile | undefined {
    return job.uses?.kind === 'local' ? this.#workflows.get(trimmed(job.uses.path)) : undefined;
  }

  /** Who calls a reusable workflow or an action, in this repository. */
  callsOf(file: WorkflowFile | ActionFile): readonly { readonly scope: Scope; readonly hop: Hop }[] {
    return this.#calls.get(file) ?? [];
  }

  /** What is wrong with how a file is written: its syntax, and its expressions. */
  problems(file: WorkflowFile | ActionFile): FileProblems {
    const known = this.#problems.get(file) ?? problemsOf(this, file);
    this.#problems.set(file, known);
    return known;
  }

  /** All events that bring a file to run, through however many calls. */
  reaching(file: WorkflowFile | ActionFile, depth = 0): readonly Reaching[] {
    const known = this.#reaching.get(file);
    if (known !== undefined) return known;
    const own =
      file.kind === 'workflow'
        ? file.triggers
            .filter(({ event }) => event !== 'workflow_call')
            .map(({ event, at }) => ({ event, via: [{ at, what: `runs on ${event}` }] }))
        : [];
    if (depth > MAX_CALLS) return own;
    // A circle of calls adds nothing.
    this.#reaching.set(file, own);
    const seen = new Set(own.map(({ event }) => event));
    const called: Reaching[] = [];
    for (const { scope, hop } of this.callsOf(file))
      for (const one of this.reaching(scope.file, depth + 1)) {
        if (seen.has(one.event) || called.length >= MAX_REACHING) continue;
        seen.add(one.event);
        called.push({ event: one.event, via: [...one.via, hop] });
      }
    const all = [...own, ...called];
    this.#reaching.set(file, all);
    return all;
  }

  reachedByStrangers(file: WorkflowFile | ActionFile): readonly Reaching[] {
    return this.reaching(file).filter(({ event }) => STRANGERS_EVENTS.has(event));
  }

  tree(source: string): Expression | undefined {
    if (!this.#trees.has(source)) this.#trees.set(source, parseAnywhere(source));
    return this.#trees.get(source);
  }

  /** The expressions of a text, each with its own place. */
  expressions(file: WorkflowFile | ActionFile, text: Text): readonly PlacedExpression[] {
    if (!text.text.includes('${{')) return NO_EXPRESSIONS;
    const known = this.#expressions.get(text);
    if (known !== undefined) return known;
    const sources = expressionsIn(text.text);
    const places = new ExpressionPlaces(file.source, text, sources.length);
    const found: PlacedExpression[] = [];
    for (const [index, source] of sources.entries()) {
      const tree = this.tree(source);
      if (tree !== undefined) found.push(new OneOfText(tree, source, places, index));
    }
    this.#expressions.set(text, found);
    return found;
  }

  /** The expressions of every text below a part of a file, in order. */
  expressionsBelow(file: WorkflowFile | ActionFile, part: Tree): readonly PlacedExpression[] {
    const known = this.#below.get(part);
    if (known !== undefined) return known;
    const found: PlacedExpression[] = [];
    for (const text of textsIn(part)) for (const one of this.expressions(file, text)) found.push(one);
    this.#below.set(part, found);
    return found;
  }

  /** What follows from the whole and several rules ask for, computed once. */
  once<T>(compute: (subject: Subject) => T): T {
    if (!this.#once.has(compute)) this.#once.set(compute, compute(this));
    return this.#once.get(compute) as T;
  }

  /** The expression of an `if`, for which `${{ }}` may be left out. */
  condition(text: Text): Expression | undefined {
    const known = this.#conditions.get(text);
    if (known !== undefined) return known === null ? undefined : known;
    const found = this.#conditionOf(text);
    this.#conditions.set(text, found ?? null);
    return found;
  }

  #conditionOf(text: Text): Expression | undefined {
    const [only] = expressionsIn(text.text);
    if (only !== undefined && isOneExpression(text.text)) return this.tree(only);
    return only === undefined ? this.tree(text.text) : undefined;
  }

  /** The script of a step, when its language is one that is followed; undefined for others. */
  script(site: Site): ShellScript | undefined {
    const known = this.#ofSteps.get(site.step);
    if (known !== undefined) return known === null ? undefined : known;
    const found = this.#scriptOf(site);
    this.#ofSteps.set(site.step, found ?? null);
    return found;
  }

  #scriptOf(site: Site): ShellScript | undefined {
    const text = this.scriptText(site)?.text;
    const language = text === undefined ? undefined : this.language(site);
    if (text === undefined || language === undefined) return undefined;
    // What is the same in many steps is read once.
    const scripts = this.#scripts.get(language) ?? new Map<string, ShellScript>();
    this.#scripts.set(language, scripts);
    const known = scripts.get(text) ?? readScriptOf(language, text);
    scripts.set(text, known);
    return known;
  }

  /** The text of a step that is a script: its `run`, or what it has an action run. */
  scriptText({ step }: Site): Text | undefined {
    if (step.run !== undefined || step.uses?.kind !== 'repository') return step.run;
    const [input] = scriptInput(step.uses.repository) ?? [];
    return input === undefined
      ? undefined
      : step.with.find(({ name }) => name.toLowerCase() === input)?.value;
  }

  language(site: Site): ScriptLanguage | undefined {
    const { run, uses, with: given } = site.step;
    if (run !== undefined || uses?.kind !== 'repository') return languageOf(this.shell(site));
    const shell = given.find(({ name }) => name.toLowerCase() === 'shell')?.value.text;
    return shell === undefined ? scriptInput(uses.repository)?.[1] : languageOf(shell);
  }

  /** The shell of a run step, as far as it is written out. */
  shell(site: Site): string {
    const { file, job, step } = site;
    const named =
      step.shell ?? job?.defaultShell ?? (file.kind === 'workflow' ? file.defaultShell : undefined);
    if (named !== undefined) return named.text;
    return runsOnWindows(this, site) ? 'pwsh' : 'bash';
  }

  span(scope: Scope, text: Text): Span {
    return spanOf(scope.file.source, text.at, text.text.length);
  }
}

function trimmed(path: string): string {
  return path.replace(/^\.\//, '').replace(/\/$/, '') || '.';
}
