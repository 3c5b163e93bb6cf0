import { type ChildProcess, spawn } from 'node:child_process';
import { lstatSync, mkdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Refusal, type Result, err, ok, refusal } from '../../base/index.ts';
import { nativeProgram } from '../native-program.ts';
import type { RunningNow } from '../contract.ts';
import type { Flow } from './flow-owners.ts';
import { watchedRules } from './watched-files.ts';
import type { ProgramStarts } from './program-starts.ts';
import {
  LET_GO,
  SETTLE,
  TraceReader,
  type TraceReading,
  type WatchedPlaces,
  watchOrders,
} from './trace-reader.ts';

export interface TelemetryRequest extends TraceReading {
  /** A folder of the control side for the socket; made with mode 0700 when it is missing. No job may see it. */
  readonly directory: string;
  /** The trace program; absent: the one that comes with the package. */
  readonly program?: string;
}

export interface Telemetry {
  /** For `linux.seccomp.listenerPath`; the runtime may connect from now on. */
  readonly listenerPath: string;
  readonly listening: true;
  /** The version of Landlock that the kernel offers here, outside; 0: none. */
  readonly landlock: number;
  /** Settles at the first program that was seen to be started, with its path as the caller gave it. */
  readonly first: Promise<string>;
  /**
   * Settles when it ends while the sandbox is still in use; a gap was observed then, and nothing can be started in
   * the sandbox any more. Never settles after `close` or after the sandbox's last process.
   */
  readonly died: Promise<{ readonly why: string }>;
  /** From now on what is done to files there is seen; gives what cannot be. Once, before any code of the job's runs. */
  watch(places: WatchedPlaces): Promise<readonly string[]>;
  /** Settles when all that was seen until now was observed, or when it has ended. */
  observed(): Promise<void>;
  /**
   * Nobody is left in the sandbox who could do anything to a file: none is watched any more. It takes the kernel some
   * milliseconds, so whoever knows it before the end says it then.
   */
  letGo(): void;
  /** Of a kernel of its own: which programs were started and have not ended, process 1 apart. */
  running(): readonly RunningNow[];
  /** The process that asked for a connection, by its inner end; also one that has gone. Waits at most so long for that word. */
  toldOwner(
    protocol: 'tcp' | 'udp',
    localPort: number,
    withinMs: number,
  ): Promise<Flow['process'] | undefined>;
  /** The same where only the destination is known: who asked for it first of those that were not named yet. */
  dialler(address: string, port: number): Flow['process'] | undefined;
  /** Who asked for what, and what each process was started as. */
  readonly programs: ProgramStarts;
  /** The sandbox is being ended: from now on the telemetry's end is no failure. */
  expectEnd(): void;
  /**
   * Ends it: every observation was made and nothing of the sandbox is held any more when this settles. After the sandbox's
   * last process is gone. Safe to call twice.
   */
  finish(): Promise<void>;
  /** The same, and its program has gone, which takes the kernel some milliseconds longer. Safe to call twice. */
  close(): Promise<void>;
}

const READY_MS = 30_000;
const CLOSE_MS = 2_000;
const STDERR_MAX = 1_024;
/** sockaddr_un(7): 108 bytes with the final NUL. */
const SOCKET_PATH_MAX = 107;

/**
 * Starts the telemetry of one sandbox: which programs the job starts, and which sockets it was refused.
 *
 * It sees every execve of the sandbox, also of nested namespaces, and misses none: the caller waits for it. The
 * arguments are what the caller's memory held at that moment, and a hostile caller can change them afterwards:
 * evidence, not policy. Bounds: 64 arguments, 4 KiB in all. Refuses (`machine`) when the program cannot run.
 */
