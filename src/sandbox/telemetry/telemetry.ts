import { type ChildProcess, spawn } from 'node:child_process';
import { lstat, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Refusal, type Result, err, ok, refusal } from '../../base/index.ts';
import type { Observation } from '../contract.ts';
import { nativeProgram } from '../native-program.ts';
import { LineSplitter } from './line-splitter.ts';
import { PathSearch } from './path-search.ts';
import { type TraceLine, parseTraceLine } from './trace-line.ts';

export interface TelemetryRequest {
  /** A folder of the control side for the socket; made with mode 0700 when it is missing. No job may see it. */
  readonly directory: string;
  /** Called for each observation, in order. It must not throw. */
  readonly observe: (seen: Observation) => void;
  /** A user of the host as the job sees it; undefined: one that the sandbox does not have. */
  readonly innerUid?: (hostUid: number) => number | undefined;
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
  /** Ends it; every observation was made when this settles. Close it after the sandbox is gone. Safe to call twice. */
  close(): Promise<void>;
}

const READY_MS = 5_000;
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
  const unfit = await prepareDirectory(request.directory, listenerPath);
  if (unfit !== undefined) return err(unfit);
  const program = request.program ?? nativeProgram('trace');
  const child = spawn(program, [listenerPath], { stdio: ['pipe', 'pipe', 'pipe'], env: {}, cwd: '/' });
  const running = new RunningTrace(child, request);
  const failure = await running.ready;
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
  const { landlock } = running;
  return ok({ listenerPath, listening: true, landlock, first: running.first, died: running.died, close });
}

function machineLacks(why: string): Refusal {
  return refusal('machine', 'sandbox/telemetry', why, 'Run `cofferdam doctor`, which probes what it needs.');
}

async function prepareDirectory(directory: string, listenerPath: string): Promise<Refusal | undefined> {
  if (Buffer.byteLength(listenerPath) > SOCKET_PATH_MAX)
    return machineLacks(`the socket's path is longer than ${SOCKET_PATH_MAX} bytes: ${listenerPath}`);
  try {
    await mkdir(directory, { mode: 0o700, recursive: true });
    const found = await lstat(directory);
    const ours = found.isDirectory() && found.uid === process.geteuid?.();
    if (!ours || (found.mode & 0o077) !== 0)
      return machineLacks(`others may enter the telemetry's folder ${directory}; it needs mode 0700`);
    await rm(listenerPath, { force: true });
    return undefined;
  } catch (cause) {
    return machineLacks(`the telemetry's folder cannot be used: ${messageOf(cause)}`);
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** The trace program while it runs: turns its lines into observations and its end into a reason. */
class RunningTrace {
  /** A reason when it did not become ready. */
  readonly ready: Promise<string | undefined>;
  readonly gone: Promise<void>;
  readonly first: Promise<string>;
  readonly died: Promise<{ readonly why: string }>;
  readonly #child: ChildProcess;
  readonly #observe: (seen: Observation) => void;
  readonly #innerUid: (hostUid: number) => number | undefined;
  readonly #search: PathSearch;
  readonly #ready = Promise.withResolvers<string | undefined>();
  readonly #first = Promise.withResolvers<string>();
  readonly #gone = Promise.withResolvers<void>();
  readonly #died = Promise.withResolvers<{ readonly why: string }>();
  readonly #readyTimer: NodeJS.Timeout;
  #stderr = '';
  landlock = 0;
  /** Until it is ready its end is a refusal, and after `ended` or `close` its end is due. */
  #expected = true;

  constructor(child: ChildProcess, { observe, innerUid = () => undefined }: TelemetryRequest) {
    this.ready = this.#ready.promise;
    this.first = this.#first.promise;
    this.gone = this.#gone.promise;
    this.died = this.#died.promise;
    this.#child = child;
    this.#observe = observe;
    this.#innerUid = innerUid;
    this.#search = new PathSearch((process) => observe({ kind: 'process', process }));
    this.#readyTimer = setTimeout(() => this.#ready.resolve(`not ready in ${READY_MS} ms`), READY_MS);
    const lines = new LineSplitter((text) => this.#line(text));
    child.stdout?.on('data', (chunk: Buffer) => lines.add(chunk));
    child.stderr?.on('data', (chunk: Buffer) => {
      if (this.#stderr.length < STDERR_MAX) this.#stderr += chunk.toString('utf8', 0, STDERR_MAX);
    });
    child.stdin?.on('error', () => undefined);
    child.on('error', (cause) => this.#end(messageOf(cause)));
    child.on('close', (code, signal) =>
      this.#end(`ended with ${signal ?? `status ${code}`} ${this.#stderr}`.trim()),
    );
  }

  async close(): Promise<void> {
    this.#expected = true;
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), CLOSE_MS);
    await this.gone;
    clearTimeout(timer);
  }

  #line(text: string): void {
    const line = parseTraceLine(text);
    if (line === undefined)
      this.#observe({ kind: 'gap', why: 'a line of the process telemetry was not understood' });
    else this.#take(line);
  }

  #take(line: TraceLine): void {
    switch (line.kind) {
      case 'ready':
        clearTimeout(this.#readyTimer);
        this.#expected = false;
        this.landlock = line.landlock;
        this.#ready.resolve(undefined);
        return;
      case 'ended':
        this.#expected = true;
        return;
      case 'attached':
        return;
      case 'exec':
        this.#first.resolve(line.process.executable ?? line.process.argv[0] ?? '');
        this.#search.add(line.hostPid, this.#within(line.process));
        return;
      case 'attempt':
        this.#observe({
          kind: 'attempt',
          attempt: { ...line.attempt, process: this.#within(line.attempt.process) },
        });
        return;
      case 'socket':
        this.#observe({
          kind: 'refused-packet',
          pid: line.pid,
          family: line.family,
          protocol: line.protocol,
        });
        return;
      case 'dropped':
        this.#observe({
          kind: 'gap',
          why: `${line.count} observations of processes were lost: they came too fast`,
        });
        return;
      case 'gap':
        this.#observe(line);
    }
  }

  /** With the user's number as the job has it. */
  #within<T extends { readonly uid?: number }>({
    uid: hostUid,
    ...process
  }: T): Omit<T, 'uid'> & { uid?: number } {
    const uid = hostUid === undefined ? undefined : this.#innerUid(hostUid);
    return { ...process, ...(uid !== undefined && { uid }) };
  }

  #end(why: string): void {
    clearTimeout(this.#readyTimer);
    this.#ready.resolve(why);
    this.#search.end();
    if (!this.#expected) {
      this.#expected = true;
      const reason = `the process telemetry ended by itself: ${why}`;
      this.#observe({ kind: 'gap', why: reason });
      this.#died.resolve({ why: reason });
    }
    this.#gone.resolve();
  }
}
