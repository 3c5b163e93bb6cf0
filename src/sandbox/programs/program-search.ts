import { readFileSync, readlinkSync } from 'node:fs';
import { uptime } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProgramFiles, ProgramFlow, ProgramSeen } from '../contract.ts';
import type { ProgramStart } from '../telemetry/program-starts.ts';
import { identityOf, isSameFile, JobRoot } from './job-root.ts';
import { mappedCode } from './mapped-code.ts';
import { holdersOf, socketOf } from './socket-holders.ts';
import { loadingVariable } from './starting-environment.ts';

/** What the search asks of the telemetry and of the sandbox. */
export interface ProgramFacts {
  /** Settles when all that was seen until now was told. */
  observed(): Promise<void>;
  asker(
    protocol: 'tcp' | 'udp',
    localPort: number,
  ): { readonly hostPid: number; readonly startedSince: boolean } | undefined;
  startOf(hostPid: number): ProgramStart | undefined;
  /** Every process of the sandbox, by its number on the host. */
  processes(): readonly number[];
  /** Ids, as the job has them, of the processes that steps are. */
  steps(): ReadonlySet<number>;
  /** Why no process can be trusted to run only its program's code; undefined: it can. */
  unsteady(): string | undefined;
  /** Variables that the control side gave to every step. */
  readonly given: Readonly<Record<string, string>>;
}

const MAX_SMAPS_BYTES = 16_777_216;
const MAX_ENVIRONMENT_BYTES = 2_097_152;
const MAX_DEPTH = 64;
const CLOCK_TICK_MS = 10;
/** A process whose number was another's before began after that one's start was told. */
const SLACK_MS = 500;

class Unknown extends Error {
  readonly run: string | undefined;

  constructor(why: string, run?: string) {
    super(why);
    this.run = run;
  }
}

/** What was just forked has all that its parent has, until it starts its own program. */
class Shared extends Unknown {}
const SHARED_TRIES = 4;
const SHARED_WAIT_MS = 15;

/**
 * Finds which program made a connection: the process that asked the kernel for it, that alone has it open, that has been the
 * same program since, that runs only code of files that the job cannot write, and all that started it. What is not certain is
 * not known. It reads what the kernel shows; of what a process wrote itself it believes only its script's name, which is said
 * in docs/egress.md.
 */
export class ProgramSearch {
  readonly #init: number;
  readonly #root: JobRoot;
  readonly #facts: ProgramFacts;

  constructor(initPid: number, facts: ProgramFacts) {
    this.#init = initPid;
    this.#root = new JobRoot(initPid);
    this.#facts = facts;
  }

  async find(flow: ProgramFlow, names: readonly string[]): Promise<ProgramSeen> {
    for (let tries = 1; ; tries += 1) {
      await this.#facts.observed();
      try {
        return this.#find(flow, names);
      } catch (cause) {
        if (!(cause instanceof Unknown)) throw cause;
        const { message: why, run } = cause;
        if (!(cause instanceof Shared) || tries === SHARED_TRIES)
          return { known: false, why, ...(run !== undefined && { run }) };
      }
      await sleep(SHARED_WAIT_MS);
    }
  }

