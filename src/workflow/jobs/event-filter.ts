import type { EventTrigger, Workflow } from '../model.ts';
import { matchesPattern } from './filter-pattern.ts';

/** What started the run, as far as a workflow's `on` asks for it. */
export interface FilteredEvent {
  readonly name: string;
  readonly action?: string;
  /** Full ref of the run. */
  readonly ref: string;
  /** Pull requests: the branch that they go to. */
  readonly baseRef?: string;
  /** Paths that the event changed; absent when that is not known: a path filter then lets the run through, as GitHub does. */
  readonly changedFiles?: readonly string[];
}

export interface Matched {
  readonly run: boolean;
  readonly why: string;
}

/** Activity types that start a run when the workflow names none (GitHub's events reference). */
const DEFAULT_TYPES: Readonly<Record<string, readonly string[]>> = {
  pull_request: ['opened', 'synchronize', 'reopened'],
  pull_request_target: ['opened', 'synchronize', 'reopened'],
};

/** Whether the workflow runs for this event, and the sentence that says why. */
export function matchesEvent(workflow: Workflow, event: FilteredEvent): Matched {
  const trigger = workflow.events.find((candidate) => candidate.event === event.name);
  if (trigger === undefined) return no(`it does not run on ${event.name}`);
  const usual = Object.hasOwn(DEFAULT_TYPES, event.name) ? DEFAULT_TYPES[event.name] : undefined;
  const types = trigger.types ?? usual;
  if (types !== undefined && event.action !== undefined && !types.includes(event.action)) {
    return no(`it does not run on ${event.name} of type ${event.action}`);
  }
  const refs = refFilter(trigger, event);
  if (refs !== undefined) return refs;
  if (event.changedFiles !== undefined) {
    const files = event.changedFiles;
    if (trigger.paths !== undefined && !files.some((file) => selected(trigger.paths ?? [], file)))
      return no('no changed file is in its paths');
    if (
      trigger.pathsIgnore !== undefined &&
      files.length > 0 &&
      files.every((file) => selected(trigger.pathsIgnore ?? [], file))
    ) {
      return no('every changed file is in its paths-ignore');
    }
  }
  return { run: true, why: `it runs on ${event.name}` };
}

function refFilter(trigger: EventTrigger, event: FilteredEvent): Matched | undefined {
  const pull = event.name.startsWith('pull_request');
  const tag = !pull && event.ref.startsWith('refs/tags/');
  const name = pull ? (event.baseRef ?? '') : event.ref.replace(/^refs\/(heads|tags)\//, '');
  const [wanted, ignored] = tag
    ? [trigger.tags, trigger.tagsIgnore]
    : [trigger.branches, trigger.branchesIgnore];
  const otherKind = tag ? (trigger.branches ?? trigger.branchesIgnore) : (trigger.tags ?? trigger.tagsIgnore);
  const kind = tag ? 'tag' : 'branch';
  if (wanted !== undefined && !selected(wanted, name))
    return no(`the ${kind} ${name} is not among its ${tag ? 'tags' : 'branches'}`);
  if (ignored !== undefined && selected(ignored, name))
    return no(`the ${kind} ${name} is among those it ignores`);
  // With a filter for branches alone, a tag starts nothing, and the other way round.
  if (!pull && wanted === undefined && ignored === undefined && otherKind !== undefined)
    return no(`it filters by ${tag ? 'branches' : 'tags'} alone`);
  return undefined;
}

/** Patterns in order; one that begins with `!` takes back what earlier ones let in. */
function selected(patterns: readonly string[], value: string): boolean {
  let chosen = false;
  for (const pattern of patterns) {
    if (pattern.startsWith('!')) {
      if (matchesPattern(pattern.slice(1), value)) chosen = false;
    } else if (matchesPattern(pattern, value)) chosen = true;
  }
  return chosen;
}

function no(why: string): Matched {
  return { run: false, why };
}
