import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { preloadedLibrary } from './preloaded-library.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'preloaded-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a library that is preloaded turns its first program into another, with what that one was given, and only once', () => {
  const [library, program, told] = ['planted.so', 'planted', 'told'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(library, preloadedLibrary(library, program));
  writeFileSync(program, `#!/bin/sh\necho "$TOKEN" >>${told}\ntrue\n`);
  chmodSync(program, 0o755);
  const env = { PATH: '/usr/bin:/bin', LD_PRELOAD: library, TOKEN: 'of the later one' };
  const first = spawnSync('/usr/bin/env', ['false'], { env, encoding: 'utf8' });
  expect(first).toMatchObject({ status: 0, signal: null });
  expect(readFileSync(told, 'utf8')).toBe('of the later one\n');
  expect(existsSync(library)).toBe(false);
  expect(spawnSync('/usr/bin/env', ['false'], { env }).status).toBe(1);
  expect(readFileSync(told, 'utf8')).toBe('of the later one\n');
});
