import { chmodSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commandProgram } from './command-program.ts';

let place = '';
beforeEach(() => {
  place = realpathSync(mkdtempSync(join(tmpdir(), 'command-')));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

function script(name: string, first: string): void {
  writeFileSync(join(place, name), `${first}\n`);
  chmodSync(join(place, name), 0o755);
}

describe('the program that a command is', () => {
  test('is its file, and of a script its interpreter with it', () => {
    script('plain', 'ELF');
    script('shell', '#!/bin/sh -e');
    script('node', 'ELF');
    script('tool.js', '#!/usr/bin/env node');
    symlinkSync('tool.js', join(place, 'tool'));
    expect(commandProgram('plain', place)).toEqual({ run: `${place}/plain` });
    expect(commandProgram('shell', place)).toEqual({
      run: realpathSync('/bin/sh'),
      script: `${place}/shell`,
    });
    expect(commandProgram('tool', `/nowhere:${place}`)).toEqual({
      run: `${place}/node`,
      script: `${place}/tool.js`,
      jit: true,
    });
    expect(commandProgram(`${place}/plain`, '')).toEqual({ run: `${place}/plain` });
  });

  test('is none where there is no such file, or one that cannot be started', () => {
    writeFileSync(join(place, 'data'), 'x');
    for (const word of ['absent', 'data', 'sub/plain', '../plain', ''])
      expect(commandProgram(word, place)).toBeUndefined();
  });
});
