import type { ObservedProcess } from '../contract.ts';

const HELD_MAX = 64;

/**
 * Keeps a search along PATH from looking like many processes. execvp(3) tries each directory in turn: a try whose file
 * was not there is held back, and dropped once the same process tries again with the same arguments. Every other held
 * try is reported, so that no start goes without an observation of its arguments.
 */
export class PathSearch {
  readonly #held = new Map<number, ObservedProcess>();
  readonly #report: (process: ObservedProcess) => void;

  constructor(report: (process: ObservedProcess) => void) {
    this.#report = report;
  }

  /** `hostPid` tells processes apart, whatever namespace they are in. */
  add(hostPid: number, process: ObservedProcess): void {
    const before = this.#held.get(hostPid);
    if (before !== undefined) {
      this.#held.delete(hostPid);
      if (!sameArguments(before, process)) this.#report(before);
    }
    if (process.notFound !== true) {
      this.#report(process);
      return;
    }
    this.#held.set(hostPid, process);
    if (this.#held.size > HELD_MAX) this.#reportOldest();
  }

  /** Reports what is still held: tries that found no file at all. */
  end(): void {
    while (this.#held.size > 0) this.#reportOldest();
  }

  #reportOldest(): void {
    for (const [hostPid, process] of this.#held) {
      this.#held.delete(hostPid);
      this.#report(process);
      return;
    }
  }
}

function sameArguments(a: ObservedProcess, b: ObservedProcess): boolean {
  return a.argv.length === b.argv.length && a.argv.every((argument, index) => argument === b.argv[index]);
}
