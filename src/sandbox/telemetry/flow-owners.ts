/** A connection's inner end, and the process that asked for it. */
export interface Flow {
  readonly protocol: 'tcp' | 'udp';
  readonly localPort: number;
  readonly process: { readonly pid: number; readonly argv: readonly string[] };
}

/** Ports are used again, and the newest is meant: older ones go first. */
const FLOWS_MAX = 4_096;

/** Who opened which connection, from the moment it was asked for: also of processes that have gone meanwhile. */
export class FlowOwners {
  readonly #owners = new Map<string, Flow['process']>();

  add({ protocol, localPort, process }: Flow): void {
    const key = `${protocol} ${localPort}`;
    this.#owners.delete(key);
    this.#owners.set(key, process);
    if (this.#owners.size <= FLOWS_MAX) return;
    const [oldest] = this.#owners.keys();
    if (oldest !== undefined) this.#owners.delete(oldest);
  }

  find(protocol: 'tcp' | 'udp', localPort: number): Flow['process'] | undefined {
    return this.#owners.get(`${protocol} ${localPort}`);
  }
}
