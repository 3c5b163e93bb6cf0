import type { Found } from '../../finding.ts';
import { holdersIn } from '../../reach/holders.ts';
import { meet, poolOf } from '../../reach/pools.ts';
import type { JobPart, WorkflowFile } from '../../repository/model.ts';
import { spanOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { publishes } from '../../taint/publication.ts';

export const rule: Rule = {
  id: 'shared-runners',
  title: 'A stranger’s jobs and those that hold secrets share machines',
  severity: 'high',
  confidence: 'medium',
  persona: 'default',
  guide: ['§0', '§1'],
  alsoKnownAs: [],
  check,
};

interface Placed {
  readonly file: WorkflowFile;
  readonly job: JobPart;
  readonly pool: ReadonlySet<string>;
}

function* check(subject: Subject): Iterable<Found> {
  const placed = subject.repository.workflows.flatMap((file) =>
    file.jobs.flatMap((job) => {
      const pool = poolOf(job);
      return pool === undefined ? [] : [{ file, job, pool }];
    }),
  );
  if (placed.length < 2) return;
  const strange = placed.filter(({ file }) => subject.reachedByStrangers(file).length > 0);
  const holding = new Set(
    holdersIn(subject)
      .filter(({ secret }) => secret !== 'GITHUB_TOKEN')
      .map(({ job }) => job),
  );
  for (const one of placed) {
    if (!holding.has(one.job) && publishes(subject, one) === undefined) continue;
    const beside = strange.find((other) => other.job !== one.job && meet(other.pool, one.pool));
    if (beside === undefined) continue;
    const at = labelOf(one);
    const [reached] = subject.reachedByStrangers(beside.file);
    yield {
      at,
      job: one.job.id,
      message: `the job ${one.job.id} holds what a stranger wants, and runs on the machines of ${beside.file.source.path}: ${beside.job.id}, which a stranger starts`,
      fix: 'give each trust zone runners of its own, by a label or a group',
      flow: [
        ...(reached?.via ?? []),
        { at: labelOf(beside), what: 'runs a stranger’s code on these machines' },
        { at, what: 'holds secrets, or publishes, on the same' },
      ],
    };
  }
}

function labelOf({ file, job }: Placed): Found['at'] {
  const text = job.runsOn[0] ?? job.runnerGroup;
  return text === undefined ? job.at : spanOf(file.source, text.at, text.text.length);
}
