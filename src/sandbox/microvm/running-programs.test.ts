import { describe, expect, test } from 'vitest';
import type { Observation } from '../contract.ts';
import { RunningPrograms } from './running-programs.ts';

const start = (pid: number, startedAt: number): Observation => ({
  kind: 'process',
  process: { pid, parent: 1, argv: [`program ${pid}`], truncated: false, startedAt },
});
const end = (pid: number): Observation => ({
  kind: 'exit',
  exit: { pid, code: 0, signal: null, at: 1, durationMs: 1 } as unknown as Extract<
    Observation,
    { kind: 'exit' }
  >['exit'],
});

describe('the programs that run in a guest', () => {
  test('are those that were started and have not ended, process 1 apart', () => {
    const programs = new RunningPrograms();
    for (const seen of [start(1, 0), start(7, 10), start(8, 20), end(7), start(8, 30)]) programs.see(seen);
    expect(programs.now(100)).toEqual([{ id: '8 30', pid: 8, argv: ['program 8'], runningMs: 70 }]);
  });

  test('are bounded: the oldest are forgotten', () => {
    const programs = new RunningPrograms();
    for (let pid = 2; pid < 6_000; pid += 1) programs.see(start(pid, pid));
    expect(programs.now(0)).toHaveLength(4_096);
    expect(programs.now(0).at(-1)?.pid).toBe(5_999);
  });
});
