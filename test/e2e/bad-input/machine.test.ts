import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place, ROOT, type Ran } from '../cofferdam.fixture.ts';
import { leftBehindAfter } from '../left-behind.fixture.ts';

let place: Place;
let repository = '';
beforeEach(() => {
  place = new Place();
  repository = join(place.directory, 'repo');
  mkdirSync(join(repository, '.github/workflows'), { recursive: true });
  workflow('echo hello');
});
afterEach(() => place.remove());

function workflow(script: string): void {
  const text = `on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: '${script}'}]}}\n`;
  writeFileSync(join(repository, '.github/workflows/ci.yml'), text);
}

/** Runs the tool behind a shell prologue, in a mount namespace of its own. */
function inOwnMounts(
  prologue: string,
  args: readonly string[],
  path = process.env['PATH'] ?? '',
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(
      '/usr/bin/unshare',
      [
        '-m',
        '--propagation',
        'private',
        'sh',
        '-ec',
        `${prologue}\nexec "$@"`,
        'sh',
        process.execPath,
      ].concat(join(ROOT, 'dist/cofferdam.mjs'), args),
      { env: { PATH: path, HOME: '/nonexistent', COFFERDAM_STATE: place.state } },
    );
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => void (said.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => void (said.stderr += chunk.toString()));
    child.on('close', (status, signal) => resolve({ status, signal, ...said }));
  });
}

const CLEAR = /^(?!.*(?:defect|node:internal)).*fix(?::| ) /s;

describe('a machine', () => {
  test('without the OCI runtime refuses with status 69 and the command that brings it', async () => {
    const bin = join(place.directory, 'bin');
    mkdirSync(bin);
    for (const name of ['git', 'ip', 'nft', 'sh', 'mount', 'tar']) {
      const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
      if (found !== '') symlinkSync(found, join(bin, name));
    }
    const hide =
      'for f in /usr/sbin/runc /usr/bin/runc /usr/bin/crun /usr/local/bin/runc; do [ -e $f ] && mount --bind /dev/null $f; done; true';
    const ran = await inOwnMounts(hide, ['run', repository]);
    expect(ran.status, ran.stdout + ran.stderr).toBe(69);
    expect(ran.stdout + ran.stderr).toMatch(/runc/);
    expect(ran.stdout + ran.stderr).toMatch(CLEAR);
    expect(await leftBehindAfter([place.directory])).toEqual([]);
  });

  test.each([0, 20, 60])(
    'whose state folder is full (%i blocks) ends the run with one clear message',
    async (blocks) => {
      mkdirSync(place.state, { mode: 0o700 });
      workflow('for i in $(seq 2000); do /bin/true; done; seq 20000');
      const small = `mount -t tmpfs -o size=${blocks * 4 + 4}k,mode=0700 tmpfs ${place.state}`;
      const ran = await inOwnMounts(small, ['run', repository]);
      expect(ran.status, ran.stdout + ran.stderr).toBe(69);
      expect(ran.stdout + ran.stderr).not.toMatch(/node:internal|\n +at /);
      expect(ran.stdout + ran.stderr).toMatch(/record\/lost/);
      expect(await leftBehindAfter([place.directory])).toEqual([]);
    },
  );

  test('without /sys/fs/cgroup refuses with status 69', async () => {
    const ran = await inOwnMounts('mount -t tmpfs tmpfs /sys/fs/cgroup', ['run', repository]);
    expect(ran.status, ran.stdout + ran.stderr).toBe(69);
    expect(ran.stdout + ran.stderr).toMatch(/cgroup|limit/);
  });
});

describe('a repository', () => {
  test('without a commit, with a broken .git, or gone is refused with one clear message', async () => {
    spawnSync('git', ['init', '-q', repository]);
    const empty = await place.run(['run', repository]);
    expect([0, 2], empty.stdout + empty.stderr).toContain(empty.status);
    writeFileSync(join(repository, '.git/HEAD'), 'nonsense');
    for (const args of [
      ['run', repository],
      ['plan', repository],
      ['run', join(place.directory, 'none')],
    ]) {
      const ran = await place.run(args);
      expect(ran.stderr).not.toMatch(/node:internal|defect/);
      expect([0, 2, 69]).toContain(ran.status);
      if (ran.status !== 0) expect(ran.stderr).toMatch(CLEAR);
    }
  });

  test('whose names would be escape codes or options are only text', async () => {
    writeFileSync(join(repository, '.github/workflows/-rf\u001b[2J.yml'), 'on: push\njobs: 7\n');
    const ran = await place.run(['run', repository]);
    expect(ran.status).toBe(2);
    expect(ran.stderr).not.toContain('\u001b');
    expect(ran.stderr).toContain('-rf');
  });
});

describe('the state folder', () => {
  test('that cannot be written or is not private is refused', async () => {
    mkdirSync(place.state, { mode: 0o777 });
    chmodSync(place.state, 0o777);
    const ran = await place.run(['run', repository]);
    expect(ran.status, ran.stderr).not.toBe(0);
    expect(ran.stderr).toMatch(CLEAR);
    writeFileSync(join(place.directory, 'file'), '');
    const file = await place.run(['run', repository], {
      env: { COFFERDAM_STATE: join(place.directory, 'file/x') },
    });
    expect(file.status).not.toBe(0);
    expect(file.stderr).toMatch(CLEAR);
    expect(readdirSync(place.state)).toEqual([]);
  });
});
