import type { Hop } from '../finding.ts';
import type { JobPart, WorkflowFile } from '../repository/model.ts';
import { spanOf } from '../repository/tree.ts';
import type { PlacedExpression, Subject } from '../subject.ts';
import { allReferences } from '../taint/references.ts';

/** That a job holds a secret, and where it is given to it. */
export interface Holder {
  readonly file: WorkflowFile;
  readonly job: JobPart;
  readonly secret: string;
  readonly hops: readonly Hop[];
}

/** Calls that call each other may make of few lines very many ways. */
const MAX_HOLDERS = 1_000;
/** Stands for every secret that there is. */
export const EVERY = '*';

/** Which jobs hold which secrets: those that they name, those of their workflow's env, and those that a caller hands on. */
export function holdersIn(subject: Subject): readonly Holder[] {
  return subject.once(findHolders);
}

/** What one job holds. */
export function heldBy(subject: Subject, job: JobPart): readonly Holder[] {
  return subject.once(holdersByJob).get(job) ?? [];
}

function holdersByJob(subject: Subject): ReadonlyMap<JobPart, readonly Holder[]> {
  return Map.groupBy(holdersIn(subject), ({ job }) => job);
}

function findHolders(subject: Subject): readonly Holder[] {
  return subject.repository.workflows.flatMap((file) => {
    // The names in a workflow that others call, and nothing else starts, are of what they give it.
    const called = file.triggers.length > 0 && file.triggers.every(({ event }) => event === 'workflow_call');
    return called && subject.callsOf(file).length > 0 ? [] : within(subject, file);
  });
}

function named(
  subject: Subject,
  file: WorkflowFile,
  job: JobPart,
): readonly { readonly secret: string; readonly hop: Hop }[] {
  const found: { secret: string; hop: Hop }[] = [];
  const look = (one: PlacedExpression): void => {
    for (const reference of allReferences(one.tree)) {
      const [context, name = EVERY] = reference;
      if (context === 'github' && name === 'token' && reference.length === 2)
        found.push({ secret: 'GITHUB_TOKEN', hop: { at: one.at, what: 'holds the job\u2019s token' } });
      if (context !== 'secrets') continue;
      const secret = name === EVERY ? EVERY : name.toUpperCase();
      const what = secret === EVERY ? 'holds every secret' : `holds the secret ${secret}`;
      found.push({ secret, hop: { at: one.at, what } });
    }
  };
  for (const one of subject.expressionsBelow(file, job.tree)) look(one);
  for (const { value } of file.env) for (const one of subject.expressions(file, value)) look(one);
  return found;
}

/** What a called workflow's jobs hold, under the names that its caller gave it; calls may follow on calls, each with names of its own. */
function handed(subject: Subject, file: WorkflowFile, job: JobPart): readonly Holder[] {
  const called = subject.calledWorkflow(job);
  if (called === undefined || job.uses === undefined) {
    if (job.uses === undefined || job.inheritsSecrets === undefined) return [];
    const what = 'gives every secret to a workflow that is not here';
    // A workflow that is not here may hold them all.
    return [{ file, job, secret: EVERY, hops: [{ at: job.inheritsSecrets, what }] }];
  }
  const hop = {
    at: spanOf(file.source, job.uses.at, job.uses.text.length),
    what: `calls ${called.source.path}`,
  };
  return within(subject, called).flatMap((holder) =>
    given(subject, file, job, holder).map(({ secret, hops }) => ({
      ...holder,
      secret,
      hops: [hop, ...hops, ...holder.hops],
    })),
  );
}

/** What the jobs of a workflow hold, by the names that it has for it. Workflows that call each other in a circle add nothing. */
function within(subject: Subject, file: WorkflowFile): readonly Holder[] {
  const all = subject.once(newMap);
  const known = all.get(file);
  if (known !== undefined) return known;
  all.set(file, []);
  const found = file.jobs.flatMap((job) => [
    ...named(subject, file, job).map(({ secret, hop }) => ({ file, job, secret, hops: [hop] })),
    ...handed(subject, file, job),
  ]);
  all.set(file, found.slice(0, MAX_HOLDERS));
  return found.slice(0, MAX_HOLDERS);
}

function newMap(): Map<WorkflowFile, readonly Holder[]> {
  return new Map();
}

/** By which names of the caller's a holder in the called workflow holds what it holds. */
function given(
  subject: Subject,
  file: WorkflowFile,
  job: JobPart,
  { secret }: Holder,
): readonly { readonly secret: string; readonly hops: readonly Hop[] }[] {
  // The token of the run is everywhere the same one, and is not handed on.
  if (job.inheritsSecrets !== undefined || secret === 'GITHUB_TOKEN') return [{ secret, hops: [] }];
  return job.secrets
    .filter(({ name }) => secret === EVERY || name.toUpperCase() === secret)
    .flatMap(({ value }) => subject.expressions(file, value))
    .flatMap(({ tree, at }) =>
      allReferences(tree)
        .filter(([context]) => context === 'secrets')
        .map(([, name = EVERY]) => ({
          secret: name.toUpperCase(),
          hops: [{ at, what: `hands the secret ${name.toUpperCase()} on` }],
        })),
    );
}
