import type { ChildProcess } from 'node:child_process';
import type { RuntimeName } from '../../config/index.ts';
import type { Sink } from './sink.ts';

/** What a case sees of its throwaway machine, from outside of every sandbox. */
export interface Scene {
  readonly side: 'off' | 'on';
  /** What the sandbox is made with. */
  readonly runtime: RuntimeName;
  /** A new random value in every run: lower-case letters and digits, fit for a DNS label. */
  readonly canary: string;
  /** What arrived on the throwaway network. */
  readonly sink: Sink;
  /** The folder that the jobs work on, as it is outside. */
  readonly workFolder: string;
  /** What the jobs printed so far, as whoever started them sees it: bytes, one character each. */
  readonly output: () => string;
  /** What is kept of them on disk: with the control, every record and log; without it, what they printed. */
  readonly kept: () => readonly { readonly path: string; readonly text: string }[];
  /** Starts a program outside of the sandbox, which ends with the run. */
  readonly spawn: (argv: readonly [string, ...string[]], input?: string) => Promise<ChildProcess>;
  /** The most that was seen in the job's cgroup while it ran. */
  readonly peak: { pids: number; memoryBytes: number };
  /** What the kernel says that it had while it ran, and in how many periods of its quota: none without one. */
  processorTime: ProcessorTime;
  /** What `during` saw. */
  seen?: string;
  /** How long the longest job ran, in milliseconds. */
  longestMs: number;
  /** Processes of this throwaway machine whose arguments hold the text, by host id. */
  readonly processes: (text: string) => readonly number[];
}

export interface ProcessorTime {
  readonly cpuMs: number;
  readonly periods: number;
}

/** The forms in which stolen values have left: as they are, and in the encodings that passed masking in incidents. */
export function holds(bytes: string, canary: string): boolean {
  const text = Buffer.from(canary);
  const base64 = text.toString('base64').replace(/=+$/, '');
  const twice = Buffer.from(text.toString('base64')).toString('base64').replace(/=+$/, '');
  return [canary, base64, twice, text.toString('hex'), [...canary].toReversed().join('')].some((form) =>
    bytes.includes(form),
  );
}
