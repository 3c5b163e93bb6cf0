import { applyKept, keptChanges } from '../../engine/index.ts';
import { findRun } from '../../store/index.ts';
import { replayState } from './contained-run.ts';

/** Takes over what the last command changed, as `cofferdam workspace apply` does when nothing is named. */
export async function applyLatest(): Promise<void> {
  const state = replayState();
  const run = findRun(state, 'latest');
  if (!run.ok) throw new Error(run.error.why);
  const kept = await keptChanges(state, run.value);
  if (!kept.ok) throw new Error(kept.error.why);
  await applyKept(kept.value, { include: [], version: 'replay' }, state);
}
