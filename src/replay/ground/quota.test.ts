import { describe, expect, test } from 'vitest';
import { beyondQuota } from './quota.ts';

describe('processor time beyond a limit', () => {
  test('is what the kernel gave without a quota, however little a busy machine had left', () => {
    expect(beyondQuota({ cpuMs: 80, periods: 0 }, 0.1)).toContain('nothing held it');
    expect(beyondQuota({ cpuMs: 4_000, periods: 0 }, 0.1)).toContain('4000 ms');
  });

  test('is more than the quota of the periods that there were', () => {
    expect(beyondQuota({ cpuMs: 4_000, periods: 25 }, 0.1)).toContain('in 25 periods');
    expect(beyondQuota({ cpuMs: 260, periods: 25 }, 0.1)).toBeUndefined();
    expect(beyondQuota({ cpuMs: 4_000, periods: 25 }, 2)).toBeUndefined();
  });

  test('is nothing of a job that did nothing', () => {
    expect(beyondQuota({ cpuMs: 10, periods: 0 }, 0.1)).toBeUndefined();
  });
});
