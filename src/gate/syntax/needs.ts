import type { JobPart } from '../repository/model.ts';

/** The first jobs found that need one another in a circle, in that order; none when the jobs have an order. Takes no stack. */
export function jobsInCircle(jobs: readonly JobPart[]): readonly JobPart[] {
  const byId = new Map(jobs.map((job) => [job.id.toLowerCase(), job]));
  const state = new Map<JobPart, 'open' | 'done'>();
  for (const start of jobs) {
    if (state.has(start)) continue;
    const path: { readonly job: JobPart; next: number }[] = [{ job: start, next: 0 }];
    state.set(start, 'open');
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const need = top.job.needs[top.next];
      top.next += 1;
      if (need === undefined) {
        state.set(top.job, 'done');
        path.pop();
        continue;
      }
      const found = byId.get(need.text.toLowerCase());
      if (found === undefined || state.get(found) === 'done') continue;
      if (state.get(found) === 'open')
        return path.slice(path.findIndex(({ job }) => job === found)).map(({ job }) => job);
      state.set(found, 'open');
      path.push({ job: found, next: 0 });
    }
  }
  return [];
}
