import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from './cofferdam.fixture.ts';

/** The package as it is published, installed in an empty folder without any registry. */
const place = mkdtempSync(join(tmpdir(), 'package-'));
const project = join(place, 'project');
const installed = join(project, 'node_modules/cofferdam');

function run(command: string, args: readonly string[], cwd = project) {
  const ran = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: 50_000,
    env: {
      PATH: `${dirname(process.execPath)}:/usr/sbin:/usr/bin:/sbin:/bin`,
      HOME: join(place, 'home'),
      XDG_CACHE_HOME: join(place, 'cache'),
      COFFERDAM_STATE: join(place, 'state'),
      npm_config_registry: 'http://127.0.0.1:9/',
    },
  });
  return { status: ran.status, stdout: ran.stdout, stderr: ran.stderr };
}

const cofferdam = (...args: readonly string[]) => run('npx', ['--no-install', 'cofferdam', ...args]);

beforeAll(() => {
  mkdirSync(project);
  mkdirSync(join(place, 'home'));
  const packed = run('npm', ['pack', '--ignore-scripts', '--pack-destination', place], ROOT);
  expect(packed.status, packed.stderr).toBe(0);
  const tarball = readdirSync(place).find((name) => name.endsWith('.tgz')) ?? '';
  const ran = run('npm', ['install', '--offline', '--ignore-scripts', join(place, tarball)]);
  expect(ran.status, ran.stderr).toBe(0);
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

function files(folder: string): readonly string[] {
  return readdirSync(join(installed, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));
}

describe('the published package', () => {
  test('holds what it needs and nothing else, and pulls in no other package', () => {
    expect(readdirSync(installed).toSorted()).toEqual([
      'LICENSE',
      'README.md',
      'cofferdam',
      'dist',
      'docs',
      'examples',
      'native',
      'package.json',
      'schema',
      'setup',
    ]);
    expect(files('setup').toSorted()).toEqual([
      'setup/microvm.sh',
      'setup/ready.sh',
      'setup/selinux/cofferdam.cil',
    ]);
    expect(files('native').map((path) => path.replace(/^native\/bin\/\w+\//, ''))).not.toContain(
      'native/init/init.c',
    );
    expect(files('.').filter((path) => path.endsWith('.test.ts') || path.endsWith('.map'))).toEqual([]);
    expect(readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      'cofferdam',
    ]);
  });

  test('imports nothing but Node.js and itself', () => {
    const imports = files('dist')
      .filter((path) => path.endsWith('.mjs'))
      .flatMap((path) => {
        const text = readFileSync(join(installed, path), 'utf8');
        return [...text.matchAll(/^(?:import|export) [^;]*?from "([^"]+)"|[^.\w]import\("([^"]+)"\)/gm)].map(
          ([, named, dynamic]) => ({ from: dirname(path), what: named ?? dynamic ?? '' }),
        );
      });
    const required = [
      ...readFileSync(join(installed, 'dist/cli-commands-check.cjs'), 'utf8').matchAll(
        /\b(?:require|cofferdamLater)\("([^"]+)"\)/g,
      ),
    ].map((found) => found[1] ?? '');
    expect(required).toContain('node:fs');
    expect(required.filter((name) => !builtinModules.includes(name.replace(/^node:/, '')))).toEqual([]);
    expect(files('dist').filter((path) => path.endsWith('.code'))).toEqual([]);
    expect(imports.length).toBeGreaterThan(20);
    const missing = imports.filter(({ from, what }) =>
      what.startsWith('.')
        ? !existsSync(join(installed, from, what))
        : !builtinModules.includes(what.replace(/^node:/, '')),
    );
    expect(missing).toEqual([]);
  });

  test('carries the licences of all that is in it from others', () => {
    const bundled = readFileSync(join(installed, 'dist/THIRD-PARTY-LICENSES'), 'utf8');
    for (const name of ['yaml', 'zod', 'semver']) expect(bundled).toMatch(new RegExp(`^${name} \\d`, 'm'));
    expect(bundled.match(/permission/gi)?.length).toBeGreaterThanOrEqual(3);
    expect(readFileSync(join(installed, 'native/THIRD-PARTY-LICENSES'), 'utf8')).toContain('musl');
    expect(readFileSync(join(installed, 'LICENSE'), 'utf8')).toContain('Apache License');
  });

  test('tells the version that its package.json has', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(cofferdam('--version')).toMatchObject({ status: 0, stdout: `cofferdam ${version}\n` });
  });

  test('tells what the machine can enforce, runs a command and its own example, and writes nothing where it is installed', () => {
    const before = files('.').length;
    expect(cofferdam('doctor')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('hardened-container'),
    });
    const ran = cofferdam('exec', '--', 'sh', '-c', 'echo inside; exit 7');
    expect(ran).toMatchObject({ status: 7, stdout: 'inside\n' });
    const hello = cofferdam('run', 'node_modules/cofferdam/examples/hello');
    expect(hello.stdout + hello.stderr).toContain('PASSED');
    expect(hello.status).toBe(0);
    expect(files('.')).toHaveLength(before);
  });
});
