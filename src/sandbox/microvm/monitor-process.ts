import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { RunningProcess } from '../contract.ts';

const MOST_SAID = 4_096;
const MOST_TOLD = 300;

/** A monitor that runs, and what it and the guest's console said last. */
export class MonitorProcess {
  /** Settles when it has ended, with the reason as far as it is known. */
  readonly ended: Promise<string>;
  #said = '';

  constructor(running: RunningProcess) {
    for (const stream of [running.stdout, running.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.#said = (this.#said + chunk.toString('latin1')).slice(-MOST_SAID);
      });
    }
    running.stdin.on('error', () => undefined);
    this.ended = running.exited.then(({ code, signal, failure }) => {
      const how = failure ?? (signal === null ? `status ${code}` : signal);
      return `its monitor ended with ${how}${lastWord(this.#said)}`;
    });
  }

  /** Waits for what a boot must bring; a monitor that ends, or a boot that takes too long, is a refusal. */
  async brings<T>(what: string, awaited: Promise<T>, late: Promise<string>): Promise<Result<T, Refusal>> {
    const outcome = await this.outcome(what, awaited, late);
    if ('value' in outcome) return ok(outcome.value);
    return err('late' in outcome ? stoodStill(outcome.late) : notBooted(outcome.why));
  }

  /** The first of the three. */
  outcome<T>(
    what: string,
    awaited: Promise<T>,
    late: Promise<string>,
  ): Promise<{ readonly value: T } | { readonly why: string } | { readonly late: string }> {
    return Promise.race([
      awaited.then((value) => ({ value })),
      this.ended.then((why) => ({ why })),
      late.then((why) => ({ late: `${what} did not come ${why}${lastWord(this.#said)}` })),
    ]);
  }
}

export function notBooted(why: string): Refusal {
  return refusal(
    'machine',
    'microvm/not-booted',
    `the microVM did not start: ${why}`,
    'see what cofferdam doctor says of this machine',
  );
}

/** The one failure that says nothing of the machine: a guest that fell silent while it booted. */
export const STOOD_STILL = 'microvm/stood-still';

function stoodStill(why: string): Refusal {
  return { ...notBooted(why), rule: STOOD_STILL };
}

/** Of what was said, the line that tells most: why a kernel stopped, what our program in the guest could not do, or the last. */
function lastWord(said: string): string {
  const lines = said.split(/[\r\n]+/u).filter((line) => line.trim() !== '');
  const line =
    lines.findLast((one) => one.includes('microvm: ')) ??
    lines.find((one) => one.includes('Kernel panic')) ??
    lines.at(-1);
  return line === undefined ? '' : `: ${line.replace(/[^ -~]/gu, '?').slice(0, MOST_TOLD)}`;
}
