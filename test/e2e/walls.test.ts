import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { weakRuntime } from '../../src/sandbox/process/weak-runtime.fixture.ts';
import { Place, type Ran, ROOT } from './cofferdam.fixture.ts';

let place: Place;
let work = '';
let runc = '';
beforeEach(() => {
  place = new Place();
  work = join(place.directory, 'work');
  mkdirSync(join(work, '.github/workflows'), { recursive: true });
  runc = ['/usr/sbin/runc', '/usr/bin/runc', '/usr/local/sbin/runc'].find((path) => existsSync(path)) ?? '';
});
afterEach(() => place.remove());

const NAMESPACES = [
  '--net',
  '--mount',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
  '--propagation',
  'private',
];

/** The product as it is, on a machine (of namespaces that end with it) whose runc takes one wall away. */
function withWeakRunc(weakening: string, args: readonly string[]): Promise<Ran> {
  const real = join(place.directory, 'runc');
  copyFileSync(runc, real);
  // Laid over the machine's /usr, in which there may be no further mount.
  const layer = join(place.directory, 'layer');
  mkdirSync(join(layer, dirname(relative('/usr', runc))), { recursive: true });
  copyFileSync(weakRuntime(place.directory, weakening, real), join(layer, relative('/usr', runc)));
  const script = 'mount -t overlay -o "lowerdir=$0:/usr" overlay /usr && exec timeout -s KILL 60 "$@"';
  const program = [process.execPath, join(ROOT, 'dist/cofferdam.mjs'), ...args];
  const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', COFFERDAM_STATE: place.state };
  return new Promise((resolve) => {
    execFile(
      'unshare',
      [...NAMESPACES, 'sh', '-c', script, layer, ...program],
      { env, cwd: place.directory },
      (error, stdout, stderr) =>
        resolve({ status: typeof error?.code === 'number' ? error.code : 0, signal: null, stdout, stderr }),
    );
  });
}

function recorded(): readonly { readonly type: string; readonly rule?: string; readonly why?: string }[] {
  const [run = ''] = readdirSync(join(place.state, 'runs'));
  const lines = readFileSync(join(place.state, 'runs', run, 'record/record.jsonl'), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => {
    const entry = JSON.parse(line) as { readonly event?: { readonly type: string } };
    return (entry.event ?? entry) as { readonly type: string };
  });
}

describe('a sandbox that is not armed', () => {
  test('runs no command: exec ends with 125, names the wall, and leaves it in the record', async () => {
    writeFileSync(join(work, 'file'), 'x');
    const ran = await withWeakRunc('the system call unshare let through', [
      'exec',
      '--workdir',
      work,
      '--',
      'sh',
      '-c',
      'echo ran',
    ]);
    expect(ran.status, ran.stderr).toBe(125);
    expect(ran.stdout).toBe('');
    // Without the filter the call is answered, by the limit that is left.
    expect(ran.stderr).toContain('user-namespace gave errno 28');
    const events = recorded();
    expect(events.find(({ type }) => type === 'policy.refused')).toMatchObject({
      rule: 'sandbox/not-armed',
      why: expect.stringContaining('user-namespace') as string,
    });
    for (const type of ['step.started', 'process.started', 'policy.armed'])
      expect(events.some((event) => event.type === type)).toBe(false);
  });

  test('runs no step: run ends with 69 and says which wall is missing', async () => {
    writeFileSync(
      join(work, '.github/workflows/ci.yml'),
      'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo it ran\n',
    );
    const ran = await withWeakRunc('capabilities kept', ['run', work]);
    expect(ran.status, ran.stderr + ran.stdout).toBe(69);
    expect(ran.stdout + ran.stderr).toContain('no-capabilities');
    expect(ran.stdout).not.toContain('it ran');
    const events = recorded();
    expect(events.some(({ type, rule }) => type === 'policy.refused' && rule === 'sandbox/not-armed')).toBe(
      true,
    );
    expect(events.some(({ type }) => type === 'step.started')).toBe(false);
  });
});
