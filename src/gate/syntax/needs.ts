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

const BY_ID = new WeakMap<readonly JobPart[], ReadonlyMap<string, JobPart>>();

/** Jobs by their id as it is written, made once for each workflow. */
export function jobsById(jobs: readonly JobPart[]): ReadonlyMap<string, JobPart> {
  const known = BY_ID.get(jobs) ?? new Map(jobs.map((job) => [job.id, job]));
  BY_ID.set(jobs, known);
  return known;
}

/** The jobs that a job waits for, at whatever distance. */
export function waitedFor(jobs: readonly JobPart[], job: JobPart): ReadonlySet<JobPart> {
  const byId = jobsById(jobs);
  return reached([job], (one) => neededBy(byId, one));
}

/** The jobs for which something is so, and all that wait for one of them, at whatever distance. */
export function withThoseBehind(
  jobs: readonly JobPart[],
  isSo: (job: JobPart) => boolean,
): ReadonlySet<JobPart> {
  const behind = linksOf(jobs, { both: false });
  const begin = jobs.filter(isSo);
  return new Set([...begin, ...reached(begin, (job) => behind.get(job) ?? [])]);
}

/** The jobs for which something is so, and all that needs join with one of them, in whatever direction. */
export function withThoseLinked(
  jobs: readonly JobPart[],
  isSo: (job: JobPart) => boolean,
): ReadonlySet<JobPart> {
  const links = linksOf(jobs, { both: true });
  const begin = jobs.filter(isSo);
  return new Set([...begin, ...reached(begin, (job) => links.get(job) ?? [])]);
}

function neededBy(byId: ReadonlyMap<string, JobPart>, job: JobPart): readonly JobPart[] {
  return job.needs.flatMap(({ text }) => byId.get(text) ?? []);
}

function linksOf(
  jobs: readonly JobPart[],
  { both }: { readonly both: boolean },
): ReadonlyMap<JobPart, readonly JobPart[]> {
  const byId = jobsById(jobs);
  const links = new Map<JobPart, JobPart[]>(jobs.map((job) => [job, []]));
  for (const job of jobs)
    for (const needed of neededBy(byId, job)) {
      links.get(needed)?.push(job);
      if (both) links.get(job)?.push(needed);
    }
  return links;
}

/** What is reached from these by one link or more. Each is looked at once, however many there are. */
function reached(
  begin: readonly JobPart[],
  next: (job: JobPart) => readonly JobPart[],
): ReadonlySet<JobPart> {
  const found = new Set<JobPart>();
  const open = [...begin];
  for (let job = open.pop(); job !== undefined; job = open.pop())
    for (const one of next(job)) {
      if (found.has(one)) continue;
      found.add(one);
      open.push(one);
    }
  return found;
}
