import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { showsProgram } from './shows-program.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shown-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const PATH = '/usr/local/bin:/usr/bin:/bin:/opt/cofferdam/bin';

test('a job finds the host’s programs below /usr, and none that lies elsewhere on the machine', () => {
  const host = { kind: 'host' } as const;
  expect(showsProgram(host, PATH, 'env')).toBe(true);
  expect(showsProgram(host, PATH, '/usr/bin/env')).toBe(true);
  expect(showsProgram(host, PATH, 'no-such-program')).toBe(false);
  writeFileSync(join(folder, 'mine'), '#!/bin/sh\n', { mode: 0o755 });
  expect(showsProgram(host, `${folder}:${PATH}`, 'mine')).toBe(false);
  expect(showsProgram(host, PATH, join(folder, 'mine'))).toBe(false);
  expect(showsProgram(host, PATH, '/usr/bin')).toBe(false);
});

test('a job in an image finds the image’s programs, and no link leads out of its tree', () => {
  const image = { kind: 'image', digest: 'sha256:0', directory: folder } as const;
  mkdirSync(join(folder, 'usr/bin'), { recursive: true });
  writeFileSync(join(folder, 'usr/bin/fish'), '');
  symlinkSync('/usr/bin/fish', join(folder, 'usr/bin/linked'));
  symlinkSync('/bin/sh', join(folder, 'usr/bin/outside'));
  for (const [program, shown] of [
    ['fish', true],
    ['linked', true],
    ['outside', false],
    ['sh', false],
    ['env', false],
    ['/usr/bin/fish', true],
  ] as const)
    expect(showsProgram(image, PATH, program), program).toBe(shown);
});
