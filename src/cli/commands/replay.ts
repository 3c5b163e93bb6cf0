import { jsonLine } from '../render/json-line.ts';
import { writeFileSync } from 'node:fs';
import { availableParallelism, constants } from 'node:os';
import { resolve } from 'node:path';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import {
  ATTACKS,
  type ChosenCase,
  chooseCases,
  junit,
  lackOf,
  PENDING,
  type Replayed,
  type ReplayHow,
  replayCases,
  replayStatus,
  runInGround,
} from '../../replay/index.ts';
import { type Command, type CommandContext, EXIT } from '../command.ts';
import { parseOptions } from '../options.ts';
import { LiveLine } from '../render/live-line.ts';
import { exitStatus, renderRefusal } from '../render/refusals.ts';
import { listOf, pendingRow, rowOf, summaryOf, tableHead } from '../render/replay-table.ts';
import { styleFor } from '../render/style.ts';
import { REPLAY_RUNTIME_OPTIONS, replayRuntimes } from '../replay-runtimes.ts';

const help = `usage: cofferdam replay ATTACK... | --all | --list

Replays attacks that happened or were published, each twice in a throwaway machine of namespaces: without the control, when
it must succeed, and with it, when it must be contained and the record must say so. What happened is seen from outside of the
sandbox, and nothing leaves this machine or stays on it. ATTACK is a name of the list, or ATTACK/CASE.

  --all             every attack
  --list            what there is, with its story and sources
  --isolation TIER  against this wall: hardened-container, sandboxed-kernel or microvm
  --runtime NAME    against this runtime: runc, crun, runsc or qemu; repeatable. NAME=PROGRAM is one that is not installed
  --every-runtime   against each of them that this machine has but qemu, whose boots take minutes: name it besides
  --at-once N       so many cases at a time (default: one for each processor, at most 4)
  --patience N      wait so many times as long for a job before it counts as run (default: 1; an emulated machine needs 10)
  --verbose         also what the attack printed in either run
  --json            one JSON line for each case
  --junit FILE      write the results as JUnit XML
  -h, --help

Exit status: 0 every one was contained; 1 one was not, one is broken, or none ran; 2 usage; 69 the machine lacks something.

example: cofferdam replay --all --junit replays.xml
`;

const OPTIONS = {
  all: { type: 'boolean' },
  list: { type: 'boolean' },
  json: { type: 'boolean' },
  verbose: { type: 'boolean', short: 'v' },
  junit: { type: 'string' },
  'at-once': { type: 'string' },
  patience: { type: 'string' },
  ...REPLAY_RUNTIME_OPTIONS,
} as const;
const MOST_AT_ONCE = 4;

async function run(context: CommandContext): Promise<number> {
  const parsed = parseOptions('replay', context.args, OPTIONS);
  if (!parsed.ok) return refuse(context, parsed.error);
  const { values, positionals } = parsed.value;
  if (values.list === true) {
    const style = styleFor(context.stdout, context.environment);
    context.stdout.write(listOf(ATTACKS, PENDING, style, values.json === true));
    return EXIT.ok;
  }
  const chosen = chosenCases(values, positionals, context.directory);
  if (!chosen.ok) return refuse(context, chosen.error);
  const atOnce = numberOf('at-once', values['at-once'], Math.min(MOST_AT_ONCE, availableParallelism()));
  if (!atOnce.ok) return refuse(context, atOnce.error);
  const patience = numberOf('patience', values.patience, 1);
  if (!patience.ok) return refuse(context, patience.error);
  const abort = new AbortController();
  const off = context.onSignal((name) => abort.abort(name));
  const results = await replay(
    context,
    chosen.value,
    values,
    { atOnce: atOnce.value, patience: patience.value },
    abort.signal,
  );
  off();
  if (values.junit !== undefined)
    writeFileSync(
      resolve(context.directory, values.junit),
      junit(results, values.all === true ? PENDING : []),
    );
  if (abort.signal.aborted) return 128 + constants.signals[abort.signal.reason as 'SIGINT'];
  return replayStatus(results.map((one) => one.verdict));
}

function chosenCases(
  values: Parameters<typeof replayRuntimes>[0] & { readonly all?: boolean },
  names: readonly string[],
  directory: string,
): Result<readonly ChosenCase[], Refusal> {
  if ((values.all === true) === names.length > 0)
    return err(
      refusal('usage', 'replay/which', 'name the attacks, or give --all', 'see cofferdam replay --list'),
    );
  const runtimes = replayRuntimes(values, directory);
  if (!runtimes.ok) return runtimes;
  const chosen = chooseCases(ATTACKS, names, runtimes.value);
  if (!chosen.ok) return chosen;
  if (process.geteuid?.() === 0) return chosen;
  return err(refusal('machine', 'machine/root', 'only root can make a throwaway machine here', 'use sudo'));
}

function numberOf(
  option: 'at-once' | 'patience',
  asked: string | undefined,
  otherwise: number,
): Result<number, Refusal> {
  if (asked === undefined) return ok(otherwise);
  if (/^[1-9]\d?$/.test(asked)) return ok(Number(asked));
  return err(
    refusal('usage', `replay/${option}`, `--${option} ${JSON.stringify(asked)} is no number`, 'give 1 to 99'),
  );
}

/** Replays and shows as it goes: a live line on a terminal, a row or a JSON line for each case, and at the end the sums. */
async function replay(
  context: CommandContext,
  cases: readonly ChosenCase[],
  values: { readonly all?: boolean; readonly json?: boolean; readonly verbose?: boolean },
  { atOnce, patience }: { readonly atOnce: number; readonly patience: number },
  signal: AbortSignal,
): Promise<readonly Replayed[]> {
  const json = values.json === true;
  const style = styleFor(context.stdout, context.environment);
  const going = new Map<ChosenCase, string>();
  let done = 0;
  const live = new LiveLine(
    context.stdout,
    () => `${done}/${cases.length}  ${[...going.values()].join('  ')}`,
  );
  const began = performance.now();
  if (!json) context.stdout.write(tableHead(style));
  if (context.stdout.isTTY === true && !json && (context.environment['CI'] ?? '') === '') live.start();
  const how: ReplayHow = {
    run: (attack, one, side, runtime, stop) => runInGround(attack, one, side, runtime, stop, patience),
    lackOf,
    atOnce,
    begun: (chosen, side) =>
      going.set(
        chosen,
        `${chosen.attack.name}/${chosen.one.name} by ${chosen.runtime.name}, control ${side}`,
      ),
    ended: (replayed, chosen) => {
      done += 1;
      going.delete(chosen);
      const { saidOff: _off, saidOn: _on, ...rest } = replayed;
      const told = values.verbose === true ? replayed : rest;
      live.write(json ? jsonLine(told) : rowOf(told, style));
    },
  };
  const results = await replayCases(cases, how, signal);
  live.stop();
  const pending = values.all === true ? PENDING : [];
  for (const one of pending) context.stdout.write(pendingRow(one, style, json));
  if (!json)
    context.stdout.write(summaryOf(results, pending, cases.length, performance.now() - began, style));
  return results;
}

function refuse(context: CommandContext, why: Refusal): number {
  context.stderr.write(renderRefusal(why));
  return exitStatus(why);
}

export const command: Command = { help, run };
