import type { Found } from '../../finding.ts';
import { holdersIn } from '../../reach/holders.ts';
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

/** Labels and group of runners of one's own; undefined: hosted ones, or computed. */
function poolOf(job: JobPart): ReadonlySet<string> | undefined {
  const labels = job.runsOn.map(({ text }) => text.toLowerCase());
  if (job.runnerGroup === undefined && !labels.includes('self-hosted')) return undefined;
  if ([...labels, job.runnerGroup?.text ?? ''].some((label) => label.includes('${{'))) return undefined;
  return new Set([
    ...labels,
    ...(job.runnerGroup === undefined ? [] : [`group ${job.runnerGroup.text.toLowerCase()}`]),
  ]);
}

/** A runner takes a job when it has all of its labels: two jobs can meet on one when the labels of one are all among the other's. */
function meet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return within(a, b) || within(b, a);
}

function within(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return [...a].every((label) => b.has(label));
}

function labelOf({ file, job }: Placed): Found['at'] {
  const text = job.runsOn[0] ?? job.runnerGroup;
  return text === undefined ? job.at : spanOf(file.source, text.at, text.text.length);
}
