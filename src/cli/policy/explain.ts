import { jsonLine } from '../render/json-line.ts';
import { availableParallelism, totalmem } from 'node:os';
import { type RecordEvent, verifyRecord, visible } from '../../audit/index.ts';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import {
  type AllowEntry,
  programFromText,
  type ProgramRule,
  programText,
  ruleText,
  ZONES,
  type ZoneId,
} from '../../config/index.ts';
import { type Asked, askedPlace, explain, type Explanation } from '../../egress/index.ts';
import { clientSetup } from '../../engine/index.ts';
import { findRun, openStateFolder } from '../../store/index.ts';
import { settleControls } from '../../zone/index.ts';
import { type CommandContext, EXIT } from '../command.ts';
import { oneOf, parseOptions } from '../options.ts';
import { cellLines } from '../render/policy-changes.ts';
import { styleFor } from '../render/style.ts';
import { commandProgram } from './command-program.ts';
import { meantPolicy, refused } from './policy-file.ts';

const OPTIONS = {
  host: { type: 'string' },
  zone: { type: 'string' },
  file: { type: 'string' },
  method: { type: 'string' },
  path: { type: 'string' },
  program: { type: 'string' },
  json: { type: 'boolean' },
} as const;

interface Question {
  readonly asked: Asked;
  readonly zone: ZoneId;
  /** A command that is to reach it, as it was typed. */
  readonly command?: string;
  /** How the record says that it was decided. */
  readonly was?: string;
}

/** `cofferdam policy explain`: of a destination, or of an event that a record has. */
export async function explainPolicy(context: CommandContext): Promise<number> {
  const parsed = parseOptions('policy', context.args, OPTIONS);
  if (!parsed.ok) return refused(context, [parsed.error]);
  const { values, positionals } = parsed.value;
  const zone = oneOf('zone', values.zone, ZONES);
  if (!zone.ok) return refused(context, [zone.error]);
  const program = programMeant(context, positionals, values.program);
  if (!program.ok) return refused(context, [program.error]);
  const question =
    values.host === undefined
      ? await questionOf(context, positionals)
      : questionAbout(values.host, positionals.join(' '), values.method, values.path, program.value);
  if (!question.ok) return refused(context, [question.error]);
  const meant = zone.value ?? question.value.zone;
  const policy = await meantPolicy(context, values.file);
  if (!policy.ok) return refused(context, policy.error);
  const machine = { memoryBytes: totalmem(), cpus: availableParallelism() };
  const { allow } = settleControls(meant, machine, [policy.value]).controls.egress;
  const clients = await clientSetup([], allow, context.environment);
  if (!clients.ok) return refused(context, [clients.error]);
  const found = explain(allow, clients.value.allow, question.value.asked);
  if (values.json === true) {
    context.stdout.write(jsonLine({ zone: meant, ...question.value.asked, ...found }));
  } else {
    context.stdout.write(render(context, meant, policy.value.path, question.value, found));
  }
  return found.allowed ? EXIT.ok : EXIT.failed;
}

/** The program that a person named, or that the command is on this machine. Undefined when no command is meant. */
function programMeant(
  context: CommandContext,
  words: readonly string[],
  named: string | undefined,
): Result<ProgramRule | undefined, Refusal> {
  if (named === undefined)
    return ok(
      words[0] === undefined
        ? undefined
        : commandProgram(words[0], `/usr/local/bin:/usr/bin:/bin:${context.environment['PATH'] ?? ''}`),
    );
  const program = programFromText(named);
  if (program !== undefined) return ok(program);
  const why = `${JSON.stringify(named)} is not a program`;
  return err(
    refusal(
      'usage',
      'policy/program',
      why,
      'write --program "/usr/bin/node /usr/lib/x.js jit", paths absolute',
    ),
  );
}

function questionAbout(
  host: string,
  command: string,
  method: string | undefined,
  path: string | undefined,
  program: ProgramRule | undefined,
): Result<Question, Refusal> {
  const place = askedPlace(host);
  if (place === undefined) {
    const why = `${JSON.stringify(host)} is not a host, host:port or address`;
    return err(refusal('usage', 'policy/host', why, 'write --host registry.test:443'));
  }
  const request = {
    ...(method !== undefined && { method: method.toUpperCase() }),
    ...(path !== undefined && { path }),
    ...(program !== undefined && { program }),
  };
  return ok({ asked: { ...place, ...request }, zone: 'untrusted', ...(command !== '' && { command }) });
}

