import { chmodSync, mkdirSync, mkdtempSync, rmSync, statfsSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readRootless } from '../../sandbox/index.ts';
import { sandboxes } from './sandbox-folder.ts';

let disk = '';
let memory = '';
beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), 'sandboxes-'));
  memory = mkdtempSync('/dev/shm/sandboxes-');
});
afterEach(() => {
  for (const folder of [disk, memory]) rmSync(folder, { recursive: true, force: true });
});

const usual = (): string => join(disk, 'cofferdam');
const shared = (): string => join(memory, 'cofferdam');
const isDisk = (): boolean => statfsSync(disk).type !== 0x01021994;

test('sandboxes lie in shared memory where the usual place is on a disk, in a folder that only root writes', () => {
  const chosen = sandboxes(usual(), shared());
  expect(chosen).toBe(readRootless()?.folder ?? (isDisk() ? shared() : usual()));
  if (chosen === shared()) expect(statSync(shared()).mode & 0o7777).toBe(0o711);
  expect(sandboxes(join(memory, 'usual'), shared())).toBe(readRootless()?.folder ?? join(memory, 'usual'));
});

test('a folder there that somebody else made, may write to or could replace is not taken', () => {
  const other = (): void => expect(sandboxes(usual(), shared())).toBe(readRootless()?.folder ?? usual());
  symlinkSync(disk, shared());
  other();
  rmSync(shared());
  mkdirSync(shared());
  chmodSync(shared(), 0o777);
  other();
  rmSync(shared(), { recursive: true });
  chmodSync(memory, 0o777);
  other();
});
