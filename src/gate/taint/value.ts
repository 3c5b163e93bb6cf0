import type { Text } from '../../workflow/index.ts';
import type { Hop, Span } from '../finding.ts';
import type { StepPart } from '../repository/model.ts';
import type { Scope, Site, Subject } from '../subject.ts';
import type { Filled } from './workspace.ts';
import type { Reference } from './references.ts';
import { PRIVILEGED_EVENTS, STRANGERS_EVENTS } from './sources.ts';

/** Something that another than the workflow's author decides, and its way to where it was found. */
export interface Taint {
  /** `github.event.issue.title` */
  readonly origin: string;
  /** A stranger; somebody who may write to the repository; whoever calls a published action or workflow. */
  readonly by: 'stranger' | 'writer' | 'caller';
  readonly holds: 'text' | 'pointer';
  /** The events in which it is so. */
  readonly events: readonly string[];
  /** From its source on. */
  readonly hops: readonly Hop[];
}

/** What follows values: what each part of it asks of the whole. */
export interface Following {
  readonly subject: Subject;
  of(text: Text, scope: Scope): readonly Taint[];
  reference(reference: Reference, scope: Scope, at: Span): readonly Taint[];
  environment(name: string, scope: Scope): readonly Taint[];
  filled(scope: Scope): readonly Filled[];
  /** What is known so far of the variables of a step’s script. */
  variables(site: Site): Map<string, readonly Taint[]>;
  /** What is known so far of the variables that the steps of a site’s job have put into `GITHUB_ENV`. */
  setBefore(site: Site): Map<string, SetSoFar>;
}

/** The steps that set a variable, in order, and what decides over it behind each of them, as far as somebody has asked. */
export interface SetSoFar {
  readonly steps: readonly StepPart[];
  readonly behind: (readonly Taint[])[];
}

const MAX_TAINTS = 20;

/** Of several with one origin, the first: the ways differ, and one of them is enough to show. */
export function unique(taints: readonly Taint[]): readonly Taint[] {
  if (taints.length < 2) return taints;
  const known = new Map<string, Taint>();
  for (const taint of taints) {
    const key = `${taint.origin} ${taint.by}`;
    if (!known.has(key) && known.size < MAX_TAINTS) known.set(key, taint);
  }
  return [...known.values()];
}

/** The worst of it: what a stranger decides in a job with rights comes first. */
export function worst(taints: readonly Taint[]): Taint | undefined {
  const weight = (taint: Taint): number =>
    taint.by === 'stranger' ? (isPrivileged(taint) ? 4 : 3) : taint.by === 'caller' ? 2 : 1;
  return taints.toSorted((a, b) => weight(b) - weight(a))[0];
}

export function isPrivileged(taint: Taint): boolean {
  return taint.events.some((event) => PRIVILEGED_EVENTS.has(event) || !STRANGERS_EVENTS.has(event));
}
