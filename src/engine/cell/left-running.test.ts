import { describe, expect, test } from 'vitest';
import type { RunningNow } from '../../sandbox/index.ts';
import { LeftRunning } from './left-running.ts';

const AT = { job: 'j', step: 's' };
const process = (pid: number): RunningNow => ({ id: `${pid} 1`, pid, argv: [`p${pid}`], runningMs: 5 });

describe('what a step leaves running', () => {
  test('is named once, and not what ends by itself at once', async () => {
    let now = [process(2), process(3)];
    const left = new LeftRunning({ running: () => now });
    setTimeout(() => {
      now = [process(2)];
    }, 120);
    expect(await left.look(AT)).toEqual([
      { type: 'process.outlived', ...AT, pid: 2, argv: ['p2'], runningMs: 5 },
    ]);
    now = [process(2), process(4)];
    expect(await left.look(AT)).toMatchObject([{ pid: 4 }]);
    expect(await left.look(AT)).toEqual([]);
  });

  test('is bounded, and the rest is counted', async () => {
    const many = Array.from({ length: 300 }, (_, index) => process(index));
    const events = await new LeftRunning({ running: () => many }).look(AT);
    expect(events).toHaveLength(51);
    expect(events.at(-1)).toMatchObject({ type: 'telemetry.gap', what: 'process.outlived', count: 250 });
  });
});
