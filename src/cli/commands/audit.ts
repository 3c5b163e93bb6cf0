import { jsonLine } from '../render/json-line.ts';
import { verifyRecord, visible } from '../../audit/index.ts';
import { type Refusal, refusal } from '../../base/index.ts';
import { findRun, listRuns, openStateFolder, type RunFolder, type StateFolder } from '../../store/index.ts';
import { type Command, type CommandContext, EXIT } from '../command.ts';
import { parseOptions } from '../options.ts';
import { Denials } from '../render/denials.ts';
import { eventLine } from '../render/event-line.ts';
import { exitStatus, renderRefusal } from '../render/refusals.ts';
import { styleFor } from '../render/style.ts';

const help = `usage: cofferdam audit log
       cofferdam audit show RUN [--json]
       cofferdam audit verify [RUN] [--json]

The record of each run: what ran, in which zone, what it reached and what was denied. RUN is a run's id, a part of it that
fits only one, or latest.

  log       every run, newest first
  show      one run's events; ! stands before what was denied, is a risk or was not seen, and they are told again at the end
  verify    whether the record is whole: nothing edited, left out, reordered, added or cut off
  --json    for machines

Exit status of verify: 0 whole, 1 broken or unfinished.

example: cofferdam audit verify latest
`;

const MAX_LISTED = 50;

async function run(context: CommandContext): Promise<number> {
  const parsed = parseOptions('audit', context.args, { json: { type: 'boolean' } });
  if (!parsed.ok) return refuse(context, parsed.error);
  const [verb = 'log', asked = 'latest'] = parsed.value.positionals;
  const json = parsed.value.values.json === true;
  const state = openStateFolder(context.environment);
  if (!state.ok) return refuse(context, state.error);
  if (verb === 'log') return log(context, state.value, json);
  if (verb !== 'show' && verb !== 'verify') {
    return refuse(
      context,
      refusal(
        'usage',
        'cli/arguments',
        `${JSON.stringify(verb)} is not a part of audit`,
        'use log, show or verify',
      ),
    );
  }
  const found = findRun(state.value, asked);
  if (!found.ok) return refuse(context, found.error);
  return verb === 'show'
    ? show(context, state.value, found.value, json)
    : verify(context, state.value, found.value, json);
}

async function verify(
  context: CommandContext,
  state: StateFolder,
  found: RunFolder,
  json: boolean,
): Promise<number> {
  const result = await verifyRecord({ directory: found.record, keysFolder: state.keys, runId: found.id });
  if (json) context.stdout.write(jsonLine({ run: found.id, ...result }));
  else if (result.state === 'whole')
    context.stdout.write(`whole  ${found.id}  ${result.events} events, ${result.head}\n`);
  else
    context.stdout.write(
      `${result.state}  ${found.id}  ${'line' in result ? `line ${result.line}: ` : ''}${visible(result.why)}\n`,
    );
  return result.state === 'whole' ? EXIT.ok : EXIT.failed;
}

async function show(
  context: CommandContext,
  state: StateFolder,
  found: RunFolder,
  json: boolean,
): Promise<number> {
  let number = 0;
  const denials = new Denials();
  const result = await verifyRecord({
    directory: found.record,
    keysFolder: state.keys,
    runId: found.id,
    each: (event, time) => {
      const at = String(number).padStart(5);
      number += 1;
      denials.take(event);
      context.stdout.write(
        json ? jsonLine({ time, ...event }) : `${at}  ${time.slice(11, 23)} ${eventLine(event)}\n`,
      );
    },
  });
  if (!json) context.stdout.write(denials.render(styleFor(context.stdout, context.environment), 'cofferdam'));
  if (result.state !== 'whole') context.stderr.write(`${result.state}: ${visible(result.why)}\n`);
  return result.state === 'whole' ? EXIT.ok : EXIT.failed;
}

async function log(context: CommandContext, state: StateFolder, json: boolean): Promise<number> {
  for (const found of listRuns(state).slice(0, MAX_LISTED)) {
    let name = '';
    let verdict = 'unfinished';
    let denied = 0;
    const result = await verifyRecord({
      directory: found.record,
      keysFolder: state.keys,
      runId: found.id,
      each: (event) => {
        if (event.type === 'run.started') name = event.workflow?.path ?? event.argv?.join(' ') ?? '';
        if (event.type === 'run.finished') {
          verdict = event.verdict;
          denied = event.denied;
        }
      },
    });
    if (json) context.stdout.write(jsonLine({ run: found.id, name, verdict, denied, record: result.state }));
    else
      context.stdout.write(
        `${found.id}  ${verdict.padEnd(10)} ${String(denied).padStart(4)} denied  record ${result.state.padEnd(10)} ${visible(name, 80)}\n`,
      );
  }
  return EXIT.ok;
}

function refuse(context: CommandContext, why: Refusal): number {
  context.stderr.write(renderRefusal(why));
  return exitStatus(why);
}

export const command: Command = { help, run };
