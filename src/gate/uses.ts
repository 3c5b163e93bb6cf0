import type { Span } from './finding.ts';
import { lockedUse } from './lock/agreement.ts';
import type { Pin } from './lock/model.ts';
import { isCommit, pinOf } from './lock/pin.ts';
import type { UsesPart } from './repository/model.ts';
import { lineAt, spanOf } from './repository/tree.ts';
import type { RefFacts } from './facts.ts';
import type { Scope, Subject } from './subject.ts';

/** A `uses` where it stands. */
export interface PlacedUses extends Scope {
  readonly uses: UsesPart;
  readonly at: Span;
  readonly kind: 'action' | 'workflow';
}

export type RepositoryUses = PlacedUses & { readonly uses: Extract<UsesPart, { kind: 'repository' }> };

/** Every `uses` of a repository: of steps, also in its own actions, and of jobs that call a workflow. */
export function everyUses(subject: Subject): readonly PlacedUses[] {
  return subject.once(placedIn);
}

function placedIn(subject: Subject): readonly PlacedUses[] {
  return [...eachUses(subject)];
}

function* eachUses(subject: Subject): Iterable<PlacedUses> {
  for (const file of subject.repository.workflows)
    for (const job of file.jobs)
      if (job.uses !== undefined)
        yield {
          file,
          job,
          uses: job.uses,
          kind: 'workflow',
          at: spanOf(file.source, job.uses.at, job.uses.text.length),
        };
  for (const { file, job, step } of subject.sites)
    if (step.uses !== undefined)
      yield {
        file,
        step,
        uses: step.uses,
        kind: 'action',
        at: spanOf(file.source, step.uses.at, step.uses.text.length),
        ...(job !== undefined && { job }),
      };
}

/** Those of other repositories. */
export function repositoryUses(subject: Subject): readonly RepositoryUses[] {
  return subject.once(ofOthers);
}

function ofOthers(subject: Subject): readonly RepositoryUses[] {
  return everyUses(subject).filter((one): one is RepositoryUses => one.uses.kind === 'repository');
}

export function pinOfUses({ uses }: RepositoryUses): Pin | undefined {
  return pinOf(`${uses.repository}@${uses.ref}`);
}

/** The version that the comment behind a `uses` names: `# v4.1.2`, `# tag=v4`, `# owner/name@v4.1`. */
export function versionComment({
  file,
  at,
}: PlacedUses): { readonly text: string; readonly at: Span } | undefined {
  const line = lineAt(file.source, at.line).slice(0, 2_000);
  const rest = line.slice(at.column - 1 + at.length);
  const hash = rest.search(/\s#/);
  if (hash === -1) return undefined;
  const comment = rest.slice(hash + 2);
  const [, before = '', text] =
    /^(.{0,100}?(?:^|[\s=@:(]))(v\d+(?:\.\d+){0,3}(?:[-+][\w.]{1,30})?|\d+(?:\.\d+){1,3}(?:[-+][\w.]{1,30})?)(?=$|[\s,;)])/.exec(
      comment,
    ) ?? [];
  if (text === undefined || /\bignore\[/.test(comment)) return undefined;
  const column = at.column + at.length + hash + 2 + before.length;
  return { text, at: { file: at.file, line: at.line, column, length: text.length } };
}

/** What is known of a ref: by a mirror, else by the repository\u2019s own lock. */
export function refFacts(subject: Subject, pin: Pin): RefFacts | undefined {
  const seen = subject.facts.refs.get(pin);
  if (seen !== undefined) return seen;
  const own = subject.repository.locks.own?.actions.get(pin);
  return own === undefined ? undefined : { ...own, reachable: true };
}

/** The version of what is used: as the ref says, else as a lock or a mirror says, else as the comment behind it says. */
export function versionUsed(
  subject: Subject,
  placed: RepositoryUses,
): { readonly text: string; readonly by: 'ref' | 'lock' | 'comment' } | undefined {
  const pin = pinOfUses(placed);
  const { ref } = placed.uses;
  const locked =
    pin === undefined
      ? undefined
      : (refFacts(subject, pin)?.tags[0] ?? lockedUse(subject.repository.locks, pin)?.version);
  // `v4` moves: where it stood is better known than what it may be.
  if (locked !== undefined) return { text: locked, by: 'lock' };
  if (!isCommit(ref)) return { text: ref, by: 'ref' };
  const comment = versionComment(placed);
  return comment === undefined ? undefined : { text: comment.text, by: 'comment' };
}
