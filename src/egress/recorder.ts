import type { GatewayEvent } from './contract.ts';

/** The same denial is told this often; then only its count, so that a job cannot fill the record. */
const MAX_SAME = 20;
const MAX_KINDS = 2_000;

/**
 * Hands events to the engine and waits for its word where that matters. Repetitions of one denial are counted, and the
 * count is told at the end: bounded, and never silent.
 */
export class Recorder {
  readonly #send: (number: number, event: GatewayEvent) => void;
  readonly #waiting = new Map<number, (ok: boolean) => void>();
  readonly #seen = new Map<string, { times: number; last: GatewayEvent }>();
  #beyond = 0;
  #next = 1;

  constructor(send: (number: number, event: GatewayEvent) => void) {
    this.#send = send;
  }

  /** Settles when the engine has recorded it: false when it could not. */
  recorded(event: GatewayEvent): Promise<boolean> {
    const number = this.#next;
    this.#next += 1;
    const answer = new Promise<boolean>((resolve) => {
      this.#waiting.set(number, resolve);
    });
    this.#send(number, event);
    return answer;
  }

  /** For what grants nothing. Settles when it is recorded, or at once when it is only counted. */
  async tell(event: GatewayEvent): Promise<void> {
    const key = repetition(event);
    if (key !== undefined) {
      const known = this.#seen.get(key);
      if (known === undefined && this.#seen.size >= MAX_KINDS) {
        this.#beyond += 1;
        return;
      }
      const times = (known?.times ?? 0) + 1;
      this.#seen.set(key, { times, last: event });
      if (times > MAX_SAME) return;
    }
    await this.recorded(event);
  }

  acknowledge(number: number, ok: boolean): void {
    this.#waiting.get(number)?.(ok);
    this.#waiting.delete(number);
  }

  /** Tells what was only counted, and waits until everything is recorded. */
  async finish(): Promise<void> {
    for (const { times, last } of this.#seen.values()) {
      if (times > MAX_SAME) void this.recorded(counted(last, times - MAX_SAME));
    }
    if (this.#beyond > 0)
      void this.recorded({ kind: 'gap', why: `${this.#beyond} further refusals of other destinations` });
    await this.#drained();
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.#waiting.size === 0) resolve();
        else setTimeout(look, 1);
      };
      look();
    });
  }
}

/** One event for many of the same: they were seen, and are no gap, unless they were gaps. */
function counted(event: GatewayEvent, count: number): GatewayEvent {
  switch (event.kind) {
    case 'dns':
    case 'connect':
    case 'refused-packet':
    case 'request':
      return { ...event, count };
    case 'gap':
    case 'closed':
      return {
        kind: 'gap',
        why: `${event.kind === 'gap' ? event.why : event.kind}: ${count} more of the same`,
      };
  }
}

/** What counts as the same: allowed connections are each told. */
function repetition(event: GatewayEvent): string | undefined {
  switch (event.kind) {
    case 'dns':
      return `question ${event.type} ${event.name} ${event.verdict}`;
    case 'connect':
      return event.verdict === 'allowed'
        ? undefined
        : `connection to ${event.host ?? event.address}:${event.port} (${event.reason ?? ''})`;
    case 'request':
      return event.verdict === 'allowed'
        ? undefined
        : `request ${event.method} ${event.host}:${event.port}${event.path} (${event.reason ?? ''})`;
    case 'refused-packet':
      return `${event.protocol} to ${event.address}:${event.port ?? ''}`;
    case 'gap':
      return event.why;
    case 'closed':
      return undefined;
  }
}