export async function startTelemetry(request: TelemetryRequest): Promise<Result<Telemetry, Refusal>> {
  const listenerPath = join(request.directory, 'trace.sock');
  const unfit = prepareDirectory(request.directory, listenerPath);
  if (unfit !== undefined) return err(unfit);
  const program = request.program ?? nativeProgram('trace');
  const mode = request.ownKernel === true ? ['--seccheck'] : [];
  const child = spawn(program, [...mode, listenerPath, ...watchedRules(request.repositories ?? [])], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {},
    cwd: '/',
  });
  const running = new RunningTrace(child, request);
  const { reader } = running;
  const failure = await reader.ready;
  if (failure !== undefined) {
    child.kill('SIGKILL');
    await running.gone;
    await rm(listenerPath, { force: true });
    return err(machineLacks(`the trace program did not start: ${failure}`));
  }
  const close = async (): Promise<void> => {
    await running.close();
    await rm(listenerPath, { force: true });
  };
  const { landlock, first, died } = reader;
  return ok({
    listenerPath,
    listening: true,
    landlock,
    first,
    died,
    expectEnd: () => reader.expectEnd(),
    watch: (places) => reader.watching(() => child.stdin.write(watchOrders(places))),
    observed: () => reader.observed(() => child.stdin.write(SETTLE)),
    letGo: () => void child.stdin.write(LET_GO),
    running: () => reader.running(Date.now()),
    programs: reader.programs,
    dialler: (address, port) => reader.flows.dialled(address, port),
    toldOwner: (protocol, localPort, withinMs) => reader.flows.told(protocol, localPort, withinMs),
    finish: () => running.finish(),
    close,
  });
}

function machineLacks(why: string): Refusal {
  return refusal('machine', 'sandbox/telemetry', why, 'Run `cofferdam doctor`, which probes what it needs.');
}

function prepareDirectory(directory: string, listenerPath: string): Refusal | undefined {
  if (Buffer.byteLength(listenerPath) > SOCKET_PATH_MAX)
    return machineLacks(`the socket's path is longer than ${SOCKET_PATH_MAX} bytes: ${listenerPath}`);
  try {
    mkdirSync(directory, { mode: 0o700, recursive: true });
    const found = lstatSync(directory);
    const ours = found.isDirectory() && found.uid === process.geteuid?.();
    if (!ours || (found.mode & 0o077) !== 0)
      return machineLacks(`others may enter the telemetry's folder ${directory}; it needs mode 0700`);
    rmSync(listenerPath, { force: true });
    return undefined;
  } catch (cause) {
    return machineLacks(`the telemetry's folder cannot be used: ${messageOf(cause)}`);
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** The trace program while it runs. */
class RunningTrace {
  readonly reader: TraceReader;
  readonly gone: Promise<void>;
  readonly #child: ChildProcess;
  readonly #gone = Promise.withResolvers<void>();
  readonly #told = Promise.withResolvers<void>();
  readonly #readyTimer: NodeJS.Timeout;
  #stderr = '';

  constructor(child: ChildProcess, request: TelemetryRequest) {
    this.reader = new TraceReader(request);
    this.gone = this.#gone.promise;
    this.#child = child;
    this.#readyTimer = setTimeout(() => this.reader.end(`not ready in ${READY_MS} ms`), READY_MS);
    void this.reader.ready.then(() => clearTimeout(this.#readyTimer));
    child.stdout?.on('data', (chunk: Buffer) => this.reader.add(chunk));
    child.stderr?.on('data', (chunk: Buffer) => {
      if (this.#stderr.length < STDERR_MAX) this.#stderr += chunk.toString('utf8', 0, STDERR_MAX);
    });
    child.stdout?.on('end', () => this.#told.resolve());
    child.stdin?.on('error', () => undefined);
    child.on('error', (cause) => this.#end(messageOf(cause)));
    child.on('close', (code, signal) =>
      this.#end(`ended with ${signal ?? `status ${code}`} ${this.#stderr}`.trim()),
    );
  }

  finish(): Promise<void> {
    void this.close();
    return this.#told.promise;
  }

  async close(): Promise<void> {
    this.reader.expectEnd();
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), CLOSE_MS);
    await this.gone;
    clearTimeout(timer);
  }

  #end(why: string): void {
    this.reader.end(why);
    this.#told.resolve();
    this.#gone.resolve();
  }
}
