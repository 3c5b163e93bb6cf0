import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Observation, RunningNow, SandboxRequest } from '../contract.ts';
import { SETTLE, TraceReader, watchOrders } from '../telemetry/trace-reader.ts';
import { jobUserOf } from './guest-config.ts';
import { RunningPrograms } from './running-programs.ts';

type Owner = ReturnType<TraceReader['flows']['find']>;

const HOME = '/home/runner';
/** Names in the workspace are its file system's, which is the host's. */
const UNSEEN_NAMES = 'files that are moved to where tools obey them, in the workspace of a guest';

/** Folders in which a repository is written: the workspace, and what is written for real. */
export function repositoriesOf({ workspace, writePaths }: SandboxRequest): readonly string[] {
  return [workspace.path, ...writePaths.filter(({ file }) => file !== true).map(({ path }) => path)];
}

/**
 * The trace program in a guest, at the other end of a port: the same program and the same words as outside of a container. A job
 * that takes over the guest's kernel can end it, and with it itself, or lie.
 */
export class GuestTelemetry {
  readonly reader: TraceReader;
  readonly #port: Socket;
  readonly #request: SandboxRequest;
  readonly #programs = new RunningPrograms();
  /** A question that is on its way to the guest, and one for all who asked after it. */
  #asked: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(port: Socket, request: SandboxRequest, observe: (seen: Observation) => void) {
    this.#port = port;
    this.#request = request;
    this.reader = new TraceReader({
      observe: (seen) => {
        this.#programs.see(seen);
        observe(seen);
      },
      repositories: repositoriesOf(request),
      innerUid: jobUserOf,
    });
    port.on('data', (chunk: Buffer) => this.reader.add(chunk));
    port.on('error', () => undefined);
    port.on('close', () => this.reader.end('its machine has ended'));
  }

  /** From now on what is done to files is seen, where it can be; gives where it cannot. `init` is the guest's number of process 1. */
  async watch(init: number): Promise<readonly string[]> {
    const root = `/proc/${init}/root`;
    const orders = watchOrders({
      mounts: [...repositoriesOf(this.#request), HOME].map((path) => `${root}${path}`),
      proc: `${root}/proc`,
      layers: [{ path: `${root}${HOME}`, shown: HOME }],
    });
    const unwatched = await this.reader.watching(() => this.#port.write(orders));
    return [...unwatched, UNSEEN_NAMES];
  }

  /** Waits no longer than this: a guest that was taken over need not answer. */
  async observed(withinMs: number): Promise<void> {
    await Promise.race([this.#told(), sleep(withinMs, undefined, { ref: false })]);
  }

  /**
   * Who opened a connection or asked a question, by its inner port. Its packet and the guest's word of it come by two ways, the
   * word often later; so the guest is asked to say all first. A guest that does not within `withinMs` leaves it unknown: what
   * was told of the port before may be of another program.
   */
  async ownerOf(protocol: 'tcp' | 'udp', localPort: number, withinMs: number): Promise<Owner> {
    const told = this.#told().then(() => true);
    const late = sleep(withinMs, false, { ref: false });
    return (await Promise.race([told, late])) ? this.reader.flows.find(protocol, localPort) : undefined;
  }

  /** However many ask, two questions wait at most: a job that makes us ask much makes a guest that is silent hoard nothing. */
  #told(): Promise<void> {
    if (this.#asked === undefined) return this.#ask();
    this.#next ??= this.#asked.then(() => {
      this.#next = undefined;
      return this.#ask();
    });
    return this.#next;
  }

  async #ask(): Promise<void> {
    const asked = this.reader.observed(() => this.#port.write(SETTLE));
    this.#asked = asked;
    await asked;
    if (this.#asked === asked) this.#asked = undefined;
  }

  /** Programs that were started and have not ended, process 1 apart. */
  running(): readonly RunningNow[] {
    return this.#programs.now(Date.now());
  }
}
