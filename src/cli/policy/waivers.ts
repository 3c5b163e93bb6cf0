import { jsonLine } from '../render/json-line.ts';
import { visible } from '../../audit/index.ts';
import { type Refusal, refusal } from '../../base/index.ts';
import { operatorConfiguration, type Waiver } from '../../config/index.ts';
import { heldWaiver, WAIVER_NAMESPACE } from '../../engine/index.ts';
import { waiverText } from '../../zone/index.ts';
import { type CommandContext, EXIT } from '../command.ts';
import { parseOptions } from '../options.ts';
import { refused } from './policy-file.ts';

const OPTIONS = { json: { type: 'boolean' }, file: { type: 'string' }, text: { type: 'string' } } as const;

/** Lists the waivers of the operator's file and what becomes of each now; or writes the text of one, for `ssh-keygen -Y sign`. */
export async function policyWaivers(context: CommandContext): Promise<number> {
  const parsed = parseOptions('policy', context.args, OPTIONS);
  if (!parsed.ok) return refused(context, [parsed.error]);
  const { values, positionals } = parsed.value;
  if (positionals.length > 0)
    return refused(context, [
      refusal('usage', 'cli/arguments', 'waivers takes options only', 'see cofferdam policy --help'),
    ]);
  const operator = await operatorConfiguration(
    context.environment,
    values.file === undefined ? {} : { named: values.file },
  );
  if (!operator.ok) return refused(context, operator.error);
  const configuration = operator.value?.configuration;
  const waivers = configuration?.waivers ?? [];
  if (values.text !== undefined) {
    const waiver = waivers[Number(values.text) - 1];
    if (waiver === undefined) return refused(context, [noSuch(values.text, waivers.length)]);
    context.stdout.write(waiverText(waiver));
    return EXIT.ok;
  }
  let lacking = 0;
  for (const [at, waiver] of waivers.entries()) {
    const held = await heldWaiver({ ...configuration, waivers: [waiver] }, waiver, new Date());
    if (!held.ok) lacking += 1;
    if (values.json === true) {
      const { signature: _, ...said } = waiver;
      context.stdout.write(
        jsonLine({ ...said, ...(held.ok ? { signedBy: held.value.signedBy } : { refused: held.error }) }),
      );
    } else {
      const state = held.ok
        ? `holds, signed by ${visible(held.value.signedBy)}`
        : `${held.error.rule}: ${visible(held.error.why)}`;
      context.stdout.write(`${lines(at + 1, waiver, state)}${held.ok ? '' : howToSign(at + 1)}`);
    }
  }
  if (waivers.length === 0 && values.json !== true) context.stdout.write('no waiver\n');
  return lacking === 0 ? EXIT.ok : EXIT.failed;
}

function lines(number: number, waiver: Waiver, state: string): string {
  const { kind, job, workflow, repository, zone, pool, expires, reason } = waiver;
  return [
    `${number}  ${kind}  job ${visible(job)} of ${visible(workflow)} of ${visible(repository)}, zone ${zone}, pool ${pool}`,
    `   until   ${expires}`,
    `   reason  ${visible(reason)}`,
    `   state   ${state}`,
    '',
  ].join('\n');
}

function howToSign(number: number): string {
  return `   sign    cofferdam policy waivers --text ${number} | ssh-keygen -Y sign -n ${WAIVER_NAMESPACE} -f KEY   and put what it writes into \`signature\`\n`;
}

function noSuch(text: string, count: number): Refusal {
  return refusal(
    'usage',
    'policy/waiver',
    `there is no waiver ${text}: the file has ${count}`,
    'count from 1',
  );
}
