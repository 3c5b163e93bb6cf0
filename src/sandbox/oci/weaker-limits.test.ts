import { describe, expect, test } from 'vitest';
import { uncounted } from '../plan/host-facts.ts';
import { HOST } from '../plan/plan-sandbox.fixture.ts';
import { uncountedBy } from './weaker-limits.ts';

const NO_FILE = 'its kernel has no memory.kmem.tcp.limit_in_bytes';

describe('memory of sockets', () => {
  test.each([
    ['v1', false, '', NO_FILE],
    ['v1', true, 'cgroup.memory=nosocket', undefined],
    ['v2', false, 'quiet', undefined],
    [
      'v2',
      false,
      'quiet cgroup.memory=nokmem,nosocket',
      'its kernel was started with cgroup.memory=nosocket',
    ],
    ['none', false, '', undefined],
  ] as const)('in %s with a file of its own (%s) on a kernel told %j', (cgroup, file, told, why) => {
    expect(uncounted(cgroup, file, told).socketsUncounted).toBe(why);
  });

  test('is named in the receipt when a limit of memory does not cover it, and only where there is such a limit', () => {
    const host = { ...HOST, socketsUncounted: NO_FILE };
    const line = { limit: 'memoryBytes', what: 'memory of sockets', why: NO_FILE };
    expect(uncountedBy(host, { limits: { memoryBytes: 1 } })).toEqual({ uncounted: [line] });
    expect(uncountedBy(host, { limits: {} })).toEqual({});
    expect(uncountedBy(HOST, { limits: { memoryBytes: 1 } })).toEqual({});
  });
});
