import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place, ROOT, type Ran } from './cofferdam.fixture.ts';

let place: Place;
let config = '';
beforeEach(() => {
  place = new Place();
  config = join(place.directory, 'config');
  mkdirSync(join(config, 'cofferdam'), { recursive: true });
  mkdirSync(join(place.directory, 'work'));
});
afterEach(() => place.remove());

/** Takes the memory controller from what the command sees of this machine, in a mount namespace of its own. */
const WITHOUT_MEMORY = `
if [ -d /sys/fs/cgroup/memory ]; then umount /sys/fs/cgroup/memory
else sed 's/memory//' /sys/fs/cgroup/cgroup.controllers > "$1/controllers"
  mount --bind "$1/controllers" /sys/fs/cgroup/cgroup.controllers
fi
shift
exec "$@"
`;

function withoutMemory(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(
      'unshare',
      [
        '-m',
        '--propagation',
        'private',
        'sh',
        '-c',
        WITHOUT_MEMORY,
        'sh',
        place.directory,
        process.execPath,
      ].concat(join(ROOT, 'dist/cofferdam.mjs'), args),
      {
        cwd: join(place.directory, 'work'),
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: '/nonexistent',
          XDG_CACHE_HOME: join(place.directory, 'cache'),
          XDG_CONFIG_HOME: config,
          COFFERDAM_STATE: place.state,
        },
      },
    );
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => void (said.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => void (said.stderr += chunk.toString()));
    child.on('close', (status, signal) => resolve({ status, signal, ...said }));
  });
}

describe('a machine that cannot hold a limit', () => {
  test('refuses the job, and names the limit and what would mend it', async () => {
    const ran = await withoutMemory('run', join(ROOT, 'examples/hello'));
    expect(ran.status, ran.stdout + ran.stderr).toBe(69);
    expect(ran.stdout).toMatch(/REFUSED/);
    expect(ran.stdout).toContain('memory');
    expect((await withoutMemory('exec', '--', 'true')).status).toBe(125);
  });

  test('runs the job when the operator named that limit, and the record says that it was not held', async () => {
    const path = join(config, 'cofferdam/cofferdam.yaml');
    writeFileSync(path, 'version: 1\nzones: {untrusted: {acceptUnenforced: [pids]}}\n', { mode: 0o600 });
    expect((await withoutMemory('exec', '--', 'true')).status).toBe(125);
    writeFileSync(path, 'version: 1\nzones: {untrusted: {acceptUnenforced: [memory]}}\n', { mode: 0o600 });
    const ran = await withoutMemory('run', '--json', join(ROOT, 'examples/hello'));
    expect(ran.status, ran.stdout + ran.stderr).toBe(0);
    expect(ran.stdout).toMatch(/limitsUnenforced[^\n]{0,5}memoryBytes/);
  });
});
