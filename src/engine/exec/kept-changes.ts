import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { arch, release } from 'node:os';
import { join } from 'node:path';
import { openRecord, verifyRecord } from '../../audit/index.ts';
import { err, ok, type Refusal, refusal, type Result, ulid } from '../../base/index.ts';
import { type Applied, applyChanges, type Change, listChanges } from '../../sandbox/index.ts';
import { createRun, finishRun, type RunFolder, type StateFolder } from '../../store/index.ts';

/** What a command changed in its copy of a folder, kept with its run. */
export interface KeptChanges {
  readonly run: RunFolder;
  /** The folder that the copy was of. */
  readonly folder: string;
  /** When the copy was made. */
  readonly since: Date;
  readonly upper: string;
  readonly changes: readonly Change[];
}

const JOB = 'exec';

/** Where a run's changes are kept. */
export function keptAt(run: RunFolder): string {
  return join(run.changes, JOB);
}

/** Whether anything was kept; costs one system call. */
export function hasKept(run: RunFolder): boolean {
  try {
    return readdirSync(keptAt(run)).length > 0;
  } catch {
    return false;
  }
}

/**
 * Compares what a run kept with its folder as it is now. The folder is the one that the run's record names, so a record
 * that does not verify is refused: it could name another.
 */
export async function keptChanges(state: StateFolder, run: RunFolder): Promise<Result<KeptChanges, Refusal>> {
  const found: { folder?: string; since?: Date } = {};
  const verified = await verifyRecord({
    directory: run.record,
    keysFolder: state.keys,
    runId: run.id,
    each: (event, time) => {
      if (event.type !== 'run.started' || event.command !== 'exec' || event.directory === undefined) return;
      found.folder = event.directory;
      found.since = new Date(time);
    },
  });
  if (verified.state !== 'whole') {
    return err(
      refusal(
        'policy',
        'workspace/record',
        `the record of run ${run.id} is ${verified.state}: ${verified.why}`,
        'run the command again; changes of a run whose record does not hold are not used',
      ),
    );
  }
  const { folder, since } = found;
  const whole = folder === undefined ? undefined : await realpath(folder).catch(() => undefined);
  if (folder === undefined || since === undefined || whole !== folder) {
    return err(
      refusal(
        'usage',
        'workspace/none',
        folder === undefined
          ? `run ${run.id} was no cofferdam exec: it kept no changes`
          : `the folder ${folder} is not there any more, or became a link`,
        'name a run of cofferdam exec; cofferdam audit log lists them',
      ),
    );
  }
  const upper = keptAt(run);
  if (!existsSync(upper)) {
    const why = `what run ${run.id} changed is not kept any more: the newest 20 are`;
    return err(refusal('usage', 'workspace/none', why, 'run the command again'));
  }
  if (!hasKept(run)) return ok({ run, folder, since, upper, changes: [] });
  const changes = await listChanges(folder, upper);
  return changes.ok ? ok({ run, folder, since, upper, changes: changes.value }) : changes;
}

/** Applies kept changes, and keeps a record of it as a run of its own. */
export async function applyKept(
  kept: KeptChanges,
  options: { readonly include: readonly string[]; readonly version: string },
  state: StateFolder,
): Promise<{ readonly run: RunFolder; readonly applied: Applied }> {
  const started = Date.now();
  const run = createRun(state, ulid(started, randomBytes(10)));
  const record = openRecord({
    directory: run.record,
    keysFolder: state.keys,
    runId: run.id,
    now: () => new Date(),
    watch: () => undefined,
  });
  await record.write({
    type: 'run.started',
    run: run.id,
    command: 'apply',
    version: options.version,
    directory: kept.folder,
    argv: ['workspace', 'apply', kept.run.id, ...options.include.flatMap((path) => ['--include', path])],
    runner: { kernel: release(), architecture: arch() },
    policy: { source: 'defaults' },
  });
  const { folder, upper, changes, since } = kept;
  const applied = applyChanges({ folder, upper, changes, since, include: options.include });
  const failed = applied.leftOut.some(({ because }) => because !== 'rule');
  await record.write({
    type: 'workspace.applied',
    of: kept.run.id,
    applied: applied.applied.length,
    refused: applied.leftOut.slice(0, 1_000).map(({ path, why }) => ({ path: path.toString('utf8'), why })),
    refusedInAll: applied.leftOut.length,
  });
  await record.write({
    type: 'run.finished',
    verdict: failed ? 'failed' : 'passed',
    exitStatus: Number(failed),
    denied: 0,
    gaps: 0,
    durationMs: Date.now() - started,
    zones: [],
  });
  await record.close();
  finishRun(run);
  return { run, applied };
}
