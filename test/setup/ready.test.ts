import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/** A machine of our own making: an old Node.js, an npm that installs what we say, and the launcher as it is published. */
let place = '';
let started: ChildProcess[] = [];
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'setup-'));
  for (const folder of ['bin', 'package/dist', 'cache']) mkdirSync(join(place, folder), { recursive: true });
  copyFileSync(join(ROOT, 'cofferdam'), join(place, 'package/cofferdam'));
  cpSync(join(ROOT, 'setup'), join(place, 'package/setup'), { recursive: true });
  writeFileSync(join(place, 'package/dist/cofferdam.mjs'), 'console.log(process.execPath)');
  program('node', 'echo 18');
  npm('install_node');
  started = [];
});
afterEach(() => {
  for (const child of started) {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Nothing of it is left.
    }
  }
  rmSync(place, { recursive: true, force: true });
});

function program(name: string, body: string): void {
  writeFileSync(join(place, 'bin', name), `#!/bin/sh\n${body}\n`);
  chmodSync(join(place, 'bin', name), 0o755);
}

/** An npm that notes how it was called and with which node, then does `what`. */
function npm(what: string): void {
  program(
    'npm',
    `echo "$* by $(command -v node)" >>${place}/npm-calls
install_node() {
  sleep 0.2
  for argument; do [ "$last" = --prefix ] && to=$argument; last=$argument; done
  for arch in x64 arm64; do
    mkdir -p "$to/node_modules/node-linux-$arch/bin"
    ln -s ${process.execPath} "$to/node_modules/node-linux-$arch/bin/node"
  done
}
${what} "$@"`,
  );
}

function calls(): readonly string[] {
  const log = join(place, 'npm-calls');
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
}

