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

const MAX_CALLS = 10;
/** Stands for every secret that there is. */
export const EVERY = '*';

/** Which jobs hold which secrets: those that they name, those of their workflow's env, and those that a caller hands on. */
export function holdersIn(subject: Subject): readonly Holder[] {
  return subject.once(findHolders);
}

function findHolders(subject: Subject): readonly Holder[] {
  return subject.repository.workflows.flatMap((file) =>
    file.jobs.flatMap((job) => [
      ...named(subject, file, job).map(({ secret, hop }) => ({ file, job, secret, hops: [hop] })),
      ...handed(subject, file, job, [], 0),
    ]),
  );
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

/** What a called workflow's jobs hold under the names that its caller gave it. */
function handed(
  subject: Subject,
  file: WorkflowFile,
  job: JobPart,
  via: readonly Hop[],
  depth: number,
): readonly Holder[] {
  const called = subject.calledWorkflow(job);
  if (called === undefined || job.uses === undefined || depth > MAX_CALLS) {
    if (job.uses === undefined || job.inheritsSecrets === undefined) return [];
    // A workflow that is not here may hold them all.
    return [
      {
        file,
        job,
        secret: EVERY,
        hops: [
          ...via,
          { at: job.inheritsSecrets, what: 'gives every secret to a workflow that is not here' },
        ],
      },
    ];
  }
  const hop = {
    at: spanOf(file.source, job.uses.at, job.uses.text.length),
    what: `calls ${called.source.path}`,
  };
  return called.jobs.flatMap((inner) => {
    const held = named(subject, called, inner);
    const own = held.flatMap(({ secret, hop: use }) => {
      if (job.inheritsSecrets !== undefined)
        return [{ file: called, job: inner, secret, hops: [...via, hop, use] }];
      return job.secrets
        .filter(({ name }) => secret === EVERY || name.toUpperCase() === secret)
        .flatMap(({ value }) => subject.expressions(file, value))
        .flatMap(({ tree, at }) =>
          allReferences(tree)
            .filter(([context]) => context === 'secrets')
            .map(([, name = EVERY]) => ({
              file: called,
              job: inner,
              secret: name.toUpperCase(),
              hops: [...via, { at, what: `hands the secret ${name.toUpperCase()} on` }, use],
            })),
        );
    });
    return [...own, ...handed(subject, called, inner, [...via, hop], depth + 1)];
  });
}
