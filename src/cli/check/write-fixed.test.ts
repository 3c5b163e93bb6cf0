import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeFixed } from './write-fixed.ts';

let top = '';
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'cofferdam-fixed-'));
  mkdirSync(join(top, 'root/folder'), { recursive: true });
  mkdirSync(join(top, 'outside'));
});
afterEach(() => rmSync(top, { recursive: true }));

const write = (path: string, before = 'old', after = 'new') =>
  writeFixed(join(top, 'root'), { path, before: Buffer.from(before), after: Buffer.from(after) });

it('puts the new text in the place of the old one, with its mode, and leaves nothing beside it', () => {
  const path = join(top, 'root/folder/a.yml');
  writeFileSync(path, 'old');
  chmodSync(path, 0o754);
  expect(write('folder/a.yml').ok).toBe(true);
  expect(readFileSync(path, 'utf8')).toBe('new');
  expect(statSync(path).mode & 0o7777).toBe(0o754);
  expect(readdirSync(join(top, 'root/folder'))).toEqual(['a.yml']);
});

it('writes through no link, at the end of a path or on the way, and nothing above its root', () => {
  writeFileSync(join(top, 'outside/a.yml'), 'old');
  symlinkSync('../../outside/a.yml', join(top, 'root/folder/a.yml'));
  symlinkSync('../outside', join(top, 'root/linked'));
  for (const path of ['folder/a.yml', 'linked/a.yml', '../outside/a.yml', '/etc/hostname', ''])
    expect(write(path).ok, path).toBe(false);
  expect(readFileSync(join(top, 'outside/a.yml'), 'utf8')).toBe('old');
  expect(readdirSync(join(top, 'outside'))).toEqual(['a.yml']);
});

it('leaves a file alone that is no longer what was read', () => {
  for (const now of ['older', 'odd', 'ol']) {
    writeFileSync(join(top, 'root/a.yml'), now);
    expect(write('a.yml')).toMatchObject({
      error: { why: expect.stringContaining('no longer what was read') as string },
    });
    expect(readFileSync(join(top, 'root/a.yml'), 'utf8')).toBe(now);
  }
});
