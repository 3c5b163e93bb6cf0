import type { ProcessExit, Sandbox } from '../../sandbox/index.ts';
import { LogLines } from './log-lines.ts';

export interface StepProcess {
  readonly argv: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly stdin?: Uint8Array | NodeJS.ReadableStream;
}

export interface StepProcessOwner {
  readonly stepId: string;
  /** Ends the process: the job was cancelled, or a limit was hit. */
  readonly signal: AbortSignal;
  /** Ends it at once: a wall fell, or nobody waits any longer. */
  readonly kill: AbortSignal;
  readonly timeoutMs: number;
  /** Each line of either stream, with what is cut from an endless one marked partial. False stops the process. */
  readonly line: (line: Buffer, partial: boolean) => boolean;
}

export type StepEnd =
  | { readonly kind: 'exit'; readonly exit: ProcessExit }
  | { readonly kind: 'timeout'; readonly exit: ProcessExit }
  | { readonly kind: 'stopped'; readonly exit: ProcessExit }
  | { readonly kind: 'cancelled'; readonly exit: ProcessExit };

/** GitHub's runner: interrupt, terminate after 7.5 s, kill after 2.5 s more. */
const TERMINATE_AFTER_MS = 7_500;
const KILL_AFTER_MS = 10_000;
/** How long a step that ended waits for the end of its output. */
const DRAIN_MS = 1_000;

/**
 * Runs one process of a step in the sandbox and waits until it ended and its output was read. A process that is asked
 * to end is interrupted, then terminated, then killed. What it left in the background lives on until the job ends, as on
 * GitHub's runners, and stays inside the same walls.
 */
export async function runStepProcess(
  sandbox: Sandbox,
  process: StepProcess,
  owner: StepProcessOwner,
): Promise<StepEnd> {
  const running = sandbox.start({
    stepId: owner.stepId,
    argv: process.argv,
    environment: process.environment,
    workingDirectory: process.workingDirectory,
  });
  let asked: 'timeout' | 'stopped' | 'cancelled' | undefined;
  const timers: NodeJS.Timeout[] = [];
  const end = (why: 'timeout' | 'stopped' | 'cancelled', gently: boolean): void => {
    if (asked !== undefined) return;
    asked = why;
    running.signal(gently ? 'SIGINT' : 'SIGKILL');
    if (!gently) return;
    timers.push(setTimeout(() => running.signal('SIGTERM'), TERMINATE_AFTER_MS));
    timers.push(setTimeout(() => running.signal('SIGKILL'), KILL_AFTER_MS));
  };
  timers.push(setTimeout(() => end('timeout', true), owner.timeoutMs));
  const cancel = (): void => end('cancelled', true);
  owner.signal.addEventListener('abort', cancel);
  const kill = (): void => {
    asked ??= 'cancelled';
    running.signal('SIGKILL');
  };
  owner.kill.addEventListener('abort', kill);
  if (owner.kill.aborted) kill();
  else if (owner.signal.aborted) cancel();
  const streams = [running.stdout, running.stderr].map((stream) => {
    const lines = new LogLines((line, partial) => {
      if (asked !== 'stopped' && !owner.line(line, partial)) end('stopped', false);
    });
    return new Promise<void>((resolve) => {
      stream.on('data', (chunk: Buffer) => lines.push(chunk));
      stream.on('error', () => resolve());
      stream.on('close', () => {
        lines.end();
        resolve();
      });
    });
  });
  running.stdin.on('error', () => undefined);
  if (process.stdin === undefined || process.stdin instanceof Uint8Array) running.stdin.end(process.stdin);
  else process.stdin.pipe(running.stdin);
  try {
    const exit = await running.exited;
    // A background process (a server that later steps use) may hold the streams open: its output is read on.
    await Promise.race([
      Promise.all(streams),
      new Promise((resolve) => timers.push(setTimeout(resolve, DRAIN_MS))),
    ]);
    return asked === undefined ? { kind: 'exit', exit } : { kind: asked, exit };
  } finally {
    for (const timer of timers) clearTimeout(timer);
    owner.signal.removeEventListener('abort', cancel);
    owner.kill.removeEventListener('abort', kill);
  }
}
