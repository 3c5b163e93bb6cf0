import { jsonLine } from '../render/json-line.ts';
import { type Refusal, refusal } from '../../base/index.ts';
import { applyKept, type KeptChanges, keptChanges } from '../../engine/index.ts';
import { shownPath, showDiff, sensitiveAmong } from '../../sandbox/index.ts';
import { findRun, openStateFolder, type StateFolder } from '../../store/index.ts';
import { type Command, type CommandContext, EXIT } from '../command.ts';
import { parseOptions } from '../options.ts';
import { countChanges, hasConflicts, renderApplied, renderChanges } from '../render/changes.ts';
import { exitStatus, renderRefusal } from '../render/refusals.ts';
import { styleFor } from '../render/style.ts';
import { VERSION } from '../version.ts';

const help = `usage: cofferdam workspace diff [RUN] [--stat] [--json]
       cofferdam workspace apply [RUN] [--include PATH...] [--json]

What a command of cofferdam exec changed in its copy of a folder: show it, or take it into the folder. RUN is a run's id, a
part of it that fits only one, or latest (the default).

Applying never follows a link out of the folder, and leaves alone what was changed there since. These are left out unless
each is named with --include, since a tool obeys what stands there: git's own data and configuration, hooks, shell and
package-manager configuration, workflow files, settings that editors and agents obey, and links that lead out of the folder.
Devices, pipes and sockets are never applied.

  --include PATH  apply this path, and what is below it, although it is one of those; repeatable
  --stat          one line for each change
  --json          one JSON value
  -h, --help

Exit status: 0, also when a rule left something out; 1 when something else could not be applied; 2 usage, 3 a record that does
not verify.

example: cofferdam workspace apply latest --include .npmrc
`;

const OPTIONS = {
  include: { type: 'string', multiple: true },
  stat: { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

async function run(context: CommandContext): Promise<number> {
  const parsed = parseOptions('workspace', context.args, OPTIONS);
  if (!parsed.ok) return refuse(context, parsed.error);
  const { values, positionals } = parsed.value;
  const [verb, asked = 'latest', ...more] = positionals;
  if ((verb !== 'diff' && verb !== 'apply') || more.length > 0) {
    const why =
      verb === undefined ? 'say diff or apply' : `${JSON.stringify(more[0] ?? verb)} is not expected here`;
    return refuse(context, refusal('usage', 'cli/arguments', why, 'see cofferdam workspace --help'));
  }
  const state = openStateFolder(context.environment);
  if (!state.ok) return refuse(context, state.error);
  const found = findRun(state.value, asked);
  if (!found.ok) return refuse(context, found.error);
  const kept = await keptChanges(state.value, found.value);
  if (!kept.ok) return refuse(context, kept.error);
  const json = values.json === true;
  return verb === 'diff'
    ? diff(context, kept.value, json, values.stat === true)
    : apply(context, kept.value, state.value, json, values.include ?? []);
}

function diff(context: CommandContext, kept: KeptChanges, json: boolean, stat: boolean): number {
  const { changes, folder, upper } = kept;
  if (json) {
    const sensitive = sensitiveAmong(changes, folder);
    const told = changes.map(({ kind, type, before, path, executable, sizeBytes, target }) => ({
      kind,
      type,
      before,
      path: path.toString('utf8'),
      executable,
      sizeBytes,
      target: target?.toString('utf8'),
      sensitive: sensitive(path),
    }));
    context.stdout.write(jsonLine({ run: kept.run.id, folder, changes: told }));
    return EXIT.ok;
  }
  const count = (kind: string): number => changes.filter((change) => change.kind === kind).length;
  if (stat) {
    context.stdout.write(renderChanges(changes, styleFor(context.stdout, context.environment)));
    const counts = { added: count('added'), modified: count('modified'), deleted: count('deleted') };
    context.stdout.write(`${countChanges(counts)} in the copy of ${shownPath(Buffer.from(folder))}\n`);
  } else {
    for (const change of changes) context.stdout.write(showDiff(change, folder, upper));
  }
  return EXIT.ok;
}

async function apply(
  context: CommandContext,
  kept: KeptChanges,
  state: StateFolder,
  json: boolean,
  include: readonly string[],
): Promise<number> {
  const { applied, run } = await applyKept(kept, { include, version: VERSION }, state);
  if (json) {
    const text = (path: Buffer): string => path.toString('utf8');
    const told = {
      run: kept.run.id,
      record: run.id,
      folder: kept.folder,
      applied: applied.applied.map((change) => text(change.path)),
      already: applied.already.map((change) => text(change.path)),
      leftOut: applied.leftOut.map(({ path, because, why }) => ({ path: text(path), because, why })),
    };
    context.stdout.write(jsonLine(told));
  } else {
    const style = styleFor(context.stdout, context.environment);
    context.stdout.write(`${renderApplied(applied, style, kept.run.id)}record ${run.id}\n`);
  }
  return hasConflicts(applied.leftOut) ? EXIT.failed : EXIT.ok;
}

function refuse(context: CommandContext, why: Refusal): number {
  context.stderr.write(renderRefusal(why));
  return exitStatus(why);
}

export const command: Command = { help, run };
