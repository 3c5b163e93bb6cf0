import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Refusal, refusal, type Result } from '../base/index.ts';
import type { StateFolder } from './state-folder.ts';

/** A run's own folders. What lies in `scratch` is gone when the run ended. */
export interface RunFolder {
  readonly id: string;
  readonly directory: string;
  readonly record: string;
  readonly logs: string;
  readonly scratch: string;
  /** What a job changed in its workspace is kept here, by job. */
  readonly changes: string;
}

const RUN_ID = /^[0-9A-HJKMNP-TV-Z]{26}$/;
const OWNER_FILE = 'owner';

function runFolder(state: StateFolder, id: string): RunFolder {
  const directory = join(state.runs, id);
  return {
    id,
    directory,
    record: join(directory, 'record'),
    logs: join(directory, 'logs'),
    scratch: join(state.running, id),
    changes: join(directory, 'changes'),
  };
}

/** Makes the folder of a new run and marks this process as its owner. Throws when it cannot be made. */
export function createRun(state: StateFolder, id: string): RunFolder {
  const run = runFolder(state, id);
  mkdirSync(run.directory, { mode: 0o700 });
  // Before the scratch folder: a run that has one and no owner is cleared away by whoever begins another meanwhile.
  writeFileSync(join(run.directory, OWNER_FILE), `${process.pid} ${startTime(process.pid) ?? ''}\n`, {
    mode: 0o600,
    flag: 'wx',
  });
  for (const folder of [run.record, run.logs, run.changes, run.scratch]) mkdirSync(folder, { mode: 0o700 });
  return run;
}

/**
 * Drops what the older runs kept of their workspaces: only the newest `most` runs that kept anything have it still. A
 * run that is still going is left alone.
 */
export function dropOldChanges(state: StateFolder, most: number): void {
  let kept = 0;
  for (const run of listRuns(state)) {
    if (!isFilled(run.changes)) continue;
    kept += 1;
    if (kept > most && !ownerLives(run)) rmSync(run.changes, { recursive: true, force: true });
  }
}

function isFilled(folder: string): boolean {
  try {
    return readdirSync(folder).some((name) => readdirSync(join(folder, name)).length > 0);
  } catch {
    return false;
  }
}

/** Every run, newest first. */
export function listRuns(state: StateFolder): readonly RunFolder[] {
  const names = readdirSync(state.runs).filter((name) => RUN_ID.test(name));
  return names
    .toSorted()
    .toReversed()
    .map((id) => runFolder(state, id));
}

/** The run that a person means: its id, a beginning or an end of it that fits only one, or `latest`. */
export function findRun(state: StateFolder, asked: string): Result<RunFolder, Refusal> {
  const runs = listRuns(state);
  const wanted = asked.toUpperCase();
  const fitting =
    asked === 'latest'
      ? runs.slice(0, 1)
      : runs.filter((run) => run.id.startsWith(wanted) || run.id.endsWith(wanted));
  const [only, other] = fitting;
  if (only !== undefined && other === undefined) return ok(only);
  const why =
    only === undefined
      ? `there is no run ${JSON.stringify(asked)}`
      : `${JSON.stringify(asked)} fits ${fitting.length} runs`;
  return err(refusal('usage', 'store/run', why, 'see cofferdam audit log'));
}

/** Field 22 of /proc/PID/stat: when the process began, so that a reused number is not taken for its predecessor. */
function startTime(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function ownerLives(run: RunFolder): boolean {
  try {
    const [pid = '', started = ''] = readFileSync(join(run.directory, OWNER_FILE), 'utf8').trim().split(' ');
    return /^\d+$/.test(pid) && started !== '' && startTime(Number(pid)) === started;
  } catch {
    return false;
  }
}

/** Runs whose process died before they were finished: something of them may be left on the machine. */
export function abandonedRuns(state: StateFolder): readonly RunFolder[] {
  // Of perhaps thousands of runs that have ended nothing is asked.
  return readdirSync(state.running)
    .filter((name) => RUN_ID.test(name))
    .map((id) => runFolder(state, id))
    .filter((run) => !ownerLives(run));
}

/** Removes what only a running run needs; nothing may be mounted there any more. */
export function finishRun(run: RunFolder): void {
  rmSync(run.scratch, { recursive: true, force: true });
}
