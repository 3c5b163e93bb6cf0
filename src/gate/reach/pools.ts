import type { JobPart } from '../repository/model.ts';

/** Labels and group of runners of one's own; undefined: hosted ones, or computed. */
export function poolOf(job: JobPart): ReadonlySet<string> | undefined {
  const labels = job.runsOn.map(({ text }) => text.toLowerCase());
  if (job.runnerGroup === undefined && !labels.includes('self-hosted')) return undefined;
  if ([...labels, job.runnerGroup?.text ?? ''].some((label) => label.includes('${{'))) return undefined;
  return new Set([
    ...labels,
    ...(job.runnerGroup === undefined ? [] : [`group ${job.runnerGroup.text.toLowerCase()}`]),
  ]);
}

/** A runner takes a job when it has all of its labels: two jobs can meet on one when the labels of one are all among the other's. */
export function meet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return within(a, b) || within(b, a);
}

function within(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return [...a].every((label) => b.has(label));
}
