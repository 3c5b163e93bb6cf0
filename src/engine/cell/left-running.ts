import { setTimeout as wait } from 'node:timers/promises';
import type { RecordEvent } from '../../audit/index.ts';
import type { RunningNow, Sandbox } from '../../sandbox/index.ts';
import type { Where } from './cell-events.ts';

/** What ends by itself with the step that started it is given this long; it is looked at again so often. */
const SOON_MS = 300;
const LOOK_MS = 50;
const MOST_TOLD = 50;

/** Names what each step leaves running: every process once, when the step that it outlived is over. */
export class LeftRunning {
  readonly #sandbox: Pick<Sandbox, 'running'>;
  readonly #told = new Set<string>();

  constructor(sandbox: Pick<Sandbox, 'running'>) {
    this.#sandbox = sandbox;
  }

  async look({ job, step }: Where): Promise<readonly RecordEvent[]> {
    let left = this.#untold();
    for (let waited = 0; left.length > 0 && waited < SOON_MS; waited += LOOK_MS) {
      await wait(LOOK_MS);
      const before = new Set(left.map(({ id }) => id));
      left = this.#untold().filter(({ id }) => before.has(id));
    }
    for (const { id } of left) this.#told.add(id);
    const events = left.slice(0, MOST_TOLD).map(
      ({ pid, argv, runningMs }): RecordEvent => ({
        type: 'process.outlived',
        job,
        step,
        pid,
        argv,
        runningMs,
      }),
    );
    if (left.length <= MOST_TOLD) return events;
    const count = left.length - MOST_TOLD;
    return [
      ...events,
      {
        type: 'telemetry.gap',
        job,
        step,
        what: 'process.outlived',
        why: 'more were left running than are told',
        count,
      },
    ];
  }

  #untold(): readonly RunningNow[] {
    return this.#sandbox.running().filter(({ id }) => !this.#told.has(id));
  }
}
