import { visible } from '../../audit/index.ts';
import { refusal } from '../../base/index.ts';
import { EXPOSURES, resolvePresets, REVIEWED } from '../../egress/index.ts';
import { type CommandContext, EXIT } from '../command.ts';
import { parseOptions } from '../options.ts';
import { jsonLine } from '../render/json-line.ts';
import { styleFor } from '../render/style.ts';
import { refused } from './policy-file.ts';

const OPTIONS = { json: { type: 'boolean' } } as const;

/** `cofferdam policy presets [NAME...]`: what each stands for here and what it exposes. No client is made to fetch for it. */
export async function policyPresets(context: CommandContext): Promise<number> {
  const parsed = parseOptions('policy', context.args, OPTIONS);
  if (!parsed.ok) return refused(context, [parsed.error]);
  const { values, positionals } = parsed.value;
  const names = positionals.length === 0 ? Object.keys(EXPOSURES) : positionals;
  const unknown = names.find((name) => !Object.hasOwn(EXPOSURES, name));
  if (unknown !== undefined)
    return refused(context, [
      refusal(
        'usage',
        'policy/preset',
        `${JSON.stringify(unknown)} is not a preset`,
        'see cofferdam policy presets',
      ),
    ]);
  const sources = { environment: context.environment, home: context.environment['HOME'] };
  const resolved = await resolvePresets(names, sources, names);
  if (!resolved.ok) return refused(context, [resolved.error]);
  const style = styleFor(context.stdout, context.environment);
  for (const name of names) {
    const exposure = EXPOSURES[name];
    const destinations = resolved.value[name]?.destinations ?? [];
    if (exposure === undefined) continue;
    if (values.json === true) {
      context.stdout.write(jsonLine({ name, ...exposure, reviewed: REVIEWED, destinations }));
      continue;
    }
    const { kind, what, exposes, source } = exposure;
    const hosts = destinations.map(({ host, methods, paths }) =>
      [host, methods?.join(' '), paths?.join(' ')].filter((part) => part !== undefined).join('  '),
    );
    const lines = [
      `${name}  ${style.faint(kind)}  ${what}`,
      `  exposes  ${exposes}`,
      ...(hosts.length === 0 ? ['nothing: its client is not here, or was not asked yet'] : hosts).map(
        (host) => `  here     ${visible(host)}`,
      ),
      style.faint(`  source   ${source}, as of ${REVIEWED}`),
      '',
    ];
    context.stdout.write(`${lines.join('\n')}\n`);
  }
  return EXIT.ok;
}
