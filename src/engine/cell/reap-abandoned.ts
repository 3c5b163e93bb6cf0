import { reapSandboxes } from '../../sandbox/index.ts';
import { abandonedRuns, finishRun, type StateFolder } from '../../store/index.ts';
import { everySandboxes } from './sandbox-folder.ts';

/**
 * Clears up after runs whose process was killed: called before a run begins, so that the second run after a crash is as
 * the first. Their records stay as they are, and verify up to where they stopped.
 */
export async function reapAbandoned(state: StateFolder): Promise<readonly string[]> {
  const left: string[] = [];
  for (const run of abandonedRuns(state)) {
    const kept: string[] = [];
    for (const folder of everySandboxes()) kept.push(...(await reapSandboxes(folder, run.id)));
    left.push(...kept);
    if (kept.length === 0) finishRun(run);
  }
  return left;
}
