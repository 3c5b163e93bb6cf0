import type { Workflow } from '../model.ts';

/** The ids of a job and of all that it needs, however far; empty when there is no such job. */
export function wantedJobs(workflow: Workflow, id: string): ReadonlySet<string> {
  const wanted = new Set<string>();
  const known = new Map(workflow.jobs.map((job) => [job.id, job]));
  const next = known.has(id) || workflow.lacks.some((lack) => lack.job === id) ? [id] : [];
  for (let one = next.pop(); one !== undefined; one = next.pop()) {
    if (wanted.has(one)) continue;
    wanted.add(one);
    next.push(...(known.get(one)?.needs ?? []));
  }
  return wanted;
}
