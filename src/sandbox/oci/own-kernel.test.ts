import { execPath, pid } from 'node:process';
import { describe, expect, test } from 'vitest';
import { ownKernelChecks } from './own-kernel.ts';

const held = (checks: ReturnType<typeof ownKernelChecks>) => checks.map((check) => check.held);

describe('a kernel of its own, seen from outside', () => {
  test('is not believed of a process of the host’s root, or of another program', () => {
    expect(held(ownKernelChecks(pid, execPath, [pid]))).toEqual([true, false]);
    expect(held(ownKernelChecks(pid, '/bin/sh', [pid]))).toEqual([false, false]);
  });

  test('is not believed where nothing can be seen', () => {
    expect(held(ownKernelChecks(2 ** 22, execPath, []))).toEqual([false, false]);
    expect(held(ownKernelChecks(2 ** 22, execPath, [2 ** 22]))).toEqual([false, false]);
  });
});
