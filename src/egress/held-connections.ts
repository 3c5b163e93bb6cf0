import type { AllowedDestination, EgressPolicy } from './contract.ts';
import { entriesAt } from './decide.ts';

/** A connection of the job's that is open: where it goes, and how it is ended. */
export interface Held {
  readonly host: string;
  readonly port: number;
  /** The address that it leads to, once it was dialled. */
  dialled?: string;
  /** The only entries under which it goes, once it was decided; absent: any of its place. */
  under?: readonly AllowedDestination[];
  cut: () => void;
}

/** Every connection that was let in and has not ended, so that a policy that allows less can end it. */
export class HeldConnections {
  readonly #held = new Map<number, Held>();
  /** Those that a process of their own carries: their sockets here are closed, and they go on. */
  readonly #handed = new Set<number>();

  hold(id: number, held: Held): void {
    this.#held.set(id, held);
  }

  dialled(id: number, address: string): void {
    const held = this.#held.get(id);
    if (held !== undefined) held.dialled = address;
  }

  /** What becomes of other entries of its place does not concern it. */
  under(id: number, entries: readonly AllowedDestination[]): void {
    const held = this.#held.get(id);
    if (held !== undefined) held.under = entries;
  }

  /** It goes on elsewhere: `cut` ends it there, and `ended` settles when it has. */
  handedOver(id: number, cut: () => void, ended: Promise<unknown>): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    held.cut = cut;
    this.#handed.add(id);
    void ended.then(() => {
      this.#handed.delete(id);
      this.#held.delete(id);
      return undefined;
    });
  }

  /** Its sockets here were closed. */
  closed(id: number): void {
    if (!this.#handed.has(id)) this.#held.delete(id);
  }

  /**
   * Ends each connection of which an entry that it goes under is in force no longer, or with less (of whose it is not known yet, any of
   * its place), and each to an address that may not be dialled any more. Gives how many.
   */
  cutBeyond(before: EgressPolicy, after: EgressPolicy, mayDial: (address: string) => boolean): number {
    const beyond = [...this.#held.values()].filter(({ host, port, dialled, under }) => {
      const left = entriesAt(after, host, port);
      return (
        (before.observe === true && after.observe === undefined && left.length === 0) ||
        (under ?? entriesAt(before, host, port)).some((entry) => !left.includes(entry)) ||
        (dialled !== undefined && !mayDial(dialled))
      );
    });
    for (const { cut } of beyond) cut();
    return beyond.length;
  }
}
