import type { Span } from '../finding.ts';
import type { WorkflowFile } from '../repository/model.ts';
import type { Subject } from '../subject.ts';
import { ACTIONS_LOCK, type Locks, OWN_LOCK, type Pin } from './model.ts';
import { isCommit, partsOf } from './pin.ts';
import { digestOf, type Wanted, wantedBy } from './wanted.ts';

/** Where the lock and what is used do not agree. */
export interface Disagreement {
  readonly at: Span;
  readonly why: string;
  /** The workflow that it is about; absent: all that there are. */
  readonly workflow?: string;
}

/**
 * All in which the locks do not agree with the workflows, or with one another. Where there is a lock of either kind, a workflow that is
 * in none of them and uses something from elsewhere disagrees: nothing is let through because nobody locked it. A locked commit that is
 * written out agrees with the lock of its ref; `literal`: not with GitHub\u2019s, which looks for the very words.
 */
export function disagreements(subject: Subject, { literal = false } = {}): readonly Disagreement[] {
  const { locks, workflows, unread } = subject.repository;
  const broken = unread.filter(({ path }) => path === OWN_LOCK || path === ACTIONS_LOCK);
  // One that cannot be read says nothing, and is not taken for one that is not there.
  if (broken.length > 0)
    return broken.map(({ path, why }) => ({
      at: { ...topOf(path), ...why.where, file: path },
      why: why.why,
    }));
  if (locks.actions === undefined && locks.own === undefined) return [];
  const aliases = {
    own: aliasIn(locks.own?.actions),
    github: literal ? (pin: Pin): Pin => pin : aliasIn(locks.actions?.dependencies),
  };
  const found = workflows.flatMap((file) => inWorkflow(subject, locks, file, aliases));
  const paths = new Set(workflows.map(({ source }) => source.path));
  for (const [lock, of] of [
    [OWN_LOCK, locks.own?.workflows],
    [ACTIONS_LOCK, locks.actions?.workflows],
  ] as const)
    for (const path of of?.keys() ?? [])
      if (!paths.has(path))
        found.push({
          at: topOf(lock),
          why: `${lock} has the workflow ${path}, which is not there`,
          workflow: path,
        });
  for (const [pin, { commit, at }] of locks.own?.actions ?? []) {
    const other = locks.actions?.dependencies.get(pin);
    if (other !== undefined && other.commit !== commit)
      found.push({ at, why: `${OWN_LOCK} has ${pin} at ${commit}, and ${ACTIONS_LOCK} at ${other.commit}` });
  }
  return found;
}

function inWorkflow(
  subject: Subject,
  locks: Locks,
  file: WorkflowFile,
  aliases: { readonly own: Alias; readonly github: Alias },
): readonly Disagreement[] {
  const { path } = file.source;
  const all = wantedBy(subject, file, true);
  const told: Disagreement[] = [];
  const tell = (at: Span, why: string): void => void told.push({ at, why, workflow: path });
  for (const { name, at } of all.unnamed)
    tell(at, `${name} is named by an expression, or is of no form that can be locked`);
  const { own, actions } = locks;
  const inOwn = own?.workflows.get(path);
  if (own !== undefined && inOwn === undefined && all.uses.length + all.images.length > 0)
    tell(topOf(path), `${path} uses what is elsewhere, and is not in ${OWN_LOCK}`);
  if (own !== undefined && inOwn !== undefined) {
    const uses = all.uses.map((use) => ({ ...use, pin: aliases.own(use.pin, inOwn.actions) }));
    const reached = closure({ ...all, uses }, (pin) => own.actions.get(pin)?.uses);
    for (const [pin, at] of reached.missing) tell(at, `${pin} is not in ${OWN_LOCK}`);
    const images = new Map([
      ...[...reached.pins.keys()].flatMap((pin) =>
        (own.actions.get(pin)?.images ?? []).map((name) => [name, topOf(path)] as const),
      ),
      ...all.images.map(({ name, at }) => [name, at] as const),
    ]);
    for (const [name, at] of images) {
      const digest = digestOf(name);
      if (!own.images.has(name)) tell(at, `the image ${name} is not in ${OWN_LOCK}`);
      else if (digest !== undefined && own.images.get(name) !== digest)
        tell(at, `the image ${name} has another digest in ${OWN_LOCK}`);
    }
    differing(inOwn.actions, new Set(reached.pins.keys()), (pin, more) =>
      tell(
        topOf(path),
        more
          ? `${OWN_LOCK} has ${pin} for ${path}, which does not use it`
          : `${OWN_LOCK} does not list ${pin} for ${path}`,
      ),
    );
    differing(inOwn.images, new Set(images.keys()), (name, more) =>
      tell(
        topOf(path),
        more
          ? `${OWN_LOCK} has the image ${name} for ${path}, which does not use it`
          : `${OWN_LOCK} does not list the image ${name} for ${path}`,
      ),
    );
  }
  const steps = wantedBy(subject, file, false);
  const onboarded = actions?.workflows.get(path);
  const uses = steps.uses
    .filter(({ kind }) => kind === 'action')
    .map((use) => ({ ...use, pin: aliases.github(use.pin, onboarded ?? []) }));
  if (actions !== undefined && own === undefined && onboarded === undefined && uses.length > 0)
    tell(topOf(path), `${path} uses actions, and is not in ${ACTIONS_LOCK}`);
  if (actions !== undefined && onboarded !== undefined) {
    const reached = closure({ ...steps, uses }, (pin) => actions.dependencies.get(pin)?.uses);
    for (const [pin, at] of reached.missing) tell(at, `${pin} is not in ${ACTIONS_LOCK}`);
    // Its list is said to be transitive, and GitHub\u2019s own tool lists what is used directly: both agree.
    const direct = new Set(uses.map(({ pin }) => pin));
    differing(onboarded, new Set(reached.pins.keys()), (pin, more) => {
      if (more) tell(topOf(path), `${ACTIONS_LOCK} has ${pin} for ${path}, which does not use it`);
      else if (direct.has(pin)) tell(topOf(path), `${ACTIONS_LOCK} does not list ${pin} for ${path}`);
    });
  }
  return told;
}

