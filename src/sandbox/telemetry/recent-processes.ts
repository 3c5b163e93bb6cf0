export type Seen = {
  readonly pid: number;
  readonly parent: number;
  readonly argv: readonly string[];
  readonly uid?: number;
  readonly startedAt: number;
};

const PROCESSES_MAX = 4_096;

/** The programs that were started last, by the number of their process on the host: what it did may be heard of later. */
export class RecentProcesses {
  readonly #processes = new Map<number, Seen>();

  add(hostPid: number, { pid, parent, argv, uid, startedAt }: Seen): void {
    this.#processes.delete(hostPid);
    this.#processes.set(hostPid, { pid, parent, argv, startedAt, ...(uid !== undefined && { uid }) });
    if (this.#processes.size <= PROCESSES_MAX) return;
    const [oldest] = this.#processes.keys();
    if (oldest !== undefined) this.#processes.delete(oldest);
  }

  /** A process with the command line that it was started with, where the one who tells of it could not read one. */
  named<T extends { readonly pid: number; readonly argv: readonly string[] }>(
    hostPid: number,
    process: T,
  ): T {
    const known = process.argv.length > 0 ? undefined : this.#processes.get(hostPid);
    if (known === undefined) return process;
    const { startedAt: _at, ...rest } = known;
    return { ...process, ...rest };
  }

  remove(hostPid: number): void {
    this.#processes.delete(hostPid);
  }

  all(): readonly Seen[] {
    return [...this.#processes.values()];
  }

  find(hostPid: number): Seen | undefined {
    return this.#processes.get(hostPid);
  }
}
