import { jsonLine } from '../render/json-line.ts';
import { writeFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { verifyRecord, visible } from '../../audit/index.ts';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { hostName, ruleText, withAllowlist, ZONES, type ZoneId } from '../../config/index.ts';
import {
  type AllowedDestination,
  learn,
  type Learned,
  Observations,
  type Observed,
  PRESETS,
  resolvePresets,
} from '../../egress/index.ts';
import { findRun, openStateFolder } from '../../store/index.ts';
import { settleControls } from '../../zone/index.ts';
import { type CommandContext, EXIT } from '../command.ts';
import { oneOf, parseOptions } from '../options.ts';
import { styleFor } from '../render/style.ts';
import { meantPolicy, policyFile, policyText, refused } from './policy-file.ts';

const OPTIONS = {
  zone: { type: 'string' },
  file: { type: 'string' },
  accept: { type: 'string', multiple: true },
  narrow: { type: 'boolean' },
  job: { type: 'string' },
  write: { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

/** `cofferdam policy learn [RUN...]`. Only a record that verifies teaches: anyone could have written another. */
export async function learnFrom(context: CommandContext): Promise<number> {
  const parsed = parseOptions('policy', context.args, OPTIONS);
  if (!parsed.ok) return refused(context, [parsed.error]);
  const { values, positionals } = parsed.value;
  const zone = oneOf('zone', values.zone, ZONES);
  if (!zone.ok) return refused(context, [zone.error]);
  const observed = await observe(context, positionals.length === 0 ? ['latest'] : positionals, values.job);
  if (!observed.ok) return refused(context, [observed.error]);
  if (values.write === true && values.file === undefined) {
    return refused(context, [
      refusal('usage', 'policy/write', '--write needs the file that is to be changed', 'name it with --file'),
    ]);
  }
  const policy = await meantPolicy(context, values.file);
  if (!policy.ok) return refused(context, policy.error);
  const machine = { memoryBytes: totalmem(), cpus: availableParallelism() };
  const all = observed.value.all;
  const seen = ZONES.filter((one) => (zone.value ?? one) === one && all.some((what) => what.zone === one));
  const options = {
    accepted: values.accept ?? [],
    presets: await presetsHere(context, all),
    narrow: values.narrow === true,
  };
  const learned = seen.map((one) => {
    const { controls } = settleControls(one, machine, [policy.value]);
    return learn(one, controls.egress.allow, all, options);
  });
  const before = values.file === undefined ? '' : await policyText(context, values.file);
  let after = before;
  for (const one of learned) after = await withAllowlist(after, one.zone as ZoneId, explained(one));
  const changed = learned.some((one) => one.unused.length > 0 || one.lines.some(({ how }) => how !== 'kept'));
  if (values.json === true) context.stdout.write(jsonLine({ learned, text: after }));
  else await show(context, learned, changed ? before : after, after, values.file ?? 'cofferdam.yaml');
  if (values.write === true && values.file !== undefined && changed) {
    const checked = await policyFile(context, values.file);
    if (checked.ok) await writeFile(checked.value.path, after);
  }
  return learned.some((one) => one.refused.length > 0) ? EXIT.failed : EXIT.ok;
}

const SIGNS: Readonly<Record<string, string>> = { added: '+ added ', narrowed: '~ narrowed' };

/** What the presets stand for on this machine. Cargo would be made to fetch something for it: only where it was asked for. */
async function presetsHere(
  context: CommandContext,
  all: readonly Observed[],
): Promise<Readonly<Record<string, readonly AllowedDestination[]>>> {
  if (!all.some(({ verdict }) => verdict === 'denied')) return {};
  const sources = { environment: context.environment, home: context.environment['HOME'] };
  const usesCargo = all.some(({ programs }) => [...programs].some((chain) => /\bcargo\b/.test(chain)));
  const lenient = PRESETS.filter((name) => name !== '@cargo' || !usesCargo);
  // One whose client cannot be asked stands for nothing here.
  const found = await Promise.all(
    PRESETS.map((name) => resolvePresets([name], sources, lenient.includes(name) ? [name] : [])),
  );
  return Object.fromEntries(
    found.flatMap((one) =>
      one.ok ? Object.entries(one.value).map(([name, { destinations }]) => [name, destinations]) : [],
    ),
  );
}

async function observe(
  context: CommandContext,
  runs: readonly string[],
  job: string | undefined,
): Promise<Result<Observations, Refusal>> {
  const state = openStateFolder(context.environment);
  if (!state.ok) return state;
  const observations = new Observations(job);
  for (const asked of runs) {
    const found = findRun(state.value, asked);
    if (!found.ok) return found;
    const result = await verifyRecord({
      directory: found.value.record,
      keysFolder: state.value.keys,
      runId: found.value.id,
      each: (event) => observations.take(event),
    });
    if (result.state === 'whole') continue;
    const why = `the record of run ${found.value.id} is ${result.state}: ${result.why}`;
    return err(refusal('policy', 'policy/record', why, 'learn from a run whose record verifies'));
  }
  if (observations.leftOut === 0) return ok(observations);
  const why = 'the runs asked for more destinations than can be looked through';
  return err(
    refusal('policy', 'policy/too-much', why, 'see cofferdam audit show: this is no ordinary build'),
  );
}

function explained(one: Learned) {
  return one.lines.map(({ entry, how, evidence }) => ({
    entry,
    ...(how !== 'kept' && { because: evidence }),
  }));
}

async function show(
  context: CommandContext,
  learned: readonly Learned[],
  before: string,
  after: string,
  name: string,
): Promise<void> {
  const style = styleFor(context.stdout, context.environment);
  const say = (line: string): boolean => context.stdout.write(`${line}\n`);
  const { createTwoFilesPatch } = await import('diff');
  if (before !== after)
    context.stdout.write(createTwoFilesPatch(name, name, before, after, 'now', 'learned'));
  for (const one of learned) {
    say(`zone ${one.zone}`);
    for (const { entry, how, evidence } of one.lines)
      say(
        `  ${SIGNS[how] === undefined ? '  kept  ' : style.note(SIGNS[how])}  ${visible(ruleText(entry))}   ${style.faint(visible(evidence, 240))}`,
      );
    for (const entry of one.unused)
      say(style.faint(`  - unused  ${visible(ruleText(entry))}   no run used it`));
    for (const { host, port, why, evidence } of one.refused) {
      say(
        style.bad(
          `  ! left out  ${visible(host)}${port === undefined ? '' : `:${port}`}   ${visible(why, 240)}`,
        ),
      );
      // What is copied into a shell is a name, or nothing.
      const accept = hostName(host) === host ? `; to learn it all the same: --accept ${host}` : '';
      say(style.faint(`      ${visible(evidence, 240)}${accept}`));
    }
  }
  if (learned.length === 0) say('nothing to learn: the runs reached nothing, and were denied nothing');
}
