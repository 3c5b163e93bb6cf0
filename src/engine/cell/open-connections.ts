import type { GatewayEvent } from '../../egress/index.ts';

/** Which of a job's connections are open, by the gateway's word. */
export class OpenConnections {
  readonly #open = new Set<number>();
  #waiting: (() => void)[] = [];

  see(event: GatewayEvent): void {
    if (event.kind === 'connect' && event.verdict === 'allowed') this.#open.add(event.id);
    if (event.kind === 'closed') this.#open.delete(event.id);
    if (this.#open.size > 0) return;
    for (const done of this.#waiting) done();
    this.#waiting = [];
  }

  /** Settles when none is open, at once or after `withinMs` at the latest. */
  settled(withinMs: number): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
