import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareCheckout } from '../repository/checkout-tree.ts';
import { failedStep } from '../step/job-process.ts';
import type { StepFrame, StepWork } from '../step/step-context.ts';
import { runStepProcess } from '../step/step-process.ts';
import { planCheckout } from './checkout-request.ts';

/**
 * `actions/checkout`. The usual one, first in its job, was made before the sandbox opened and is the workspace's lower
 * layer. Any other is prepared outside and unpacked by a process inside, with the job's rights and within its limits.
 */
export async function runCheckout(inputs: ReadonlyMap<string, string>, frame: StepFrame): Promise<StepWork> {
  const { context } = frame;
  const planned = await planCheckout(inputs, context.repository, context.event);
  if (!planned.ok) return failedStep(frame, planned.error);
  const { request, path, clean } = planned.value;
  const name = context.checkedOut.take();
  if (name !== undefined) {
    say(
      frame,
      `Checked out ${request.ref} (${name.commit.slice(0, 12)}${name.uncommitted ? ', with what is not committed' : ''})`,
    );
    return { outcome: 'success', outputs: { ref: request.ref, commit: name.commit } };
  }
  const folder = await mkdtemp(join(context.scratch, 'checkout-'));
  try {
    const bounds = { bytes: context.limits.workspaceBytes, files: context.limits.workspaceInodes };
    const made = await prepareCheckout(context.repository, request, join(folder, 'tree'), bounds);
    if (!made.ok) return await failedStep(frame, made.error);
    const target = path === '' ? context.folders.workspace : `${context.folders.workspace}/${path}`;
    const unpacked = await unpack(frame, join(folder, 'tree'), target, clean);
    if (unpacked !== 0) {
      say(frame, `Error: the tree could not be unpacked into ${target}`);
      return { outcome: 'failure', outputs: {} };
    }
    say(frame, `Checked out ${request.ref} (${made.value.commit.slice(0, 12)}) into ${target}`);
    return { outcome: 'success', outputs: { ref: request.ref, commit: made.value.commit } };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function say(frame: StepFrame, line: string): void {
  frame.context.log.line(Buffer.from(line), false);
}

/** Sends the tree as an archive to a process inside: the sandbox's walls and limits hold for it too. */
async function unpack(
  frame: StepFrame,
  tree: string,
  target: string,
  clean: boolean,
): Promise<number | null> {
  const { context } = frame;
  const run = async (
    argv: readonly [string, ...string[]],
    stdin?: NodeJS.ReadableStream,
  ): Promise<number | null> => {
    const end = await runStepProcess(
      context.cell.sandbox,
      {
        argv,
        workingDirectory: '/',
        environment: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' },
        ...(stdin !== undefined && { stdin }),
      },
      {
        stepId: frame.id,
        signal: frame.signal,
        kill: context.kill,
        timeoutMs: frame.timeoutMs,
        line: (line, partial) => context.log.line(line, partial),
      },
    );
    return end.kind === 'exit' ? end.exit.code : null;
  };
  const made = await run(['mkdir', '-p', '--', target]);
  if (made !== 0) return made;
  if (clean) {
    const cleaned = await run(['find', target, '-mindepth', '1', '-delete']);
    if (cleaned !== 0) return cleaned;
  }
  const archive = spawn('tar', ['-C', tree, '-cf', '-', '.'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: '/usr/bin:/bin' },
  });
  const ended = new Promise<number | null>((resolve) => {
    archive.on('error', () => resolve(null));
    archive.on('close', resolve);
  });
  const unpacked = await run(['tar', '-xf', '-', '--no-same-owner', '-C', target], archive.stdout);
  archive.kill('SIGKILL');
  const sent = await ended;
  return unpacked === 0 && sent !== 0 ? null : unpacked;
}
