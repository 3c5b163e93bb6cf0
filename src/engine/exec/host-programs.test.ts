import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { programOutside, searchPath, versionFolders } from './host-programs.ts';

let home = '';
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'programs-')));
});
afterEach(() => rmSync(home, { recursive: true }));

function program(path: string): string {
  const whole = join(home, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, '#!/bin/sh\n');
  chmodSync(whole, 0o755);
  return whole;
}

function link(path: string, target: string): string {
  const whole = join(home, path);
  mkdirSync(dirname(whole), { recursive: true });
  symlinkSync(target, whole);
  return whole;
}

const outside = (...folders: string[]) => ({ HOME: home, PATH: folders.join(':') });

describe('the search path of a job', () => {
  test('has of the operator’s what the job sees, in its order, before the system’s, and no relative folder', async () => {
    const path = searchPath(
      outside('/usr/local/go/bin', `${home}/.cargo/bin`, '.', 'bin', '', '/work/.bin', '/etc/x', '/usr/bin/'),
      ['/work'],
    );
    expect(path.split(':')).toEqual([
      '/home/runner/.local/bin',
      '/usr/local/go/bin',
      '/work/.bin',
      '/usr/bin',
      '/usr/local/sbin',
      '/usr/local/bin',
      '/usr/sbin',
      '/sbin',
      '/bin',
      '/opt/cofferdam/bin',
    ]);
  });

  test('has a folder that is shown, by its real path', async () => {
    program('.cargo/bin/cargo');
    link('bin', join(home, '.cargo/bin'));
    const path = searchPath(outside(`${home}/bin`), [`${home}/.cargo/bin`]);
    expect(path.split(':')[1]).toBe(`${home}/.cargo/bin`);
  });

  test('a tool is led to its versions only where they are shown', () => {
    expect(versionFolders({ HOME: home }, [])).toEqual({});
    expect(versionFolders({ HOME: home }, [join(home, '.rustup')])).toEqual({
      RUSTUP_HOME: join(home, '.rustup'),
    });
    expect(versionFolders({ HOME: home, RUSTUP_HOME: '/opt/rust' }, ['/opt'])).toEqual({
      RUSTUP_HOME: '/opt/rust',
    });
  });
});

describe('a program that a job did not find', () => {
  test('is looked for on the operator’s search path, and its folder named', async () => {
    const path = program('tools/bin/x');
    expect(await programOutside('x', outside('/usr/bin', dirname(path)))).toEqual({
      path,
      show: [dirname(path)],
    });
    expect(await programOutside(path, outside())).toMatchObject({ path });
    expect(await programOutside('no-such', outside(dirname(path)))).toBeUndefined();
    expect(await programOutside('./x', outside(dirname(path)))).toBeUndefined();
  });

  test('needs the versions that it chooses from, and never the keys beside it', async () => {
    program('.cargo/bin/rustup');
    const cargo = link('.cargo/bin/cargo', 'rustup');
    expect(await programOutside('cargo', outside(dirname(cargo)))).toEqual({
      path: cargo,
      show: [join(home, '.cargo/bin'), join(home, '.rustup')],
    });
    const shim = program('.pyenv/shims/pip');
    expect((await programOutside('pip', outside(dirname(shim))))?.show).toEqual([join(home, '.pyenv')]);
  });

  test('needs the package that it is a link into, but never the whole home folder', async () => {
    program('.nvm/versions/node/v22/lib/node_modules/npm/bin/npm-cli.js');
    const npm = link('.nvm/versions/node/v22/bin/npm', '../lib/node_modules/npm/bin/npm-cli.js');
    expect((await programOutside('npm', outside(dirname(npm))))?.show).toEqual([
      join(home, '.nvm/versions/node/v22'),
    ]);
    program('.local/share/pipx/venvs/black/bin/black');
    const black = link('.local/bin/black', '../share/pipx/venvs/black/bin/black');
    expect((await programOutside('black', outside(dirname(black))))?.show).toEqual([
      join(home, '.local/bin'),
      join(home, '.local/share/pipx/venvs/black/bin'),
    ]);
  });
});
