import { createInterface } from 'node:readline/promises';
import { applyKept, type ExecOutcome, keptChanges } from '../engine/index.ts';
import { showDiff } from '../sandbox/index.ts';
import type { StateFolder } from '../store/index.ts';
import type { CommandContext } from './command.ts';
import { countChanges, renderApplied, renderChanges } from './render/changes.ts';
import { renderRefusal } from './render/refusals.ts';
import { type Style, styleFor } from './render/style.ts';
import { VERSION } from './version.ts';

const MAX_LISTED = 20;

/** After `exec`: says what was changed, and applies it as the person wants. Never changes the command's own status. */
export async function afterwards(
  context: CommandContext,
  state: StateFolder,
  outcome: ExecOutcome,
  wanted: {
    readonly apply: 'ask' | 'never' | 'always';
    readonly include: readonly string[];
    readonly quiet: boolean;
  },
): Promise<void> {
  const style = styleFor(context.stderr, context.environment);
  if (outcome.notKept !== undefined) context.stderr.write(renderRefusal(outcome.notKept));
  const { changed } = outcome;
  if (changed === undefined) return;
  const { id } = outcome.run;
  if (wanted.apply === 'never') {
    if (wanted.quiet || changed.added + changed.modified + changed.deleted === 0) return;
    context.stderr.write(
      `${countChanges(changed)} in its copy of the folder: cofferdam workspace diff ${id}, or apply\n`,
    );
    return;
  }
  const kept = await keptChanges(state, outcome.run);
  if (!kept.ok) {
    context.stderr.write(renderRefusal(kept.error));
    return;
  }
  const { changes, folder, upper } = kept.value;
  if (changes.length === 0) return;
  if (wanted.apply === 'ask') {
    context.stderr.write(`\n${countChanges(changed)} in its copy of ${folder}:\n`);
    context.stderr.write(renderChanges(changes.slice(0, MAX_LISTED), style));
    if (changes.length > MAX_LISTED) context.stderr.write(`… and ${changes.length - MAX_LISTED} more\n`);
    const yes = await ask(context, () => {
      for (const change of changes) context.stderr.write(showDiff(change, folder, upper));
    });
    if (!yes) {
      context.stderr.write(`not applied; later: cofferdam workspace apply ${id}\n`);
      return;
    }
  }
  const { applied, run } = await applyKept(kept.value, { include: wanted.include, version: VERSION }, state);
  if (!wanted.quiet || applied.leftOut.length > 0) report(context, style, id, applied, run.id);
}

function report(
  context: CommandContext,
  style: Style,
  id: string,
  applied: Parameters<typeof renderApplied>[0],
  record: string,
): void {
  context.stderr.write(`${renderApplied(applied, style, id)}record ${record}\n`);
}

/** Asks once more after each look at the diff; an end of input is a no. */
async function ask(context: CommandContext, show: () => void): Promise<boolean> {
  const lines = createInterface({ input: context.stdin, output: context.stderr });
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('n')));
  try {
    for (;;) {
      const answer = await Promise.race([
        lines.question('Apply to the folder? [y/N/d for the diff] '),
        closed,
      ]);
      const word = answer.trim().toLowerCase();
      if (word !== 'd' && word !== 'diff') return word === 'y' || word === 'yes';
      show();
    }
  } finally {
    lines.close();
  }
}
