import { jsonLine } from '../render/json-line.ts';
import { availableParallelism, totalmem } from 'node:os';
import { refusal } from '../../base/index.ts';
import { diffPolicies } from '../../zone/index.ts';
import { type CommandContext, EXIT } from '../command.ts';
import { parseOptions } from '../options.ts';
import { renderPolicyChanges } from '../render/policy-changes.ts';
import { styleFor } from '../render/style.ts';
import { policyFile, refused } from './policy-file.ts';

const OPTIONS = { json: { type: 'boolean' } } as const;

/** `cofferdam policy diff OLD NEW`. */
export async function diff(context: CommandContext): Promise<number> {
  const parsed = parseOptions('policy', context.args, OPTIONS);
  if (!parsed.ok) return refused(context, [parsed.error]);
  const [old, fresh, ...more] = parsed.value.positionals;
  if (old === undefined || fresh === undefined || more.length > 0)
    return refused(context, [
      refusal('usage', 'cli/arguments', 'name two files', 'see cofferdam policy --help'),
    ]);
  const [before, after] = [await policyFile(context, old), await policyFile(context, fresh)];
  if (!before.ok) return refused(context, before.error);
  if (!after.ok) return refused(context, after.error);
  const machine = { memoryBytes: totalmem(), cpus: availableParallelism() };
  const changes = diffPolicies(before.value, after.value, machine);
  const count = (direction: string): number =>
    changes.filter((change) => change.direction === direction).length;
  const widened = count('opened') + count('changed') > 0;
  if (parsed.value.values.json === true) {
    context.stdout.write(jsonLine({ widened, changes }));
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
