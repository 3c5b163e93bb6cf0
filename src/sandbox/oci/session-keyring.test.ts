import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { RUNTIMES_HERE } from './runtimes.fixture.ts';
import { IN_KEYRING, PROGRAM } from './session-keyring.fixture.ts';

const NAMESPACES = '--net --mount --pid --fork --kill-child --mount-proc --propagation private'.split(' ');
const SHARED_KERNEL = RUNTIMES_HERE.filter(({ ownKernel }) => !ownKernel);

/** What a job without a filter reads of a key that its caller's session holds; all of it in throwaway namespaces. */
async function read(runtime: string, keyring: 'fresh' | 'inherited'): Promise<string> {
  const program = [process.execPath, PROGRAM, runtime, keyring];
  const { stdout } = await promisify(execFile)('unshare', [
    ...NAMESPACES,
    'python3',
    '-c',
    IN_KEYRING,
    ...program,
  ]);
  return stdout.trim();
}

describe('the session keyring of whoever starts a sandbox', () => {
  test('is looked for with at least one runtime', () => {
    expect(SHARED_KERNEL.length).toBeGreaterThan(0);
  });

  test.each(SHARED_KERNEL)(
    'is not the job\u2019s: $name makes a new one, filter or no filter',
    async ({ name }) => {
      // Without it, the same job reads the key.
      expect(await read(name, 'inherited')).toBe('held outside');
      expect(await read(name, 'fresh')).toMatch(/^none /);
    },
  );
});
