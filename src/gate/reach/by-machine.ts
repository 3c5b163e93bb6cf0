import type { Hop } from '../finding.ts';
import type { JobPart, WorkflowFile } from '../repository/model.ts';
import { spanOf } from '../repository/tree.ts';
import type { Subject } from '../subject.ts';
import { leftOpen } from '../taint/conditions.ts';
import type { Holder } from './holders.ts';
import { meet, poolOf } from './pools.ts';
import type { Takeover } from './takeovers.ts';

/**
 * By a machine of one's own that is kept: what a stranger's job leaves there (a process, a hook of git, a program of the tool cache) runs
 * in the job that comes after. A fork's pull request brings its own workflow, and so needs no other way into its job.
 */
export function byMachine(
  subject: Subject,
  { file, job }: Holder,
  events: readonly string[],
  takeovers: readonly Takeover[],
): readonly Hop[] | undefined {
  const own = poolOf(job);
  if (own === undefined) return undefined;
  const shares = (other: JobPart): boolean => {
    const pool = other === job ? undefined : poolOf(other);
    return pool !== undefined && meet(pool, own);
  };
  const then = (from: WorkflowFile, other: JobPart): readonly Hop[] => [
    { at: labelOf(from, other), what: 'runs a stranger’s code on a machine that is kept' },
    { at: labelOf(file, job), what: 'runs on the same machine afterwards' },
  ];
  const taken = takeovers.find((one) => shares(one.job));
  if (taken !== undefined) return [...taken.hops, ...then(taken.file, taken.job)];
  if (!events.includes('pull_request')) return undefined;
  for (const other of subject.repository.workflows) {
    const reached = subject.reaching(other).find(({ event }) => event === 'pull_request');
    const beside = reached === undefined ? undefined : other.jobs.find(shares);
    if (reached === undefined || beside === undefined) continue;
    if (leftOpen(subject, { file: other, job: beside }, ['pull_request']).length > 0)
      return [...reached.via, ...then(other, beside)];
  }
  return undefined;
}

function labelOf(file: WorkflowFile, job: JobPart): Hop['at'] {
  const text = job.runsOn[0] ?? job.runnerGroup;
  return text === undefined ? job.at : spanOf(file.source, text.at, text.text.length);
}
