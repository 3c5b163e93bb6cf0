import type { Observation, ObservedExit, ObservedFile, RunningNow } from '../contract.ts';
import { watchedKind } from './watched-files.ts';
import { FlowOwners } from './flow-owners.ts';
import { LineSplitter } from './line-splitter.ts';
import { ProgramStarts } from './program-starts.ts';
import { PathSearch } from './path-search.ts';
import { RecentProcesses } from './recent-processes.ts';
import { type TraceLine, parseTraceLine } from './trace-line.ts';

export interface TraceReading {
  /** Called for each observation, in order. It must not throw. */
  readonly observe: (seen: Observation) => void;
  /** A user where the trace program runs as the job sees it; undefined: one that the sandbox does not have. */
  readonly innerUid?: (hostUid: number) => number | undefined;
  /** Folders below which files are what tools obey in a repository. */
  readonly repositories?: readonly string[];
  /** A kernel of its own tells, and not the host's. */
  readonly ownKernel?: boolean;
}

/** Where files are watched: paths as the trace program reaches them. */
export interface WatchedPlaces {
  /** Mount points at which files are written. */
  readonly mounts: readonly string[];
  /** The job's own /proc. */
  readonly proc: string;
  /** File systems whose names change, and where the job sees each. */
  readonly layers: readonly { readonly path: string; readonly shown: string }[];
}

/** What the trace program is written when it is to watch files; after it, it can watch no others. */
export function watchOrders({ mounts, proc, layers }: WatchedPlaces): string {
  const lines = [
    ...mounts.map((path) => `m${path}`),
    `p${proc}`,
    ...layers.map(({ path, shown }) => `l${path}\t${shown}`),
    'd',
  ];
  // A line is an order: what could end one early is left out, and then told as not watched.
  return lines.map((line) => `${/[\n\0]/u.test(line) ? 'm' : line}\n`).join('');
}

/** What the trace program is written when it is to say that all was told. */
export const SETTLE = 's';
/** What has the program let go of all files that it watches. */
export const LET_GO = 'e\n';

/** Turns what a trace program says into observations, and its end into a reason; wherever the program runs. */
export class TraceReader {
  /** Settles when it is ready: with nothing, or with the reason why it never will be. */
  readonly ready: Promise<string | undefined>;
  readonly first: Promise<string>;
  readonly died: Promise<{ readonly why: string }>;
  readonly flows = new FlowOwners();
  readonly programs = new ProgramStarts();
  readonly #observe: (seen: Observation) => void;
  readonly #innerUid: (hostUid: number) => number | undefined;
  readonly #search: PathSearch;
  readonly #lines = new LineSplitter((text) => this.#line(text));
  readonly #ready = Promise.withResolvers<string | undefined>();
  readonly #first = Promise.withResolvers<string>();
  readonly #died = Promise.withResolvers<{ readonly why: string }>();
  readonly #recent = new RecentProcesses();
  readonly #repositories: readonly string[];
  readonly #ownKernel: boolean;
  readonly #unwatchable: string[] = [];
  #watching: ((unwatchable: readonly string[]) => void) | undefined;
  /** Who waits for a word that all was told, in order. */
  #settling: (() => void)[] = [];
  #ended = false;
  landlock = 0;
  /** Until it is ready its end is a refusal, and after `ended` or `expectEnd` its end is due. */
  #expected = true;

  constructor({ observe, innerUid = () => undefined, repositories = [], ownKernel = false }: TraceReading) {
    this.#repositories = repositories;
    this.#ownKernel = ownKernel;
    this.ready = this.#ready.promise;
    this.first = this.#first.promise;
    this.died = this.#died.promise;
    this.#observe = observe;
    this.#innerUid = innerUid;
    this.#search = new PathSearch((process) => observe({ kind: 'process', process }));
  }

  add(chunk: Buffer): void {
    this.#lines.add(chunk);
  }

