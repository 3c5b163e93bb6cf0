import { jsonLine } from '../render/json-line.ts';
import { availableParallelism, totalmem } from 'node:os';
import { visible } from '../../audit/index.ts';
import { err, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { LoadedConfiguration } from '../../config/index.ts';
import { type HeldApproval, heldApprovals, type SignedText } from '../../engine/index.ts';
import { diffPolicies } from '../../zone/index.ts';
import { type CommandContext, EXIT } from '../command.ts';
import { parseOptions } from '../options.ts';
import { renderPolicyChanges } from '../render/policy-changes.ts';
import { styleFor } from '../render/style.ts';
import { policyFile, refused, smallFile } from './policy-file.ts';

const OPTIONS = { json: { type: 'boolean' }, approval: { type: 'string', multiple: true } } as const;

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
  const { approval = [], json } = parsed.value.values;
  const asked = before.value.configuration.policyChanges !== undefined || approval.length > 0;
  const approved =
    widened && asked ? await approvals(context, before.value, after.value, approval) : undefined;
  if (json === true) {
    const told = approved === undefined ? {} : { approved: approved.ok ? approved.value : [] };
    context.stdout.write(jsonLine({ widened, ...told, changes }));
  } else {
    context.stdout.write(renderPolicyChanges(changes, styleFor(context.stdout, context.environment)));
    context.stdout.write(
      changes.length === 0
        ? 'SAME  every job may do just what it could\n'
        : `${widened ? 'WIDENED' : 'NARROWED'}  ${count('opened')} opened, ${count('changed')} changed, ${count('closed')} closed\n`,
    );
    for (const { signedBy, expires, reason } of approved?.ok === true ? approved.value : [])
      context.stdout.write(`APPROVED  by ${visible(signedBy)}, until ${expires}: ${visible(reason)}\n`);
  }
  if (approved?.ok === false) return refused(context, approved.error);
  return widened && approved === undefined ? EXIT.failed : EXIT.ok;
}

/** Who approved the change, when that is enough; each file has the signature beside it, as ssh-keygen writes it. */
async function approvals(
  context: CommandContext,
  before: LoadedConfiguration,
  after: LoadedConfiguration,
  names: readonly string[],
): Promise<Result<readonly HeldApproval[], readonly Refusal[]>> {
  const given: SignedText[] = [];
  for (const name of names.slice(0, MOST_APPROVALS)) {
    const [text, signature] = [await smallFile(context, name), await smallFile(context, `${name}.sig`)];
    if (!text.ok) return err([text.error]);
    if (!signature.ok) return err([signature.error]);
    given.push({ name, text: text.value, signature: signature.value });
  }
  return heldApprovals(before, after, given, new Date());
}

const MOST_APPROVALS = 100;
