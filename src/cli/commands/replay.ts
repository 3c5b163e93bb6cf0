import { writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { visible } from '../../audit/index.ts';
import { type Refusal, refusal } from '../../base/index.ts';
import {
  ATTACKS,
  chooseCases,
  junit,
  PENDING,
  replayCases,
  replayStatus,
  runInGround,
} from '../../replay/index.ts';
import { type Command, type CommandContext, EXIT } from '../command.ts';
import { parseOptions } from '../options.ts';
import { LiveLine } from '../render/live-line.ts';
import { exitStatus, renderRefusal } from '../render/refusals.ts';
import { listOf, rowOf, tableHead } from '../render/replay-table.ts';
import { styleFor } from '../render/style.ts';

const help = `usage: cofferdam replay ATTACK... | --all | --list

Replays attacks that happened or were published, each twice in a throwaway machine of namespaces: without the control, when
it must succeed, and with it, when it must be contained and the record must say so. What happened is seen from outside of the
sandbox, and nothing leaves this machine or stays on it. ATTACK is a name of the list, or ATTACK/CASE.

  --all          every attack
  --list         what there is, with its story and sources
  --json         one JSON line for each case
  --junit FILE   write the results as JUnit XML
  -h, --help

Exit status: 0 every one was contained; 1 one was not, one is broken, or none ran; 2 usage; 69 the machine lacks something.

example: cofferdam replay --all --junit replays.xml
`;

const OPTIONS = {
  all: { type: 'boolean' },
  list: { type: 'boolean' },
  json: { type: 'boolean' },
  junit: { type: 'string' },
} as const;

async function run(context: CommandContext): Promise<number> {
  const parsed = parseOptions('replay', context.args, OPTIONS);
  if (!parsed.ok) return refuse(context, parsed.error);
  const { values, positionals } = parsed.value;
  const json = values.json === true;
  const style = styleFor(context.stdout, context.environment);
  if (values.list === true) {
    context.stdout.write(listOf(ATTACKS, PENDING, style, json));
    return EXIT.ok;
  }
  if ((values.all === true) === positionals.length > 0)
    return refuse(
      context,
      refusal('usage', 'replay/which', 'name the attacks, or give --all', 'see cofferdam replay --list'),
    );
  const chosen = chooseCases(ATTACKS, positionals);
  if (!chosen.ok) return refuse(context, chosen.error);
  if (process.geteuid?.() !== 0)
    return refuse(
      context,
      refusal('machine', 'machine/root', 'only root can make a throwaway machine here', 'use sudo'),
    );
  const abort = new AbortController();
  const off = context.onSignal((name) => abort.abort(name));
  let now = '';
  const live = new LiveLine(context.stdout, () => now);
  const shows = context.stdout.isTTY === true && !json && (context.environment['CI'] ?? '') === '';
  if (!json) context.stdout.write(tableHead(style));
  if (shows) live.start();
  let done = 0;
  const results = await replayCases(chosen.value, runInGround, abort.signal, {
    begun: ({ attack, one }, side) => {
      now = `${done}/${chosen.value.length}  ${attack.name}/${one.name}  control ${side}`;
    },
    ended: (replayed) => {
      done += 1;
      live.write(json ? `${JSON.stringify(replayed)}\n` : rowOf(replayed, style));
    },
  });
  live.stop();
  off();
  const pending = values.all === true ? PENDING : [];
  for (const { name, title, waitsFor } of pending)
    context.stdout.write(
      json
        ? `${JSON.stringify({ attack: name, title, verdict: 'pending', why: `waits for ${waitsFor}` })}\n`
        : `${style.faint('PENDING       ')}  ${visible(name)}: ${visible(title)}, waits for ${visible(waitsFor)}\n`,
    );
  if (values.junit !== undefined)
    writeFileSync(resolve(context.directory, values.junit), junit(results, pending));
  if (abort.signal.aborted) return 128 + constants.signals[abort.signal.reason as 'SIGINT'];
  const verdicts = results.map((one) => one.verdict);
  const contained = verdicts.filter((verdict) => verdict === 'contained').length;
  if (!json)
    context.stdout.write(
      `\n${contained} of ${verdicts.length} contained${pending.length > 0 ? `, ${pending.length} pending` : ''}\n`,
    );
  return replayStatus(verdicts);
}

function refuse(context: CommandContext, why: Refusal): number {
  context.stderr.write(renderRefusal(why));
  return exitStatus(why);
}

export const command: Command = { help, run };
