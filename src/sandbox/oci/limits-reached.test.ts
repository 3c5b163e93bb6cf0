import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { firstEnd } from './limits-reached.ts';

const never = new Promise<never>(() => undefined);
const end = (why: string, afterMs = 0): Promise<{ readonly why: string }> => sleep(afterMs, { why });

describe('the end of a sandbox', () => {
  test('of a kernel of its own is told as that of process 1, also when its telemetry is heard of first', async () => {
    expect(await firstEnd(end('process 1', 20), end('telemetry'), true)).toEqual({ why: 'process 1' });
  });

  test('is that of the telemetry when that ends alone, and at once where the kernel is the host\u2019s', async () => {
    expect(await firstEnd(never, end('telemetry'), true)).toEqual({ why: 'telemetry' });
    expect(await firstEnd(end('process 1', 20), end('telemetry'), false)).toEqual({ why: 'telemetry' });
    expect(await firstEnd(end('process 1'), undefined, false)).toEqual({ why: 'process 1' });
  });
});
