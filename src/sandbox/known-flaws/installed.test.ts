import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { packageOf } from './installed.ts';

let folder = '';
let program = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dpkg-'));
  mkdirSync(join(folder, 'info'));
  program = join(folder, 'runc');
  writeFileSync(program, '');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function state(files: string, status: string): void {
  writeFileSync(join(folder, 'info/runc.list'), `/.\n${files}\n`);
  writeFileSync(
    join(folder, 'status'),
    `Package: other\nStatus: install ok installed\nVersion: 9\n\n${status}\n`,
  );
}
const RUNC =
  'Package: runc\nStatus: install ok installed\nPriority: optional\nVersion: 1.1.5+ds1-1+deb12u1\n';

describe('the package of a program', () => {
  test('is the one that its file belongs to, also behind a link', () => {
    state(program, RUNC);
    expect(packageOf('runc', program, folder)).toEqual({ name: 'runc', version: '1.1.5+ds1-1+deb12u1' });
    symlinkSync(program, join(folder, 'link'));
    expect(packageOf('runc', join(folder, 'link'), folder)?.version).toBe('1.1.5+ds1-1+deb12u1');
  });

  test('is none for a file that was put there, a package that is not whole, and a machine without such packages', () => {
    state('/usr/sbin/runc', RUNC);
    expect(packageOf('runc', program, folder)).toBeUndefined();
    state(program, RUNC.replace('ok installed', 'ok half-installed'));
    expect(packageOf('runc', program, folder)).toBeUndefined();
    state(program, 'Package: runc-tools\nStatus: install ok installed\nVersion: 1\n');
    expect(packageOf('runc', program, folder)).toBeUndefined();
    expect(packageOf('runc', program, join(folder, 'none'))).toBeUndefined();
    expect(packageOf('runc', join(folder, 'gone'), folder)).toBeUndefined();
  });

  test('has its version without the epoch', () => {
    state(program, RUNC.replace('1.1.5', '2:1.1.5'));
    expect(packageOf('runc', program, folder)?.version).toBe('1.1.5+ds1-1+deb12u1');
  });
});
