import { type Refusal, type Result, err, ok, refusal } from '../../base/index.ts';
import { writeJobFile } from '../../sandbox/index.ts';
import { evaluateText, type RunStep, shellCommand, type Text } from '../../workflow/index.ts';
import { failedStep, runJobProcess } from './job-process.ts';
import type { StepFrame, StepWork } from './step-context.ts';

/** Runs a `run` step: its script in a file, by its shell's exact invocation line (GitHub's workflow syntax, `shell`). */
export async function runScript(step: RunStep, frame: StepFrame): Promise<StepWork> {
  const made = await prepareScript(step, frame);
  if (!made.ok) return failedStep(frame, made.error);
  return runJobProcess(frame, made.value.argv, made.value.workingDirectory, frame.id);
}

interface Script {
  readonly argv: readonly [string, ...string[]];
  readonly workingDirectory: string;
}

async function prepareScript(step: RunStep, frame: StepFrame): Promise<Result<Script, Refusal>> {
  const { context, scope } = frame;
  const contexts = context.state.contexts(scope, frame.environment);
  const defaults = scope.depth > 0 ? [] : context.defaults;
  const text = async (from: Text | undefined): Promise<Result<string | undefined, Refusal>> =>
    from === undefined
      ? ok(undefined)
      : context.evaluate(frame.id, (functions) => evaluateText(from, contexts, functions));
  const [script, shell, folder] = [
    await text(step.run),
    await text(step.shell ?? defaults.find((entry) => entry.shell !== undefined)?.shell),
    await text(
      step.workingDirectory ??
        defaults.find((entry) => entry.workingDirectory !== undefined)?.workingDirectory,
    ),
  ];
  if (!script.ok) return script;
  if (!shell.ok) return shell;
  if (!folder.ok) return folder;
  const command = shellCommand(shell.value, context);
  if (!command.ok) return command;
  const name = `script-${frame.id.replaceAll(/[^A-Za-z0-9_-]/g, '_')}${command.value.extension}`;
  const written = await writeJobFile(
    context.cell.sandbox.exchange.hostPath,
    name,
    Buffer.from(command.value.script(script.value ?? '')),
    { mode: 0o755 },
  );
  if (!written.ok) {
    return err(
      refusal(
        'machine',
        'step/script',
        `the step's script could not be written: ${written.error.why}`,
        written.error.fix,
      ),
    );
  }
  const path = `${context.cell.sandbox.exchange.path}/${name}`;
  return ok({
    argv: [command.value.command, ...command.value.args.map((part) => part.replaceAll('{0}', path))],
    workingDirectory: absolute(folder.value, context.folders.workspace),
  });
}

function absolute(folder: string | undefined, workspace: string): string {
  if (folder === undefined || folder === '') return workspace;
  return folder.startsWith('/') ? folder : `${workspace}/${folder}`;
}
