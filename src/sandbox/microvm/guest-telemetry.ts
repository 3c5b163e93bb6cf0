import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Observation, RunningNow, SandboxRequest } from '../contract.ts';
import { JOB_UID } from '../plan/plan-sandbox.ts';
import { SETTLE, TraceReader, watchOrders } from '../telemetry/trace-reader.ts';
import { RunningPrograms } from './running-programs.ts';

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

  constructor(port: Socket, request: SandboxRequest, observe: (seen: Observation) => void) {
    this.#port = port;
    this.#request = request;
    this.reader = new TraceReader({
      observe: (seen) => {
        this.#programs.see(seen);
        observe(seen);
      },
      repositories: repositoriesOf(request),
      // The only user of the container has the same number in the guest.
      innerUid: (uid) => (uid === JOB_UID ? uid : undefined),
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
    const told = this.reader.observed(() => this.#port.write(SETTLE));
    await Promise.race([told, sleep(withinMs, undefined, { ref: false })]);
  }

  /** Programs that were started and have not ended, process 1 apart. */
  running(): readonly RunningNow[] {
    return this.#programs.now(Date.now());
  }
}
