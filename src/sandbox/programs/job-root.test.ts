import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { identityOf, isSameFile, JobRoot } from './job-root.ts';

// This process's own root stands for a job's: what is asked is how its links are followed.
const root = new JobRoot(process.pid);
let place = '';
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'job-root-'));
  mkdirSync(join(place, 'bin'));
  writeFileSync(join(place, 'bin/program'), 'x');
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

describe('the root of a job', () => {
  test.each([
    ['absolute', (at: string) => `${at}/bin/program`],
    ['relative', () => 'bin/program'],
    ['that leads through a folder’s link and back', () => 'folder/../bin/./program'],
  ])('is where a link is followed that is %s', (_, target) => {
    symlinkSync('bin', join(place, 'folder'));
    symlinkSync(target(place), join(place, 'link'));
    expect(root.realPath(join(place, 'link'))).toBe(`${place}/bin/program`);
    expect(isSameFile(root.identity(join(place, 'link')), identityOf(join(place, 'bin/program')))).toBe(true);
  });

  test('has nothing where a link leads nowhere, to itself, or through too many', () => {
    symlinkSync('missing', join(place, 'dangling'));
    symlinkSync('itself', join(place, 'itself'));
    for (const name of ['dangling', 'itself', 'absent', 'bin/program/below'])
      expect(root.realPath(join(place, name)), name).toBeUndefined();
    expect(root.identity(join(place, 'absent'))).toBeUndefined();
    expect(isSameFile(undefined, undefined)).toBe(false);
  });

  test('never leads out above itself', () => {
    expect(root.realPath('/../../../../bin/../..')).toBe('/');
  });

  test('is read-only where its mounts say so and nowhere else, and for no process that is not there', () => {
    expect(root.isReadOnly(place)).toBe(false);
    expect(root.isReadOnly('relative')).toBe(false);
    expect(new JobRoot(2 ** 22 + 1).isReadOnly('/usr')).toBe(false);
  });
});