  /** Settles when all that was seen until now was observed, or when it has ended; `ask` writes `SETTLE` to the program. */
  observed(ask: () => void): Promise<void> {
    if (this.#ended) return Promise.resolve();
    const told = new Promise<void>((resolve) => {
      this.#settling.push(resolve);
    });
    ask();
    return told;
  }

  /** Settles with what cannot be watched, when all the rest is; `ask` writes `watchOrders` to the program. */
  watching(ask: () => void): Promise<readonly string[]> {
    if (this.#ended) return Promise.resolve(this.#unwatchable);
    const begun = new Promise<readonly string[]>((resolve) => {
      this.#watching = resolve;
    });
    ask();
    return begun;
  }

  expectEnd(): void {
    this.#expected = true;
  }

  /** Nothing more will come. */
  end(why: string): void {
    this.#ready.resolve(why);
    this.#search.end();
    this.#ended = true;
    for (const settled of this.#settling) settled();
    this.#watching?.(this.#unwatchable);
    this.#settling = [];
    if (this.#expected) return;
    this.#expected = true;
    const reason = `the process telemetry ended by itself: ${why}`;
    this.#observe({ kind: 'gap', why: reason });
    this.#died.resolve({ why: reason });
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
        this.#expected = false;
        this.landlock = line.landlock;
        this.#ready.resolve(undefined);
        return;
      case 'ended':
        // A kernel of its own that was taken over could fall silent while it goes on.
        if (!this.#ownKernel) this.#expected = true;
        return;
      case 'attached':
        return;
      case 'unwatchable':
        this.#unwatchable.push(
          `what is done to files${line.path === '' ? '' : ` at ${line.path}`}: ${line.why}`,
        );
        return;
      case 'watching':
        this.#watching?.(this.#unwatchable);
        return;
      case 'file':
        this.#file(line.hostPid, line.file);
        return;
      case 'settled':
        this.#search.end();
        this.#settling.shift()?.();
        return;
      case 'exec':
        this.#first.resolve(line.process.executable ?? line.process.argv[0] ?? '');
        this.#recent.add(line.hostPid, line.process);
        this.programs.started(
          line.hostPid,
          {
            ...line.process,
            path: line.process.executable ?? '',
            ...(line.was !== undefined && { was: line.was }),
          },
          line.process.notFound === true,
        );
        this.#search.add(line.hostPid, this.#within(line.process));
        return;
      case 'attempt':
        this.#observe({
          kind: 'attempt',
          attempt: {
            ...line.attempt,
            process: this.#within(this.#recent.named(line.hostPid, line.attempt.process)),
          },
        });
        return;
      case 'exit':
        this.#observe({ kind: 'exit', exit: this.#timed(line.exit) });
        return;
      case 'listening': {
        const { pid, argv } = this.#recent.named(line.hostPid, line.listener.process);
        const { protocol, port } = line.listener;
        this.#observe({ kind: 'listening', listener: { ...line.listener, process: { pid, argv } } });
        // A resolver that sends without connecting (musl's) takes its port first.
        if (protocol === 'udp' && port !== undefined)
          this.flows.add({ protocol, localPort: port, process: { pid, argv } });
        return;
      }
      case 'connect':
        this.flows.add(line.flow);
        this.programs.asked(line.flow.protocol, line.flow.localPort, line.hostPid);
        return;
      case 'dial': {
        const { pid, argv } = this.#recent.named(line.hostPid, line.dial.process);
        this.flows.dial({ ...line.dial, process: { pid, argv } });
        return;
      }
      case 'socket':
        this.#observe({
          kind: 'refused-packet',
          pid: line.pid,
          family: line.family,
          protocol: line.protocol,
        });
        return;
      case 'dropped':
        this.programs.forget();
        this.#observe({
          kind: 'gap',
          why: `${line.count} observations of processes were lost: they came too fast`,
        });
        return;
      case 'unwatched':
        this.#observe({
          kind: 'gap',
          why: `the ends of ${line.count} processes were not watched: there were too many at once`,
        });
        return;
      case 'gap':
        this.programs.forget();
        this.#observe(line);
    }
  }

  /** Who is gone by now is known by the program that it started last. */
  #file(hostPid: number, file: ObservedFile): void {
    const is = file.what === 'written' ? watchedKind(file.path, this.#repositories) : undefined;
    if (file.what === 'written' && is === undefined) return;
    if (file.what === 'memory' && file.path.endsWith('/mem')) this.programs.memoryOpened = true;
    const process = this.#within(this.#recent.named(hostPid, file.process));
    this.#observe({ kind: 'file', file: { ...file, process }, ...(is !== undefined && { is }) });
  }

  /** Of a kernel of its own, by what it told: at most as many as are remembered. */
  running(nowMs: number): readonly RunningNow[] {
    return this.#recent
      .all()
      .filter(({ pid }) => pid > 1)
      .map(({ pid, argv, startedAt }) => ({
        id: `${pid} ${startedAt}`,
        pid,
        argv,
        runningMs: Math.max(0, nowMs - startedAt),
      }));
  }

  /** A kernel of its own tells ends by the same numbers as starts. */
  #timed(exit: ObservedExit): ObservedExit {
    if (!this.#ownKernel) return exit;
    const began = this.#recent.find(exit.pid)?.startedAt;
    this.#recent.remove(exit.pid);
    return began === undefined ? exit : { ...exit, durationMs: Math.max(0, exit.at - began) };
  }

  /** With the user's number as the job has it. */
  #within<T extends { readonly uid?: number }>({
    uid: hostUid,
    ...process
  }: T): Omit<T, 'uid'> & { uid?: number } {
    const uid = hostUid === undefined ? undefined : this.#innerUid(hostUid);
    return { ...process, ...(uid !== undefined && { uid }) };
  }
}
