import type { Readable } from 'node:stream';
import type { WriteStream } from 'node:tty';

/** What a command may use of the outside; only `main` fills it from the process. */
export interface CommandContext {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?: (mode: boolean) => unknown };
  readonly stdout: NodeJS.WritableStream & Partial<WriteStream>;
  readonly stderr: NodeJS.WritableStream & Partial<WriteStream>;
  /** Calls `then` at each signal that asks the process to end; gives the way to stop listening. */
  readonly onSignal: (then: (name: 'SIGINT' | 'SIGTERM' | 'SIGHUP') => void) => () => void;
}

/** One command: parse, call a room, render, give the exit status. */
export interface Command {
  readonly help: string;
  run(context: CommandContext): Promise<number>;
}

/** Exit statuses (docs, "Exit status"; 69 and 70 are sysexits.h's EX_UNAVAILABLE and EX_SOFTWARE). */
export const EXIT = { ok: 0, failed: 1, usage: 2, policy: 3, stopped: 4, machine: 69, defect: 70 } as const;
