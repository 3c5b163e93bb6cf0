import type { ActionFile, Repository, TreeFile, WorkflowFile } from './repository/model.ts';
import { textsIn, valueOf } from './repository/tree.ts';
import type { Subject } from './subject.ts';
import { filesStarted } from './taint/dispatches.ts';

/** Files of which what is found in one can follow from another: by path, sorted. */
export type Part = readonly string[];

/**
 * The files of a repository in parts: those that call one another, that start another, or whose end starts another, are in one;
 * every other is in one of its own. What a rule with `looksAt: 'connected'` finds in a part follows from that part, and from what is of no part: locks,
 * owners, what could not be read, and what is known besides.
 */
export function connectedParts(subject: Subject): readonly Part[] {
  const { workflows, actions, dependabot, policies, preCommit } = subject.repository;
  const parts = new Groups<TreeFile>([...workflows, ...actions, ...dependabot, ...policies, ...preCommit]);
  for (const file of [...workflows, ...actions])
    for (const { scope } of subject.callsOf(file)) parts.join(file, scope.file);
  const byTitle = Map.groupBy(workflows, ({ name, source }) => name?.text ?? source.path);
  for (const file of workflows)
    for (const title of startedBy(file))
      for (const other of byTitle.get(title) ?? []) parts.join(file, other);
  for (const [from, to] of filesStarted(subject)) parts.join(from, to);
  return parts.all().map((files) => files.map(({ source }) => source.path).toSorted());
}

/** The titles of the workflows whose end starts this one. */
function startedBy({ triggers }: WorkflowFile): readonly string[] {
  return triggers
    .filter(({ event }) => event === 'workflow_run')
    .flatMap(({ value }) => textsIn(valueOf(value, 'workflows')).map(({ text }) => text));
}

/** The same repository with these files alone; what is of no part stays. */
export function onlyOf(repository: Repository, paths: ReadonlySet<string>): Repository {
  const of = <T extends TreeFile | WorkflowFile | ActionFile>(files: readonly T[]): readonly T[] =>
    files.filter(({ source }) => paths.has(source.path));
  return {
    ...repository,
    workflows: of(repository.workflows),
    actions: of(repository.actions),
    dependabot: of(repository.dependabot),
    policies: of(repository.policies),
    preCommit: of(repository.preCommit),
  };
}

/** What is joined, however often, is in one group. */
class Groups<T> {
  readonly #group = new Map<T, T[]>();

  constructor(all: readonly T[]) {
    for (const one of all) this.#group.set(one, [one]);
  }

  join(a: T, b: T): void {
    const [one, other] = [this.#group.get(a), this.#group.get(b)];
    if (one === undefined || other === undefined || one === other) return;
    const [small, large] = one.length < other.length ? [one, other] : [other, one];
    for (const moved of small) {
      large.push(moved);
      this.#group.set(moved, large);
    }
  }

  all(): readonly (readonly T[])[] {
    return [...new Set(this.#group.values())];
  }
}
