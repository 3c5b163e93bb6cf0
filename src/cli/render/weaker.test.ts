import { describe, expect, test } from 'vitest';
import { weakerText } from './weaker.ts';

describe('what is weaker', () => {
  test('is said in one line, limits of a process as what they are', () => {
    expect(
      weakerText({
        limitsUnenforced: ['memoryBytes', 'cpus', 'pids'],
        weakerLimits: [
          { limit: 'pids', by: 'RLIMIT_NPROC', value: 512 },
          { limit: 'memoryBytes', by: 'RLIMIT_DATA', value: 4_000_000_000 },
        ],
        rootless: { jobUser: 'yours', groupsKept: 3 },
      }),
    ).toBe(
      'not limited: memory, cpus, pids, instead 512 processes of its user (RLIMIT_NPROC), 4.0 GB for each process (RLIMIT_DATA), your own user id and 3 of your groups',
    );
  });

  test('is also what a limit that is held does not cover', () => {
    expect(
      weakerText({
        limitsUnenforced: [],
        uncounted: [{ limit: 'memoryBytes', what: 'memory of sockets', why: 'its kernel has no such file' }],
      }),
    ).toBe('memory of sockets not counted as memory');
  });

  test('is nothing for a job with its own id whose limits are held, or a receipt that says nothing', () => {
    expect(
      weakerText({ limitsUnenforced: [], rootless: { jobUser: 'its own', groupsKept: 0 } }),
    ).toBeUndefined();
    expect(weakerText({})).toBeUndefined();
    expect(weakerText(undefined)).toBeUndefined();
  });
});
