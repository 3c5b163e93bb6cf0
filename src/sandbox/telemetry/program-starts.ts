/** How a process was started, by the last program that it started. */
export interface ProgramStart {
  /** As the caller gave it. */
  readonly path: string;
  readonly argv: readonly string[];
  readonly startedAt: number;
  /** Where the arguments lay of the program that it was before; a process in which they still lie there became no other. */
  readonly was?: number;
}

interface Started {
  /** The place of its last start among all that was told, also of one that found no file. */
  order: number;
  start?: ProgramStart;
}

const MOST = 16_384;
const MAX_TEXT = 1_024;

/**
 * Who asked for which connection, and which program each process started last, in the order in which the telemetry told it:
 * so that it can be said of a connection that its process has been the same program ever since. By numbers of the host.
 * Bounded: what is oldest is forgotten, and then not known.
 */
export class ProgramStarts {
  readonly #started = new Map<number, Started>();
  readonly #asked = new Map<string, { readonly hostPid: number; readonly order: number }>();
  #order = 0;
  /** The memory of another process was opened: whose program a process runs cannot be said any more. */
  memoryOpened = false;

  started(hostPid: number, start: ProgramStart, notFound: boolean): void {
    this.#order += 1;
    const before = this.#started.get(hostPid)?.start;
    this.#started.delete(hostPid);
    const kept = notFound
      ? before
      : {
          path: start.path.slice(0, MAX_TEXT),
          argv: start.argv.slice(0, 2).map((argument) => argument.slice(0, MAX_TEXT)),
          startedAt: start.startedAt,
          ...(start.was !== undefined && { was: start.was }),
        };
    this.#started.set(hostPid, { order: this.#order, ...(kept !== undefined && { start: kept }) });
    bound(this.#started);
  }

  asked(protocol: string, localPort: number, hostPid: number): void {
    this.#order += 1;
    const key = `${protocol} ${localPort}`;
    this.#asked.delete(key);
    this.#asked.set(key, { hostPid, order: this.#order });
    bound(this.#asked);
  }

  /** Something was not told: nothing that was known may be built on. */
  forget(): void {
    this.#started.clear();
    this.#asked.clear();
  }

  /** The process that asked for a connection; `since` it has started another program. */
  asker(
    protocol: string,
    localPort: number,
  ): { readonly hostPid: number; readonly startedSince: boolean } | undefined {
    const asked = this.#asked.get(`${protocol} ${localPort}`);
    if (asked === undefined) return undefined;
    const started = this.#started.get(asked.hostPid);
    return { hostPid: asked.hostPid, startedSince: (started?.order ?? 0) > asked.order };
  }

  startOf(hostPid: number): ProgramStart | undefined {
    return this.#started.get(hostPid)?.start;
  }
}

function bound(map: Map<unknown, unknown>): void {
  if (map.size <= MOST) return;
  const [oldest] = map.keys();
  map.delete(oldest);
}
