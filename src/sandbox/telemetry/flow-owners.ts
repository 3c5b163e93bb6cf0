/** A connection's inner end, and the process that asked for it. */
export interface Flow {
  readonly protocol: 'tcp' | 'udp';
  readonly localPort: number;
  readonly process: { readonly pid: number; readonly argv: readonly string[] };
}

/** A connection that was asked for, of which the inner end is not known. */
export interface Dial {
  readonly address: string;
  readonly port: number;
  readonly process: Flow['process'];
}

/** Ports are used again, and the newest is meant: older ones go first. */
const FLOWS_MAX = 4_096;
const DIALS_MAX = 64;

/** An IPv4 address that a socket of IPv6 asks for is that address. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/iu, '');
}

/** Who opened which connection, from the moment it was asked for: also of processes that have gone meanwhile. */
export class FlowOwners {
  readonly #owners = new Map<string, Flow['process']>();
  readonly #waiting = new Map<string, Set<(process: Flow['process'] | undefined) => void>>();

  add({ protocol, localPort, process }: Flow): void {
    const key = `${protocol} ${localPort}`;
    this.#owners.delete(key);
    this.#owners.set(key, process);
    for (const told of this.#waiting.get(key) ?? []) told(process);
    if (this.#owners.size <= FLOWS_MAX) return;
    const [oldest] = this.#owners.keys();
    if (oldest !== undefined) this.#owners.delete(oldest);
  }

  /** What is asked for in one order is met in the same: with several at one time, the first that asked is named first. */
  readonly #dials = new Map<string, Flow['process'][]>();

  dial({ address, port, process }: Dial): void {
    const key = `${plain(address)} ${port}`;
    const waiting = this.#dials.get(key) ?? [];
    this.#dials.delete(key);
    this.#dials.set(key, [...waiting.slice(-DIALS_MAX), process]);
    if (this.#dials.size <= FLOWS_MAX) return;
    const [oldest] = this.#dials.keys();
    if (oldest !== undefined) this.#dials.delete(oldest);
  }

  /** Who asked for this destination first of those that were not found yet; the last of them answers for any more. */
  dialled(address: string, port: number): Flow['process'] | undefined {
    const waiting = this.#dials.get(`${plain(address)} ${port}`);
    return waiting === undefined || waiting.length > 1 ? waiting?.shift() : waiting[0];
  }

  /** The same, waiting for the word of it, which comes by another way than the connection: at most `withinMs`. */
  async told(
    protocol: 'tcp' | 'udp',
    localPort: number,
    withinMs: number,
  ): Promise<Flow['process'] | undefined> {
    const known = this.find(protocol, localPort);
    if (known !== undefined) return known;
    const key = `${protocol} ${localPort}`;
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting);
    return new Promise((resolve) => {
      const done = (process: Flow['process'] | undefined): void => {
        clearTimeout(late);
        waiting.delete(done);
        if (waiting.size === 0) this.#waiting.delete(key);
        resolve(process);
      };
      const late = setTimeout(() => done(undefined), withinMs);
      waiting.add(done);
    });
  }

  find(protocol: 'tcp' | 'udp', localPort: number): Flow['process'] | undefined {
    return this.#owners.get(`${protocol} ${localPort}`);
  }
}
