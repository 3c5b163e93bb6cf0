import { readFile, stat } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { err, type Refusal, refusal, type Result } from '../../base/index.ts';
import { configurationIn, type LoadedConfiguration } from '../../config/index.ts';
import { diffPolicies } from '../../zone/index.ts';
import { type Command, type CommandContext, EXIT } from '../command.ts';
import { parseOptions } from '../options.ts';
import { renderPolicyChanges } from '../render/policy-changes.ts';
import { exitStatus, renderRefusal } from '../render/refusals.ts';
import { styleFor } from '../render/style.ts';

const help = `usage: cofferdam policy diff OLD NEW [--json]

Proves what one cofferdam.yaml allows that another does not, in both directions: destinations by host, port, method and path,
bytes and requests, secrets, token permissions, publication, caches, limits, isolation, approvals, and whom it trusts. What a
file leaves out means the product's own default. The word defaults instead of a file means these alone. The comparison is
complete: no line means that every job may do just what it could. A preset such as @npm is compared by its name.

  --json      one JSON value
  -h, --help

Exit status: 0 when nothing was opened or changed, 1 when something was, 2 when a file is wrong. As a required check of a pull
request, it stops what opens until someone looked at it.

example: cofferdam policy diff defaults cofferdam.yaml
`;

const MAX_BYTES = 262_144;
const OPTIONS = { json: { type: 'boolean' } } as const;

async function run(context: CommandContext): Promise<number> {
  const parsed = parseOptions('policy', context.args, OPTIONS);
  if (!parsed.ok) return refuse(context, [parsed.error]);
  const [verb, old, fresh, ...more] = parsed.value.positionals;
  if (verb !== 'diff' || old === undefined || fresh === undefined || more.length > 0) {
    const why = verb === 'diff' ? 'name two files' : 'say diff, and name two files';
    return refuse(context, [refusal('usage', 'cli/arguments', why, 'see cofferdam policy --help')]);
  }
  const [before, after] = [await load(context, old), await load(context, fresh)];
  if (!before.ok) return refuse(context, before.error);
  if (!after.ok) return refuse(context, after.error);
  const machine = { memoryBytes: totalmem(), cpus: availableParallelism() };
  const changes = diffPolicies(before.value, after.value, machine);
  const count = (direction: string): number =>
    changes.filter((change) => change.direction === direction).length;
  const widened = count('opened') + count('changed') > 0;
  if (parsed.value.values.json === true) {
    context.stdout.write(`${JSON.stringify({ widened, changes })}\n`);
  } else {
    context.stdout.write(renderPolicyChanges(changes, styleFor(context.stdout, context.environment)));
    context.stdout.write(
      changes.length === 0
        ? 'SAME  every job may do just what it could\n'
        : `${widened ? 'WIDENED' : 'NARROWED'}  ${count('opened')} opened, ${count('changed')} changed, ${count('closed')} closed\n`,
    );
  }
  return widened ? EXIT.failed : EXIT.ok;
}

/** Either file may be a stranger's: it is bounded, and checked as any configuration is. */
async function load(
  context: CommandContext,
  name: string,
): Promise<Result<LoadedConfiguration, readonly Refusal[]>> {
  if (name === 'defaults') return configurationIn(Buffer.from('version: 1\n'), name, 'operator');
  const path = resolve(context.directory, name);
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true || found.size > MAX_BYTES) {
    const why =
      found === undefined ? `there is no file ${name}` : `${name} is no file of at most ${MAX_BYTES} bytes`;
    return err([refusal('usage', 'policy/file', why, 'name a cofferdam.yaml, or the word defaults')]);
  }
  return configurationIn(await readFile(path), name, 'operator');
}

function refuse(context: CommandContext, why: readonly Refusal[]): number {
  for (const one of why) context.stderr.write(renderRefusal(one));
  return exitStatus(why[0] ?? refusal('usage', 'policy/file', '', ''));
}

export const command: Command = { help, run };
