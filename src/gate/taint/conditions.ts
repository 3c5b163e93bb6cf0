import type { Expression, Text } from '../../workflow/index.ts';
import type { JobPart } from '../repository/model.ts';
import type { Scope, Subject } from '../subject.ts';
import { allReferences } from './references.ts';

/** Who starts a run: somebody whose head lies in a fork, or somebody who may push here. */
type Starter = 'stranger' | 'writer';

const MAX_NEEDS = 20;
const HEAD =
  /^github\.event\.(?:pull_request\.head\.(?:repo\.(?:full_name|id|node_id|owner\.(?:login|id))|user\.(?:login|id))|workflow_run\.head_repository\.(?:full_name|id|node_id|owner\.(?:login|id)))$/;
const OWN =
  /^github\.(?:repository|repository_id|repository_owner|repository_owner_id|event\.(?:repository|pull_request\.base\.repo|workflow_run\.repository)\.(?:full_name|id|node_id|owner\.(?:login|id)))$/;
const FORK = /^github\.event\.(?:pull_request\.head\.repo|workflow_run\.head_repository)\.fork$/;
const BEFORE = 'github.event.workflow_run.event';

/**
 * Of some events those in which a run by such a person may come past the conditions of a step, of its job and of the jobs that it needs,
 * as far as they ask which event it is, whose the head is, and who wrote what `origin` names (`github.event.comment.body`). What else they
 * ask is taken for true.
 */
export function leftOpen(
  subject: Subject,
  scope: Scope,
  events: readonly string[],
  by: Starter = 'stranger',
  origin?: string,
): readonly string[] {
  const conditions = conditionsOf(subject, scope);
  if (conditions.length === 0) return events;
  const wrote = origin === undefined ? undefined : writtenBy(origin);
  const run = { by, ...(wrote !== undefined && { wrote }) };
  // What comes from another run came there by an event of that one.
  const here = new Set(subject.reaching(scope.file).map(({ event }) => event));
  return events.filter(
    (event) => !here.has(event) || conditions.every((tree) => truth(tree, { ...run, event }) !== false),
  );
}

/** Whether a condition alone lets no such run of somebody without rights come past it. */
export function shutsOut(tree: Expression, event: string): boolean {
  return truth(tree, { event, by: 'stranger' }) === false;
}

