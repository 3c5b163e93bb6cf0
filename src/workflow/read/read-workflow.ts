import { err, ok, type Refusal, type Result } from '../../base/index.ts';
import type { Job, Text, Workflow } from '../model.ts';
import { checkExpressions } from './check-expressions.ts';
import { readDefaults, readJob, readPermissions } from './read-job.ts';
import { readEvents } from './read-events.ts';
import { Reader } from './reader.ts';
import { readYaml, type Tree } from './yaml-tree.ts';

/** The keys of a workflow, all that there are; `docs/workflows.md` says what becomes of each. */
export const WORKFLOW_KEYS = [
  'name',
  'run-name',
  'on',
  'permissions',
  'env',
  'defaults',
  'concurrency',
  'jobs',
  'description',
] as const;
const JOB_ID = /^[A-Za-z_][A-Za-z0-9_-]{0,99}$/;
const MAX_JOBS = 256;

/**
 * Reads a workflow file, which may come from a stranger: strictly, within bounds, and with a place for everything that is
 * wrong. What this version does not run is refused here as well, so that nothing of a workflow is ever skipped in silence.
 */
export async function readWorkflow(
  label: string,
  bytes: Uint8Array,
): Promise<Result<Workflow, readonly Refusal[]>> {
  const tree = await readYaml(label, bytes);
  return 'kind' in tree ? workflowOf(label, tree) : err(tree);
}

/** The same of a file whose YAML is read already. */
function workflowOf(label: string, tree: Tree): Result<Workflow, readonly Refusal[]> {
  const reader = new Reader();
  const keys = reader.mapping(tree, 'a workflow', WORKFLOW_KEYS);
  if (tree.kind !== 'mapping') return err(reader.refusals);
  if (keys.on === undefined) reader.refuse('on', 'the workflow has no on', 'say when it runs', tree.at);
  const jobs = keys.jobs === undefined ? [] : reader.entries(keys.jobs, 'jobs');
  if (jobs.length === 0)
    reader.refuse('jobs', 'the workflow has no jobs', 'write at least one job', keys.jobs?.at ?? tree.at);
  if (jobs.length > MAX_JOBS)
    reader.refuse(
      'jobs',
      `the workflow has more than ${MAX_JOBS} jobs`,
      'split it',
      keys.jobs?.at ?? tree.at,
    );
  const seen = new Set<string>();
  const read: Job[] = [];
  const lacks: Workflow['lacks'][number][] = [];
  for (const { key, keyAt, value } of jobs.slice(0, MAX_JOBS)) {
    if (!JOB_ID.test(key) || key.startsWith('__'))
      reader.refuse(
        'job-id',
        `${JSON.stringify(key.slice(0, 100))} is not a job's id`,
        'use letters, digits, - and _, not beginning with __ or a digit',
        keyAt,
      );
    if (seen.has(key.toLowerCase()))
      reader.refuse(
        'job-id',
        `the job ${JSON.stringify(key)} is there twice`,
        'give each job an id of its own',
        keyAt,
      );
    seen.add(key.toLowerCase());
    const before = reader.lacks.length;
    const job = readJob(reader, key, value);
    lacks.push(...reader.lacks.slice(before).map((why) => ({ job: key, why })));
    if (job !== undefined) read.push(job);
  }
  // Ids are compared whatever their case.
  const ids = new Map(read.map(({ id }) => [id.toLowerCase(), id]));
  const named = read.map((job) => ({
    ...job,
    needs: job.needs.map((need) => ids.get(need.toLowerCase()) ?? need),
  }));
  checkNeeds(reader, named, seen);
  const concurrency = readConcurrency(reader, keys.concurrency);
  const permissions = readPermissions(reader, keys.permissions);
  const runName = reader.text(keys['run-name'], 'run-name');
  const workflow: Workflow = {
    path: label,
    name: reader.text(keys.name, 'name')?.text ?? label,
    events: keys.on === undefined ? [] : readEvents(reader, keys.on),
    env: reader.assignments(keys.env, 'env'),
    defaults: readDefaults(reader, keys.defaults),
    jobs: named,
    lacks,
    ...(permissions !== undefined && { permissions }),
    ...(runName !== undefined && { runName }),
  };
  reader.take(checkExpressions(workflow, concurrency));
  return reader.refusals.length > 0 ? err([...reader.refusals, ...reader.lacks]) : ok(workflow);
}

/**
 * Concurrency of the whole workflow is between runs, and has no effect here: no other run waits for this one. It is
 * still held to its syntax.
 */
function readConcurrency(reader: Reader, tree: Tree | undefined): readonly Text[] {
  if (tree === undefined) return [];
  if (tree.kind !== 'mapping') return reader.words(tree, 'concurrency');
  const keys = reader.mapping(tree, 'concurrency', ['group', 'cancel-in-progress', 'queue']);
  if (keys.group === undefined)
    reader.refuse('concurrency', 'concurrency has no group', 'name its group', tree.at);
  return [keys.group, keys['cancel-in-progress'], keys.queue].flatMap((key) =>
    reader.words(key, 'concurrency'),
  );
}

/** Every need must be a job, and the jobs must have an order. */
function checkNeeds(reader: Reader, jobs: readonly Job[], ids: ReadonlySet<string>): void {
  const byId = new Map(jobs.map((job) => [job.id.toLowerCase(), job]));
  for (const job of jobs) {
    for (const need of job.needs) {
      if (!ids.has(need.toLowerCase()))
        reader.refuse(
          'needs',
          `the job ${job.id} needs ${JSON.stringify(need.slice(0, 100))}, which is no job here`,
          'name a job of this workflow',
          job.at,
        );
    }
  }
  const state = new Map<string, 'open' | 'done'>();
  for (const job of jobs) {
    const cycle = findCycle(job, byId, state);
    if (cycle === undefined) continue;
    reader.refuse(
      'needs',
      `the jobs need one another in a circle: ${cycle.join(' needs ')}`,
      'remove one of these needs',
      job.at,
    );
    return;
  }
}

/** Walks with a list of its own, so that a long chain of needs takes no stack. */
function findCycle(
  start: Job,
  byId: ReadonlyMap<string, Job>,
  state: Map<string, 'open' | 'done'>,
): readonly string[] | undefined {
  const path: { readonly job: Job; next: number }[] = [];
  const enter = (job: Job): void => {
    state.set(job.id.toLowerCase(), 'open');
    path.push({ job, next: 0 });
  };
  if (state.has(start.id.toLowerCase())) return undefined;
  enter(start);
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const need = top.job.needs[top.next];
    top.next += 1;
    if (need === undefined) {
      state.set(top.job.id.toLowerCase(), 'done');
      path.pop();
      continue;
    }
    const found = byId.get(need.toLowerCase());
    if (found === undefined) continue;
    const seen = state.get(found.id.toLowerCase());
    if (seen === 'open')
      return [
        ...path.slice(path.findIndex((step) => step.job === found)).map((step) => step.job.id),
        found.id,
      ];
    if (seen === undefined) enter(found);
  }
  return undefined;
}
