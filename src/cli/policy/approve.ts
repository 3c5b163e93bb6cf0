import { refusal } from '../../base/index.ts';
import { approvalOf, approvalText } from '../../zone/index.ts';
import { type CommandContext, EXIT } from '../command.ts';
import { parseOptions } from '../options.ts';
import { policyFile, refused } from './policy-file.ts';

const OPTIONS = { reason: { type: 'string' }, expires: { type: 'string' } } as const;

/** `cofferdam policy approve OLD NEW`: writes the text by which somebody approves the change, to be signed by that person. */
export async function approve(context: CommandContext): Promise<number> {
  const parsed = parseOptions('policy', context.args, OPTIONS);
  if (!parsed.ok) return refused(context, [parsed.error]);
  const { values, positionals } = parsed.value;
  const [old, fresh, ...more] = positionals;
  if (old === undefined || fresh === undefined || more.length > 0)
    return refused(context, [
      refusal('usage', 'cli/arguments', 'name two files', 'see cofferdam policy --help'),
    ]);
  const [before, after] = [await policyFile(context, old), await policyFile(context, fresh)];
  if (!before.ok) return refused(context, before.error);
  if (!after.ok) return refused(context, after.error);
  const approval = approvalOf(
    { old: before.value.digest, new: after.value.digest },
    { reason: values.reason ?? '', expires: values.expires ?? '' },
    new Date(),
  );
  if (!approval.ok) return refused(context, [approval.error]);
  context.stdout.write(approvalText(approval.value));
  return EXIT.ok;
}