async function questionOf(
  context: CommandContext,
  words: readonly string[],
): Promise<Result<Question, Refusal>> {
  const [run, number, ...more] = words;
  if (run === undefined || number === undefined || !/^\d{1,9}$/.test(number) || more.length > 0) {
    const why = 'say what is to be explained';
    return err(
      refusal('usage', 'cli/arguments', why, 'name --host HOST:PORT, or a run and the number of an event'),
    );
  }
  const state = openStateFolder(context.environment);
  if (!state.ok) return state;
  const found = findRun(state.value, run);
  if (!found.ok) return found;
  let at = 0;
  let event: RecordEvent | undefined;
  const zones = new Map<string, string>();
  await verifyRecord({
    directory: found.value.record,
    keysFolder: state.value.keys,
    runId: found.value.id,
    each: (one) => {
      if (one.type === 'zone.decided') zones.set(one.job, one.zone);
      if (at === Number(number)) event = one;
      at += 1;
    },
  });
  const isAsked = event?.type === 'dns.question' || event?.type === 'network.connection';
  if (
    event === undefined ||
    !isAsked ||
    (event.type !== 'dns.question' && event.type !== 'network.connection')
  ) {
    const why =
      event === undefined
        ? `run ${found.value.id} has no event ${number}`
        : `event ${number} is a ${event.type}`;
    return err(
      refusal('usage', 'policy/event', why, 'name the number of a dns.question or network.connection'),
    );
  }
  const { program: seen } = event;
  const by =
    seen?.run === undefined || seen.why !== undefined
      ? {}
      : {
          program: {
            run: seen.run,
            ...(seen.script !== undefined && { script: seen.script }),
            ...(seen.jit === true && { jit: true }),
            ...(seen.nested === true && { nested: true }),
          },
        };
  const asked =
    event.type === 'dns.question'
      ? { host: event.name, port: 443, ...by }
      : { host: event.host ?? event.address, port: event.port, ...by };
  const zone = ZONES.find(
    (one) => one === zones.get(event?.type === undefined || !('job' in event) ? '' : (event.job ?? '')),
  );
  const was = `${event.verdict}${event.reason === undefined ? '' : ` (${event.reason})`}${event.type === 'network.connection' && event.entry !== undefined ? ` by ${event.entry}` : ''}`;
  return ok({ asked, zone: zone ?? 'untrusted', was });
}

function render(
  context: CommandContext,
  zone: ZoneId,
  file: string,
  { asked, was, command }: Question,
  found: Explanation,
): string {
  const style = styleFor(context.stdout, context.environment);
  const request = [asked.method, asked.path].filter((part) => part !== undefined).join(' ');
  const what = visible(`${asked.host}:${asked.port}${request === '' ? '' : ` ${request}`}`);
  const lines = [
    `${found.allowed ? style.good('ALLOWED') : style.note('DENIED')}  ${what}   zone ${zone}, by ${visible(file)}`,
    ...(was === undefined ? [] : [`  then    ${visible(was)}`]),
  ];
  if (asked.program !== undefined) lines.push(`  program ${visible(programText(asked.program))}`);
  else if (command !== undefined)
    lines.push(
      `  program ${visible(command)}: not a program of this machine; asked as one that no entry names`,
    );
  if (found.entry !== undefined) lines.push(`  entry   ${visible(found.entry)}`);
  if (found.reason !== undefined) lines.push(`  why     ${found.reason}`);
  for (const { entry, lacks } of found.nearly.slice(0, 5))
    lines.push(`  nearly  ${visible(entry)}: ${visible(lacks)}`);
  if (found.smallest !== undefined) {
    lines.push(`  line    ${visible(lineOf(found.smallest))}`);
    for (const text of cellLines(found.opens)) lines.push(style.faint(`  opens   ${visible(text)}`));
  }
  return `${lines.join('\n')}\n`;
}

function lineOf(entry: AllowEntry): string {
  return typeof entry === 'string' ? `- ${entry}` : `- ${JSON.stringify(entry)}   (${ruleText(entry)})`;
}