function conditionsOf(subject: Subject, { file, job, step }: Scope): readonly Expression[] {
  const texts: Text[] = [];
  const seen = new Set<string>();
  const add = (one: JobPart): void => {
    if (seen.has(one.id) || seen.size > MAX_NEEDS) return;
    seen.add(one.id);
    if (one.if !== undefined) texts.push(one.if);
    // What is asked before holds for what comes after, unless that runs all the same.
    if (file.kind !== 'workflow' || /\b(?:always|failure|cancelled)\s*\(/i.test(one.if?.text ?? '')) return;
    for (const { text } of one.needs) for (const before of file.jobs) if (before.id === text) add(before);
  };
  if (job !== undefined) add(job);
  if (step?.if !== undefined) texts.push(step.if);
  // Around braces a space or a line break makes a text of it, which is true whatever it asks.
  return texts
    .filter(({ text }) => !text.includes('${{') || text === text.trim())
    .flatMap((text) => subject.condition(text) ?? []);
}

interface Run {
  readonly event: string;
  readonly by: Starter;
  /** The part of the payload that the starter wrote. */
  readonly wrote?: Written;
}

type Written = 'comment' | 'review' | 'issue' | 'discussion' | 'pull_request';

/** Which part of the payload has the author of what a reference names. */
function writtenBy(origin: string): Written | undefined {
  if (origin === 'github.head_ref') return 'pull_request';
  const [, part] = /^github\.event\.(comment|review|issue|discussion|pull_request)\./.exec(origin) ?? [];
  return part as Written | undefined;
}

/** Who has been given a right by the repository's owner, as the payload says it. */
const TRUSTED = new Set(['OWNER', 'MEMBER', 'COLLABORATOR']);

/** Whether a stranger who wrote that part is not what is asked for: one of the repository's people, or somebody by their name. */
function asksForAnother(name: string, value: unknown, { event, by, wrote }: Run): boolean {
  if (by !== 'stranger' || wrote === undefined) return false;
  if (name === `github.event.${wrote}.author_association`) return TRUSTED.has(String(value));
  if (new RegExp(`^github\\.event\\.${wrote}\\.user\\.(?:login|id)$`).test(name)) return true;
  // Who comments is the actor; on a pull request it may be who pushed last.
  return (
    wrote === 'comment' &&
    event.endsWith('comment') &&
    /^github\.(?:actor|actor_id|event\.sender\.(?:login|id))$/.test(name)
  );
}

/** Whether an expression counts as true in such a run; undefined: it may. */
function truth(tree: Expression, run: Run): boolean | undefined {
  switch (tree.kind) {
    case 'logical': {
      const sides = tree.operands.map((one) => truth(one, run));
      const decides = tree.operator === '||';
      if (sides.includes(decides)) return decides;
      return sides.includes(undefined) ? undefined : !decides;
    }
    case 'not': {
      const inner = truth(tree.of, run);
      return inner === undefined ? undefined : !inner;
    }
    case 'compare':
      return compared(tree, run);
    case 'call':
      return called(tree, run);
    default: {
      const value = known(tree, run);
      return value === undefined ? undefined : ![false, 0, '', null].includes(value.is);
    }
  }
}

/** What an expression is in such a run, where that is certain. */
function known(
  tree: Expression,
  { event, by }: Run,
): { readonly is: string | number | boolean | null } | undefined {
  if (tree.kind === 'literal') return { is: tree.value };
  const name = nameOf(tree);
  if (name === 'github.event_name') return { is: event };
  if (name !== undefined && FORK.test(name) && by === 'stranger')
    return { is: event.startsWith('pull_request') || event === 'workflow_run' ? true : null };
  return undefined;
}

function compared(tree: Extract<Expression, { kind: 'compare' }>, run: Run): boolean | undefined {
  const { left, right, operator } = tree;
  if (operator !== '==' && operator !== '!=') return undefined;
  const equal = equals(left, right, run);
  return equal === undefined ? undefined : equal === (operator === '==');
}

function equals(left: Expression, right: Expression, run: Run): boolean | undefined {
  const [a, b] = [known(left, run), known(right, run)];
  if (a !== undefined && b !== undefined) return same(a.is, b.is);
  if (run.by === 'writer') return undefined;
  for (const [one, other] of [
    [left, right],
    [right, left],
  ] as const) {
    const name = nameOf(one) ?? '';
    if (other.kind === 'literal' && asksForAnother(name, other.value, run)) return false;
    // A fork is neither this repository nor one that is named.
    if (HEAD.test(name) && (other.kind === 'literal' || OWN.test(nameOf(other) ?? ''))) return false;
    // What a stranger starts is a pull request, or what anybody can start.
    if (name === BEFORE && run.event === 'workflow_run' && other.kind === 'literal')
      return STRANGERS_RUNS.has(String(other.value)) ? undefined : false;
  }
  return undefined;
}

const STRANGERS_RUNS = new Set(
  'pull_request pull_request_target pull_request_review pull_request_review_comment issues issue_comment workflow_run discussion discussion_comment'.split(
    ' ',
  ),
);

function called(tree: Extract<Expression, { kind: 'call' }>, run: Run): boolean | undefined {
  const [first, second] = tree.arguments;
  const name = tree.name.toLowerCase();
  if (name === 'always') return true;
  if (first === undefined || second === undefined) return undefined;
  if (name === 'startswith' && nameOf(first) === 'github.ref' && second.kind === 'literal')
    // Whatever a stranger starts runs on a branch, or on a pull request.
    return run.by === 'stranger' && String(second.value).startsWith('refs/tags') ? false : undefined;
  const of = known(first, run);
  const part = known(second, run);
  if (name === 'contains') {
    const asked = nameOf(second) ?? '';
    const wanted = listIn(first) ?? (first.kind === 'literal' ? String(first.value).split(/[\s,]+/) : []);
    if (wanted.length > 0 && wanted.every((one) => asksForAnother(asked, one, run))) return false;
  }
  if (part === undefined) return undefined;
  const wanted = String(part.is).toLowerCase();
  if (name === 'startswith' && of !== undefined) return String(of.is).toLowerCase().startsWith(wanted);
  if (name !== 'contains') return undefined;
  if (of !== undefined) return String(of.is).toLowerCase().includes(wanted);
  const list = listIn(first);
  return list?.some((one) => String(one).toLowerCase() === wanted);
}

/** `fromJSON('["push", "schedule"]')` */
function listIn(tree: Expression): readonly unknown[] | undefined {
  if (tree.kind !== 'call' || tree.name.toLowerCase() !== 'fromjson') return undefined;
  const [text] = tree.arguments;
  if (text?.kind !== 'literal' || typeof text.value !== 'string') return undefined;
  try {
    const value: unknown = JSON.parse(text.value);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function same(a: unknown, b: unknown): boolean {
  if (typeof a === 'string' && typeof b === 'string') return a.toLowerCase() === b.toLowerCase();
  return typeof a === typeof b ? a === b : Number(a ?? 0) === Number(b ?? 0);
}

function nameOf(tree: Expression): string | undefined {
  if (tree.kind !== 'index') return undefined;
  const [whole, ...more] = allReferences(tree);
  return more.length === 0 ? whole?.join('.') : undefined;
}