/** Under which pin a lock has what is used; of several, one that is listed for the workflow. */
type Alias = (pin: Pin, listed: readonly Pin[]) => Pin;

/** A commit that is written out in the place of a ref that is locked at it is the same thing: pinning by the lock keeps to the lock. */
function aliasIn(entries: ReadonlyMap<Pin, { readonly commit: string }> | undefined): Alias {
  const byCommit = new Map<string, Pin[]>();
  for (const [pin, { commit }] of entries ?? []) {
    const key = `${partsOf(pin).repository}@${commit}`;
    const known = byCommit.get(key);
    if (known === undefined) byCommit.set(key, [pin]);
    else known.push(pin);
  }
  return (pin, listed) => {
    if (entries?.has(pin) === true || !isCommit(partsOf(pin).ref)) return pin;
    const same = byCommit.get(pin) ?? [];
    return same.find((one) => listed.includes(one)) ?? same[0] ?? pin;
  };
}

function differing(
  locked: readonly string[],
  used: ReadonlySet<string>,
  tell: (name: string, more: boolean) => void,
): void {
  for (const name of locked) if (!used.has(name)) tell(name, true);
  const known = new Set(locked);
  for (const name of used) if (!known.has(name)) tell(name, false);
}

/** All pins that are reached from what is wanted, and those that the lock does not know. */
function closure(
  { uses }: Wanted,
  usesOf: (pin: Pin) => readonly Pin[] | undefined,
): { readonly pins: ReadonlyMap<Pin, Span>; readonly missing: ReadonlyMap<Pin, Span> } {
  const pins = new Map<Pin, Span>();
  const missing = new Map<Pin, Span>();
  const open = uses.map(({ pin, at }) => ({ pin, at }));
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    const { pin, at } = one;
    if (pins.has(pin) || missing.has(pin)) continue;
    const below = usesOf(pin);
    if (below === undefined) missing.set(pin, at);
    else {
      pins.set(pin, at);
      open.push(...below.map((next) => ({ pin: next, at })));
    }
  }
  return { pins, missing };
}

function topOf(file: string): Span {
  return { file, line: 1, column: 1, length: 1 };
}

/** What the locks say of a pin. */
export interface LockedUse {
  readonly commit: string;
  /** The most exact name of a version that stood at the commit. */
  readonly version?: string;
  /** `sha256-…` over the tree, when our own lock has it. */
  readonly tree?: string;
}

/**
 * The commit and the version of `owner/name@ref` by the repository\u2019s locks: what pinning writes in its place. Undefined when no lock
 * has it, and when the two locks do not agree: then nobody knows.
 */
export function lockedUse(locks: Locks, pin: Pin): LockedUse | undefined {
  const own = locks.own?.actions.get(pin);
  const other = locks.actions?.dependencies.get(pin);
  if (own !== undefined && other !== undefined && own.commit !== other.commit) return undefined;
  const found = own ?? other;
  if (found === undefined) return undefined;
  const named = other !== undefined && /^v?\d/.test(other.ref) ? other.ref : undefined;
  const { ref } = partsOf(pin);
  const version = own?.tags[0] ?? named ?? (/^v?\d/.test(ref) && ref.length < 40 ? ref : undefined);
  return {
    commit: found.commit,
    ...(version !== undefined && { version }),
    ...(own !== undefined && { tree: own.tree }),
  };
}