function run(command: string, args: readonly string[] = []) {
  const child = spawn(command, args, {
    cwd: place,
    detached: true,
    env: { PATH: `${place}/bin:/usr/bin:/bin`, HOME: '/nonexistent', XDG_CACHE_HOME: join(place, 'cache') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const ended = new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
  return { child, ended, said: () => stderr };
}

const launch = () => run(join(place, 'package/cofferdam'), ['--version']);

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !what(); i += 1) await sleep(10);
  expect(what()).toBe(true);
}

describe('the launcher on a machine with an old Node.js', () => {
  test('installs a newer one into its own cache and says so; the second time it does and says nothing', async () => {
    const first = await launch().ended;
    expect(first).toMatchObject({ status: 0, stdout: `${process.execPath}\n` });
    expect(first.stderr).toMatch(
      /^cofferdam: installing Node\.js 24\.\d+\.\d+ .* into .*cache\/cofferdam\n$/,
    );
    expect(await launch().ended).toEqual({ status: 0, stdout: `${process.execPath}\n`, stderr: '' });
    expect(calls()).toHaveLength(1);
  });

  test('started twice at once installs once, and both work', async () => {
    const both = await Promise.all([launch().ended, launch().ended]);
    expect(both.map(({ status }) => status)).toEqual([0, 0]);
    expect(calls()).toHaveLength(1);
  });

  test('that was killed in the middle of it works the next time', async () => {
    npm('mkdir -p "$3/node_modules"; : >"$3/half"; sleep 600 #');
    const killed = launch();
    await until(() => calls().length === 1);
    if (killed.child.pid !== undefined) process.kill(-killed.child.pid, 'SIGKILL');
    await killed.ended;
    npm('install_node');
    expect(await launch().ended).toMatchObject({ status: 0, stdout: `${process.execPath}\n` });
  });

  test('waits for an installation that outlived its killed launcher, and says that it waits', async () => {
    npm(`until [ -e ${place}/go ]; do sleep 0.05; done; install_node`);
    const killed = launch();
    await until(() => calls().length === 1);
    killed.child.kill('SIGKILL');
    const next = launch();
    await until(() => next.said().includes('waiting for another set-up'));
    writeFileSync(join(place, 'go'), '');
    expect(await next.ended).toMatchObject({ status: 0, stdout: `${process.execPath}\n` });
  });

  test('tells in one message what npm said when its registry cannot be reached, and ends with 69', async () => {
    npm(
      'printf "%s\\n" "npm error code ECONNREFUSED" "npm error FetchError: request to https://registry.test/x failed" "npm error A complete log" >&2; exit 1 #',
    );
    const ran = await launch().ended;
    expect(ran.status).toBe(69);
    expect(ran.stderr.split('\n').slice(1)).toEqual([
      expect.stringContaining('through npm: FetchError: request to https://registry.test/x failed'),
      expect.stringContaining('fix: see that your npm reaches its registry'),
      '',
    ]);
  });

  test('does not take for installed what npm could not write whole, which npm only warns of', async () => {
    npm(
      'install_node "$@"; echo "npm warn tar TAR_ENTRY_ERROR ENOSPC: no space left on device, write" >&2; exit 0 #',
    );
    const ran = await launch().ended;
    expect(ran).toMatchObject({
      status: 69,
      stderr: expect.stringMatching(
        /through npm: ENOSPC: no space left on device, write\n {2}fix: make room there/,
      ),
    });
    npm('install_node');
    expect(await launch().ended).toMatchObject({ status: 0 });
  });

  test('tells what npm could not do on a disk that is read-only, not where', async () => {
    npm(
      `printf "npm ERR! %s\\n" "code EROFS" "syscall mkdir" "path /x" "errno -30" "rofs EROFS: read-only file system, mkdir '/x'" >&2; exit 226 #`,
    );
    expect((await launch().ended).stderr).toContain(
      "through npm: EROFS: read-only file system, mkdir '/x'\n  fix: make room there, or make it writable",
    );
  });

  test('without HOME uses the home folder that the machine knows', async () => {
    const ran = await run('sh', ['-c', 'unset HOME XDG_CACHE_HOME; . package/setup/ready.sh; echo $CD_CACHE'])
      .ended;
    expect(ran.stdout).toBe(`${userInfo().homedir}/.cache/cofferdam\n`);
  });

  test('without npm names what to install, and ends with 69', async () => {
    rmSync(join(place, 'bin/npm'));
    const ran = await run('sh', [
      '-c',
      `PATH=${place}/bin; . package/setup/ready.sh; cd_arch=x64; command() { [ "$2" = npm ] && return 1; }; cd_install_node`,
    ]).ended;
    expect(ran).toMatchObject({ status: 69, stderr: expect.stringContaining('install Node.js with npm') });
  });

  test('uses a new enough Node.js of the system, and asks it for its version only once', async () => {
    program(
      'node',
      `case $1 in -p) echo asked >>${place}/asked; echo 99 ;; *) exec ${process.execPath} "$@" ;; esac`,
    );
    for (let i = 0; i < 2; i += 1) expect((await launch().ended).status).toBe(0);
    expect(readFileSync(join(place, 'asked'), 'utf8')).toBe('asked\n');
    expect(calls()).toEqual([]);
  });
});

describe('a checkout', () => {
  test('installs its packages with the Node.js that will run them, once for each lockfile, and again when it was interrupted', async () => {
    for (const folder of ['checkout', 'cache/cofferdam']) mkdirSync(join(place, folder), { recursive: true });
    writeFileSync(join(place, 'checkout/package-lock.json'), '{"first":1}');
    const need = () =>
      run('sh', ['-c', `. package/setup/ready.sh; CD_NODE=${place}/new/node; cd_need_modules checkout`])
        .ended;
    mkdirSync(join(place, 'new'));
    copyFileSync(join(place, 'bin/node'), join(place, 'new/node'));
    npm('mkdir -p checkout/node_modules; exit 1 #');
    expect((await need()).status).toBe(69);
    npm('mkdir -p checkout/node_modules; echo "npm WARN tar TAR_ENTRY_ERROR ENOSPC: full" >&2; exit 0 #');
    expect((await need()).status).toBe(69);
    npm('mkdir -p checkout/node_modules #');
    for (let i = 0; i < 2; i += 1) expect((await need()).status).toBe(0);
    expect(calls()).toHaveLength(3);
    expect(calls()[2]).toContain(`by ${place}/new/node`);
    writeFileSync(join(place, 'checkout/package-lock.json'), '{"second":1}');
    expect((await need()).status).toBe(0);
    expect(calls()).toHaveLength(4);
  });
});

describe('a machine without an OCI runtime', () => {
  // Hidden in a mount namespace of the test's own.
  const without = (then: string) =>
    run('unshare', [
      '-m',
      '--propagation',
      'private',
      'sh',
      '-c',
      `for name in runc crun; do found=$(PATH=$PATH:/usr/sbin:/sbin command -v $name) && mount --bind /dev/null "$found"; done; chmod 755 ${place}; ${then}`,
    ]).ended;

  test('and no root is told the one command to type, before anything is installed', async () => {
    const ran = await without(
      `exec setpriv --reuid 65534 --clear-groups ${place}/package/cofferdam exec -- true`,
    );
    expect(ran).toMatchObject({
      status: 69,
      stderr: `cofferdam: not on this machine: runc\n  fix: sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends runc'\n`,
    });
    expect(calls()).toEqual([]);
  });

  test('gets it by apt-get as root, and is told when that fails', async () => {
    program('apt-get', `echo "$*" >>${place}/apt; echo "E: Unable to locate package runc" >&2; exit 100`);
    const ran = await without(`exec ${place}/package/cofferdam exec -- true`);
    expect(ran.status).toBe(69);
    expect(ran.stderr).toBe(
      'cofferdam: installing by apt-get: runc\ncofferdam: apt-get failed: Unable to locate package runc\n' +
        '  fix: apt-get update && apt-get install -y --no-install-recommends runc\n',
    );
  });

  test('is told that the package lists could not be fetched, rather than that a package is not in them', async () => {
    program(
      'apt-get',
      `case $1 in update) echo "W: Failed to fetch http://mirror.test/x  Could not resolve" >&2 ;; *) echo "E: Unable to locate package runc" >&2; exit 100 ;; esac`,
    );
    expect((await without(`exec ${place}/package/cofferdam exec -- true`)).stderr).toContain(
      'apt-get failed: Failed to fetch http://mirror.test/x  Could not resolve\n',
    );
  });

  test('still tells its version and helps', async () => {
    expect(await without(`exec ${place}/package/cofferdam --version`)).toMatchObject({ status: 0 });
  });
});
