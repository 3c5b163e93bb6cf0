import type { Observation, ObservedProcess, RunningNow } from '../contract.ts';

const MOST = 4_096;

/** Which programs run, by what was told of their starts and ends. Of more than fit the oldest are forgotten. */
export class RunningPrograms {
  readonly #byPid = new Map<number, ObservedProcess>();

  see(seen: Observation): void {
    if (seen.kind === 'exit') this.#byPid.delete(seen.exit.pid);
    if (seen.kind !== 'process' || seen.process.pid === 1) return;
    // A number is used again only after its end, told or not.
    this.#byPid.delete(seen.process.pid);
    this.#byPid.set(seen.process.pid, seen.process);
    if (this.#byPid.size <= MOST) return;
    for (const oldest of this.#byPid.keys()) {
      this.#byPid.delete(oldest);
      return;
    }
  }

  now(nowMs: number): readonly RunningNow[] {
    return [...this.#byPid.values()].map(({ pid, argv, startedAt }) => ({
      id: `${pid} ${startedAt}`,
      pid,
      argv,
      runningMs: Math.max(0, nowMs - startedAt),
    }));
  }
}
