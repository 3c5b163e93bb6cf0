import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { boundPaths, workFolder } from './work-folder.ts';

const STATE = '/var/lib/cofferdam';
let top = '';
let project = '';
beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'work-folder-')));
  project = join(top, 'project');
  for (const folder of ['project/src', 'private', 'links']) mkdirSync(join(top, folder), { recursive: true });
  writeFileSync(join(top, 'private/key'), '');
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

describe.each(['read', 'write'] as const)('--%s', (option) => {
  const paths = async (path: string) => {
    const bound = await boundPaths(option, [join(top, path)], STATE, project);
    return bound.ok ? bound.value.map(({ hostPath }) => hostPath) : bound.error.rule;
  };

  test('gives nothing that a link of the folder under test leads to outside of it', async () => {
    symlinkSync('../private', join(project, 'dist'));
    symlinkSync(join(top, 'private/key'), join(project, 'src/key'));
    symlinkSync('dist', join(project, 'twice'));
    for (const path of ['project/dist', 'project/src/key', 'project/twice', 'project/dist/key'])
      expect(await paths(path), path).toBe(`exec/${option}`);
    // Also by another way into the folder.
    symlinkSync(project, join(top, 'links/project'));
    expect(await paths('links/project/dist')).toBe(`exec/${option}`);
  });

  test('gives what the operator names, and links that stay inside or are the operator’s own', async () => {
    symlinkSync('src', join(project, 'lib'));
    symlinkSync(join(top, 'private'), join(top, 'links/private'));
    expect(await paths('project/src')).toEqual([join(project, 'src')]);
    expect(await paths('project/lib')).toEqual([join(project, 'src')]);
    expect(await paths('private')).toEqual([join(top, 'private')]);
    expect(await paths('links/private')).toEqual([join(top, 'private')]);
    expect(await paths('project/../private/key')).toEqual([join(top, 'private/key')]);
  });
});

test('a work folder is not where a link of the repository around it leads', async () => {
  mkdirSync(join(project, '.git'));
  symlinkSync('../private', join(project, 'packages'));
  symlinkSync('src', join(project, 'lib'));
  const folder = async (path: string) => {
    const found = await workFolder(join(top, path), '/home/nobody', STATE);
    return found.ok ? found.value : found.error.rule;
  };
  expect(await folder('project/packages')).toBe('exec/workdir');
  expect(await folder('project/lib')).toBe(join(project, 'src'));
  expect(await folder('project')).toBe(project);
  symlinkSync(project, join(top, 'links/project'));
  expect(await folder('links/project')).toBe(project);
  expect(await folder('links/project/packages')).toBe('exec/workdir');
});
