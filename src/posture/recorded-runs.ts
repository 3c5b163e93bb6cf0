import { verifyRecord } from '../audit/index.ts';
import { listRuns, type StateFolder } from '../store/index.ts';
import { NO_RECORDS, type RecordedRuns } from './facts.ts';

const MAX_RUNS = 500;

/** What the records of a folder's runs say. A record that is not whole is counted as that, and nothing of it counts. */
export async function recordedRuns(state: StateFolder, directory: string): Promise<RecordedRuns> {
  const sum = { ...NO_RECORDS, jobs: { ...NO_RECORDS.jobs } as Record<string, number> };
  for (const found of listRuns(state).slice(0, MAX_RUNS)) {
    const one = { ...NO_RECORDS, jobs: {} as Record<string, number>, meant: false, last: '' };
    const armed = new Map<string, Set<string>>();
    const { state: record } = await verifyRecord({
      directory: found.record,
      keysFolder: state.keys,
      runId: found.id,
      each: (event, time) => {
        if (event.type === 'run.started')
          one.meant = event.command === 'run' && event.directory === directory;
        else if (event.type === 'zone.decided') one.jobs[event.zone] = (one.jobs[event.zone] ?? 0) + 1;
        else if (event.type === 'policy.armed') {
          const controls = armed.get(event.job) ?? new Set();
          armed.set(event.job, controls.add(event.control));
        } else if (event.type === 'sandbox.destroyed' && event.leftBehind.length === 0) one.destroyed += 1;
        else if (event.type === 'limit.hit') one.limitsHit += 1;
        else if (event.type === 'secret.delivered') one.secretsDelivered += 1;
        else if (event.type === 'run.finished') {
          one.denied = event.denied;
          one.gaps = event.gaps;
          one.last = time;
        }
      },
    });
    if (!one.meant) continue;
    if (record !== 'whole') {
      sum.notWhole += 1;
      continue;
    }
    sum.runs += 1;
    sum.armed += [...armed.values()].filter((controls) => controls.size === 2).length;
    for (const key of ['destroyed', 'denied', 'gaps', 'limitsHit', 'secretsDelivered'] as const)
      sum[key] += one[key];
    for (const [zone, count] of Object.entries(one.jobs)) sum.jobs[zone] = (sum.jobs[zone] ?? 0) + count;
    if (one.last > sum.last) sum.last = one.last;
  }
  return sum;
}
