import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordEvent } from '../../audit/index.ts';
import { Repetitions } from './repetitions.ts';

type Risk = Extract<RecordEvent, { readonly type: 'risk.attempted' }>;

const attempt = (program: string, count: number): Risk => ({
  type: 'risk.attempted',
  job: 'j',
  step: 's',
  operation: 'mount',
  outcome: 'denied',
  call: 'mount',
  at: '2026-01-01T00:00:00.000Z',
  process: { pid: 2, argv: [program] },
  ...(count > 1 && { count }),
});

describe('repeated attempts', () => {
  it('are bounded in the record, and every one of them is counted in it', () => {
    const many = fc.array(fc.tuple(fc.nat({ max: 400 }), fc.integer({ min: 1, max: 1_000 })), {
      maxLength: 3_000,
    });
    fc.assert(
      fc.property(many, (attempts) => {
        const repetitions = new Repetitions();
        const all = attempts.map(([program, count]) => attempt(`p${program}`, count));
        const told: RecordEvent[] = all.filter((one) => repetitions.admit(one));
        expect(told.length).toBeLessThanOrEqual(200 * 20);
        told.push(...repetitions.settle());
        const sum = (events: readonly RecordEvent[]): number =>
          events.reduce((total, event) => total + ('count' in event ? (event.count ?? 1) : 1), 0);
        expect(sum(told)).toBe(sum(all));
        expect(repetitions.settle()).toEqual([]);
      }),
    );
  });

  it('of one kind are told twenty times and then once more with the count', () => {
    const repetitions = new Repetitions();
    const told = Array.from({ length: 100 }, () => repetitions.admit(attempt('p', 1))).filter(Boolean);
    expect(told).toHaveLength(20);
    expect(repetitions.settle()).toEqual([{ ...attempt('p', 1), count: 80 }]);
  });
});
