type Seen = {
  readonly pid: number;
  readonly parent: number;
  readonly argv: readonly string[];
  readonly uid?: number;
};

const PROCESSES_MAX = 1_024;

/** The programs that were started last, by the number of their process on the host: what it did may be heard of later. */
export class RecentProcesses {
  readonly #processes = new Map<number, Seen>();

  add(hostPid: number, { pid, parent, argv, uid }: Seen): void {
    this.#processes.delete(hostPid);
    this.#processes.set(hostPid, { pid, parent, argv, ...(uid !== undefined && { uid }) });
    if (this.#processes.size <= PROCESSES_MAX) return;
    const [oldest] = this.#processes.keys();
    if (oldest !== undefined) this.#processes.delete(oldest);
  }

  find(hostPid: number): Seen | undefined {
    return this.#processes.get(hostPid);
  }
}
