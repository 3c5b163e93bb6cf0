import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecOutcome } from '../../engine/index.ts';
import type { CommandContext } from '../command.ts';

/** Says what the command changed, if anything. */
export async function changesAfter(
  context: CommandContext,
  outcome: ExecOutcome,
  _workdir: string,
  _apply: 'ask' | 'never' | 'always',
  quiet: boolean,
): Promise<void> {
  const kept = await readdir(join(outcome.run.changes, 'exec')).catch(() => []);
  if (kept.length > 0 && !quiet)
    context.stderr.write(`the folder was changed; see cofferdam workspace diff ${outcome.run.id}\n`);
}