  #find(flow: ProgramFlow, names: readonly string[]): ProgramSeen {
    const { protocol = 'tcp' } = flow;
    const asker = this.#facts.asker(protocol, flow.localPort) ?? this.#sender(flow);
    if (asker === undefined) throw new Unknown('no process was seen to ask for it');
    const pid = asker.hostPid;
    const run = link(`/proc/${pid}/exe`).slice(0, 1_024);
    const unsteady = this.#facts.unsteady();
    if (unsteady !== undefined) throw new Unknown(unsteady, run);
    if (asker.startedSince)
      throw new Unknown('its process started another program after it asked for it', run);
    const socket = socketOf(this.#init, flow);
    if (socket === undefined) throw new Unknown('its process has closed it', run);
    const holders = holdersOf(socket, this.#facts.processes());
    if (holders === undefined) throw new Unknown('too many descriptors are open to see who has it', run);
    if (!holders.includes(pid)) throw new Unknown('another process has it than asked for it', run);
    if (holders.length > 1) throw new Shared('more than one process has it open', run);
    return { known: true, ...this.#program(pid, names), above: this.#above(pid, names) };
  }

  /** Who has the socket of a datagram alone. */
  #sender(flow: ProgramFlow): { readonly hostPid: number; readonly startedSince: boolean } | undefined {
    const socket = flow.protocol === 'udp' ? socketOf(this.#init, flow) : undefined;
    const [hostPid, ...more] = socket === undefined ? [] : (holdersOf(socket, this.#facts.processes()) ?? []);
    return hostPid === undefined || more.length > 0 ? undefined : { hostPid, startedSince: false };
  }

  /** One process that runs nothing but one program of the read-only root. */
  #program(
    pid: number,
    names: readonly string[],
  ): ProgramFiles & { readonly pid: number; readonly jit: boolean } {
    const files = this.#files(pid, names);
    const [run = ''] = files.run;
    const status = text(`/proc/${pid}/status`, 65_536);
    if (!/^TracerPid:\t0$/m.test(status)) throw new Unknown('another process traces it', run);
    const variable = loadingVariable(text(`/proc/${pid}/environ`, MAX_ENVIRONMENT_BYTES), this.#facts.given);
    if (variable !== undefined)
      throw new Unknown(`it was started with ${variable}, by which other code is run in it`, run);
    const code = mappedCode(text(`/proc/${pid}/smaps`, MAX_SMAPS_BYTES), (path) =>
      this.#root.isReadOnly(path),
    );
    if (code.foreign !== undefined) throw new Unknown(`it executes ${code.foreign.slice(0, 300)}`, run);
    return { ...files, pid: innerPid(status), jit: code.jit };
  }

  /** The files that a process was made of. Throws when they are none of the job's own root, as it was. */
  #files(pid: number, names: readonly string[]): ProgramFiles {
    const run = link(`/proc/${pid}/exe`);
    if (link(`/proc/${pid}/ns/mnt`) !== link(`/proc/${this.#init}/ns/mnt`))
      throw new Unknown('it has mounts of its own', run);
    if (!isSameFile(identityOf(`/proc/${pid}/root`), identityOf(`/proc/${this.#init}/root`)))
      throw new Unknown('it has a root of its own', run);
    const file = identityOf(`/proc/${pid}/exe`);
    if (file === undefined) throw new Unknown('its process is gone');
    if (!this.#root.isReadOnly(run) || !isSameFile(file, this.#root.identity(run)))
      throw new Unknown(`its executable ${run.slice(0, 300)} lies where the job can write`, run);
    const script = this.#scriptOf(pid, file);
    const spellings = (path: string, of: ReturnType<typeof identityOf>): readonly string[] => [
      path,
      ...names.filter((name) => name !== path && isSameFile(of, this.#root.identity(name))),
    ];
    return {
      run: spellings(run, file),
      ...(script !== undefined && { script: spellings(script, this.#root.identity(script)) }),
    };
  }

  /** The script that an interpreter was started with: the file that was executed, or else the first argument. */
  #scriptOf(pid: number, executable: ReturnType<typeof identityOf>): string | undefined {
    const start = this.#facts.startOf(pid);
    const { began, argumentsAt } = statOf(pid);
    if (start?.was === undefined || began > start.startedAt + SLACK_MS) return undefined;
    // A start that failed was told all the same: whoever asked for it is what he was, and whatever he said there is not so.
    if (argumentsAt === 0 || argumentsAt === start.was) return undefined;
    const [, first = ''] = start.argv;
    const named = isSameFile(this.#root.identity(start.path), executable) ? first : start.path;
    if (!named.startsWith('/')) return undefined;
    const script = this.#root.realPath(named);
    return script !== undefined && this.#root.isReadOnly(script) ? script : undefined;
  }

  /**
   * What started a process, up to the process that a step is. Whoever lost what started it was adopted by process 1 and could
   * be anyone's: it is not known.
   */
  #above(pid: number, names: readonly string[]): readonly ProgramFiles[] {
    const above: ProgramFiles[] = [];
    for (let at = pid; above.length < MAX_DEPTH; ) {
      const status = text(`/proc/${at}/status`, 65_536);
      const parent = Number(/^PPid:\t(\d+)$/m.exec(status)?.[1] ?? 0);
      if (parent === this.#init) {
        if (this.#facts.steps().has(innerPid(status))) return above;
        throw new Unknown('what started it has ended', link(`/proc/${pid}/exe`));
      }
      if (parent <= 1) throw new Unknown('what started it has ended', link(`/proc/${pid}/exe`));
      above.push(this.#ancestor(parent, names));
      at = parent;
    }
    throw new Unknown(`more than ${MAX_DEPTH} processes stand above it`);
  }

  /** A parent may be any program, also one of the workspace: only what fits an entry is looked for among them. */
  #ancestor(pid: number, names: readonly string[]): ProgramFiles {
    try {
      return this.#files(pid, names);
    } catch (cause) {
      if (cause instanceof Unknown) return { run: [link(`/proc/${pid}/exe`)] };
      throw cause;
    }
  }
}

function text(path: string, most: number): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    throw new Unknown('its process is gone');
  }
  if (bytes.length > most) throw new Unknown('its process is too large to be looked at');
  return bytes.toString('latin1');
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function innerPid(status: string): number {
  return Number(/^NStgid:.*\s(\d+)$/m.exec(status)?.[1] ?? 0);
}

/**
 * When a process came to be, in milliseconds since 1970, and where its program's arguments lie. Its name stands in brackets and
 * may hold anything (proc_pid_stat(5), fields 22 and 48).
 */
function statOf(pid: number): { readonly began: number; readonly argumentsAt: number } {
  const fields = text(`/proc/${pid}/stat`, 65_536).split(') ').at(-1)?.split(' ') ?? [];
  const began = Date.now() - uptime() * 1_000 + Number(fields[19] ?? Number.NaN) * CLOCK_TICK_MS;
  return { began, argumentsAt: Number(fields[45] ?? 0) };
}
