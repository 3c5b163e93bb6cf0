import { type Refusal, refusal, type Result } from '../../base/index.ts';
import { type FileCommandData, openFileCommands } from './file-commands.ts';
import type { StepFrame, StepWork } from './step-context.ts';
import { StepCommands } from './step-commands.ts';
import { runStepProcess, type StepEnd } from './step-process.ts';

/** Values of `STATE_*` that an action's main phase left for its post phase. */
export interface ActionState {
  readonly state: Record<string, string>;
}

/** Says why a step failed before or beside its process, in the record and in the log. */
export async function failedStep(frame: StepFrame, why: Refusal): Promise<StepWork> {
  const { context } = frame;
  context.log.line(Buffer.from(`Error: ${why.why}`), false);
  await context.journal.write({
    type: 'policy.refused',
    job: context.jobId,
    step: frame.id,
    rule: why.rule,
    why: why.why,
    fix: why.fix,
  });
  return { outcome: 'failure', outputs: {} };
}

/**
 * Runs one process of a step with the step's variables and the five command files, obeys its commands, and takes what
 * it left into the job's state. `files` names the folder of the command files and is unique within the job.
 */
export async function runJobProcess(
  frame: StepFrame,
  argv: readonly [string, ...string[]],
  workingDirectory: string,
  files: string,
  extra: Readonly<Record<string, string>> = {},
  carried: ActionState = { state: {} },
): Promise<StepWork> {
  const { context, scope } = frame;
  const opened = await openFileCommands(context.cell.sandbox, files.replaceAll(/[^A-Za-z0-9_-]/g, '_'));
  if (!opened.ok) return failedStep(frame, opened.error);
  const commands = new StepCommands({
    mask: (value) => {
      const masked = context.log.mask(value);
      return masked.ok ? undefined : masked.error.why;
    },
    used: (use) =>
      void context.journal.write({
        type: 'command.used',
        job: context.jobId,
        step: frame.id,
        source: 'stdout',
        ...use,
      }),
    annotate: (annotation) => context.annotate(frame.id, annotation),
  });
  const end = await runStepProcess(
    context.cell.sandbox,
    {
      argv,
      workingDirectory,
      environment: {
        ...context.state.processEnvironment(scope, frame.environment),
        ...extra,
        ...opened.value.environment,
        GITHUB_ACTION: frame.id,
      },
    },
    {
      stepId: frame.id,
      signal: frame.signal,
      kill: context.kill,
      timeoutMs: frame.timeoutMs,
      line: (line, partial) => {
        const text = partial ? undefined : commandIn(line);
        const shown = text === undefined ? undefined : commands.line(text);
        if (text !== undefined && shown === undefined) return context.log.unshown(line.length);
        return context.log.line(shown === undefined || shown === text ? line : Buffer.from(shown), partial);
      },
    },
  );
  if (end.exit.failure === 'ENOENT') return failedStep(frame, missing(argv[0]));
  return conclude(frame, end, commands, await opened.value.read(), carried);
}

function tooMuchKept(): Refusal {
  return refusal(
    'limit',
    'commands/kept',
    'the steps of this job have set more outputs and variables than are kept',
    'hand large values on in files',
  );
}

function missing(program: string): Refusal {
  return refusal(
    'machine',
    'step/program-missing',
    `the program ${JSON.stringify(program.slice(0, 100))} is not there`,
    'install it on this machine under /usr, where jobs see it, or in a step before',
  );
}

/** Only a line that may hold a command is worth decoding. */
function commandIn(line: Buffer): string | undefined {
  return line.includes('::') || line.includes('##[') ? line.toString('utf8') : undefined;
}

async function conclude(
  frame: StepFrame,
  end: StepEnd,
  commands: StepCommands,
  files: Result<FileCommandData, Refusal>,
  carried: ActionState,
): Promise<StepWork> {
  const { context } = frame;
  if (!files.ok) return { ...(await failedStep(frame, files.error)), exit: end.exit };
  const { variables, outputs, state, paths, summary } = files.value;
  const left = [variables, outputs, state, Object.entries(commands.data.outputs), [paths]].flat(3);
  if (!context.state.hold(left.reduce((sum, text) => sum + text.length, 0))) {
    return { ...(await failedStep(frame, tooMuchKept())), exit: end.exit };
  }
  for (const [name, value] of variables) context.state.setVariable(name, value);
  for (const path of paths) context.state.addPath(path);
  Object.assign(carried.state, commands.data.state, Object.fromEntries(state));
  if (summary !== '') await context.summarise(frame.id, summary);
  await recordFiles(frame, files.value);
  const given = { ...commands.data.outputs, ...Object.fromEntries(outputs) };
  const outcome = await outcomeOf(frame, end);
  return {
    outcome: outcome === 'success' && commands.data.failed ? 'failure' : outcome,
    outputs: given,
    exit: end.exit,
  };
}

async function recordFiles(frame: StepFrame, data: FileCommandData): Promise<void> {
  const { context } = frame;
  const uses: readonly (readonly [string, readonly string[]])[] = [
    ['GITHUB_ENV', data.variables.map(([name]) => name)],
    ['GITHUB_OUTPUT', data.outputs.map(([name]) => name)],
    ['GITHUB_STATE', data.state.map(([name]) => name)],
    ['GITHUB_PATH', data.paths],
    ['GITHUB_STEP_SUMMARY', data.summary === '' ? [] : [`${data.summary.length} characters`]],
  ];
  for (const [command, names] of uses) {
    if (names.length === 0) continue;
    await context.journal.write({
      type: 'command.used',
      job: context.jobId,
      step: frame.id,
      source: 'file',
      command,
      names: names.slice(0, MAX_NAMES),
    });
  }
}

const MAX_NAMES = 100;

async function outcomeOf(frame: StepFrame, end: StepEnd): Promise<StepWork['outcome']> {
  const { context } = frame;
  switch (end.kind) {
    case 'exit':
      if (end.exit.failure !== undefined) {
        context.log.line(
          Buffer.from(`Error: the step's program could not be started: ${end.exit.failure}`),
          false,
        );
        return 'failure';
      }
      return end.exit.code === 0 ? 'success' : 'failure';
    case 'timeout':
      await context.limitHit('stepTimeoutMs', frame.timeoutMs, frame.id);
      return 'failure';
    case 'stopped':
      await context.limitHit('logBytes', context.limits.logBytes, frame.id);
      return 'failure';
    case 'cancelled':
      return 'cancelled';
  }
}
