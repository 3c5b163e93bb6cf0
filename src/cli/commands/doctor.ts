import { jsonLine } from '../render/json-line.ts';
import { visible } from '../../audit/index.ts';
import { diagnose } from '../../engine/index.ts';
import { type Command, type CommandContext, EXIT } from '../command.ts';
import { parseOptions } from '../options.ts';
import { renderRefusal } from '../render/refusals.ts';
import { styleFor } from '../render/style.ts';

const help = `usage: cofferdam doctor [--json]

Tells what this machine can enforce, by doing it: a sandbox and a gateway are armed as for a job, and removed again.

exit status: 0 when jobs can run here, 69 when they cannot

example: cofferdam doctor
`;

async function run(context: CommandContext): Promise<number> {
  const parsed = parseOptions('doctor', context.args, { json: { type: 'boolean' } });
  if (!parsed.ok) {
    context.stderr.write(renderRefusal(parsed.error));
    return EXIT.usage;
  }
  const found = await diagnose();
  const style = styleFor(context.stdout, context.environment);
  for (const one of found) {
    if (parsed.value.values.json === true) context.stdout.write(jsonLine(one));
    else {
      context.stdout.write(
        `${one.held ? style.good('✓') : style.note('✗')} ${one.name.padEnd(24)} ${visible(one.seen)}\n`,
      );
      if (one.fix !== undefined) context.stdout.write(`    fix   ${visible(one.fix)}\n`);
    }
  }
  return found[0]?.held === true ? EXIT.ok : EXIT.machine;
}

export const command: Command = { help, run };
