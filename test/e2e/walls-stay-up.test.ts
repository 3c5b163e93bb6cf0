import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Cgroup, readHostFacts } from '../../src/sandbox/index.ts';
import { Place, ROOT } from './cofferdam.fixture.ts';
import { leftBehindAfter } from './left-behind.fixture.ts';

let place: Place;
let marks = '';
let running: ChildProcess | undefined;
beforeEach(() => {
  place = new Place();
  marks = join(place.directory, 'marks');
  for (const folder of ['marks', 'work', 'config/cofferdam'])
    mkdirSync(join(place.directory, folder), { recursive: true });
  chmodSync(marks, 0o777);
});
afterEach(() => {
  running?.kill('SIGKILL');
  place.remove();
});

function environment() {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: '/nonexistent',
    XDG_CACHE_HOME: join(place.directory, 'cache'),
    XDG_CONFIG_HOME: join(place.directory, 'config'),
    COFFERDAM_STATE: place.state,
  };
}

/** Starts the command line; `ended` has what came of it. */
function start(args: readonly string[]) {
  const child = spawn(process.execPath, [join(ROOT, 'dist/cofferdam.mjs'), ...args], {
    cwd: join(place.directory, 'work'),
    env: environment(),
  });
  running = child;
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => void (said.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => void (said.stderr += chunk.toString()));
  const ended = new Promise<typeof said & { readonly status: number | null }>((resolve) => {
    child.on('close', (status) => resolve({ status, ...said }));
  });
  return { child, said, ended };
}

async function until<T>(look: () => T | undefined, what: string): Promise<T> {
  for (const last = Date.now() + 40_000; Date.now() < last; await sleep(10)) {
    const found = look();
    if (found !== undefined && found !== false) return found;
  }
  throw new Error(`never: ${what}`);
}

function runId(): string | undefined {
  try {
    return readdirSync(join(place.state, 'runs')).sort().at(-1);
  } catch {
    return undefined;
  }
}

function record(): string {
  const folder = join(place.state, 'runs', runId() ?? '', 'record');
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('');
}

function armed(): boolean {
  return record()
    .split('\n')
    .some((line) => line.includes('"policy.armed"') && line.includes('"control":"sandbox"'));
}

function operator(text: string): void {
  writeFileSync(join(place.directory, 'config/cofferdam/cofferdam.yaml'), text, { mode: 0o600 });
}

/** A job that leaves its mark and then waits, its mark outside of the sandbox, where it may write. */
const WAITING = [
  'exec',
  '--apply',
  'never',
  '--write',
  'MARKS',
  '--',
  'sh',
  '-c',
  'echo began > MARKS/began; exec sleep 60',
];

async function waiting() {
  const job = start(WAITING.map((word) => word.replace('MARKS', marks)));
  await until(() => existsSync(join(marks, 'began')) || undefined, 'the job began');
  const host = readHostFacts();
  const path = `${host.cgroupParent}/${(runId() ?? '').toLowerCase()}-exec`;
  return { ...job, host, path, cgroup: new Cgroup(host, path) };
}

describe('while a job runs, a wall that root of the machine takes down ends the job:', () => {
  test.each([
    ['memory', 'memory.max', 'memory.limit_in_bytes', 'max', '-1', 'memoryBytes'],
    ['pids', 'pids.max', 'pids.max', 'max', 'max', 'pids'],
  ])('the limit of %s', async (controller, second, first, loose, looseFirst, name) => {
    const { host, path, ended } = await waiting();
    const [file, value] =
      host.cgroup === 'v2'
        ? [join('/sys/fs/cgroup', path, second), loose]
        : [join('/sys/fs/cgroup', controller, path, first), looseFirst];
    if (controller === 'memory' && host.cgroup === 'v1' && host.swapLimit)
      writeFileSync(join('/sys/fs/cgroup/memory', path, 'memory.memsw.limit_in_bytes'), value);
    writeFileSync(file, value);
    const ran = await ended;
    expect(ran.status, ran.stderr).toBe(125);
    expect(ran.stderr).toContain(`the limit ${name} was set to`);
    expect(record()).toContain('sandbox/wall-fell');
    expect(await leftBehindAfter([runId() ?? ''])).toEqual([]);
  });

  test('its control group, which process 1 is taken out of', async () => {
    const { host, cgroup, ended } = await waiting();
    const [init = 0] = cgroup.processes();
    const root = host.cgroup === 'v2' ? '/sys/fs/cgroup/cgroup.procs' : '/sys/fs/cgroup/pids/cgroup.procs';
    writeFileSync(root, String(init));
    const ran = await ended;
    expect(ran.status, ran.stderr).toBe(125);
    expect(ran.stderr).toMatch(/process 1 is outside of its control group/);
  });
});

describe('what was settled when a run began stays so:', () => {
  const POLICY = (allow: string): string => `version: 1\nzones: {untrusted: {egress: {allow: [${allow}]}}}\n`;
  const ASKING =
    'echo 1 > MARKS/began; while [ ! -e MARKS/changed ]; do sleep 0.05; done; getent hosts changed.test || echo refused; echo done > MARKS/asked';

  test.each([
    ['wider', POLICY('changed.test')],
    ['one that cannot be read', 'version: [1\n  ]: zones'],
    ['gone', undefined],
  ])(
    'a configuration that is %s in mid-run changes nothing of it, and the next run is held by what there is then',
    async (_, text) => {
      operator(POLICY('before.test'));
      const script = ASKING.replaceAll('MARKS', marks);
      const job = start(['exec', '--apply', 'never', '--write', marks, '--', 'sh', '-c', script]);
      await until(() => existsSync(join(marks, 'began')) || undefined, 'the job began');
      if (text === undefined) writeFileSync(join(place.directory, 'config/cofferdam/cofferdam.yaml'), '');
      else operator(text);
      writeFileSync(join(marks, 'changed'), '');
      const ran = await job.ended;
      expect(ran.stdout, ran.stderr).toBe('refused\n');
      expect(record()).toMatch(/"name":"changed\.test"[^\n]*denied|denied[^\n]*changed\.test/);
      if (text?.startsWith('version: [') !== true) return;
      const next = await start(['exec', '--apply', 'never', '--', 'echo', 'ran']).ended;
      expect(next.status).toBe(125);
      expect(next.stdout).toBe('');
    },
  );
});

describe('a sandbox that could not be armed', () => {
  test('is not tried again with less, nor by another runtime, nor when the run is repeated', async () => {
    const count = join(place.directory, 'starts');
    const failing = join(place.directory, 'runc');
    writeFileSync(count, '');
    writeFileSync(
      failing,
      `#!/bin/sh\ncase " $* " in *" run "*) echo start >>${count}; echo "cannot set seccomp" >&2; exit 1 ;; esac\necho "runc version 1.3.9"\n`,
      { mode: 0o755 },
    );
    const runc = await until(
      () =>
        ['/usr/local/sbin/runc', '/usr/local/bin/runc', '/usr/sbin/runc', '/usr/bin/runc'].find((path) =>
          existsSync(path),
        ),
      'a runc',
    );
    const script = `mount --bind ${failing} ${runc} && exec "$@"`;
    const words = [
      process.execPath,
      join(ROOT, 'dist/cofferdam.mjs'),
      'exec',
      '--apply',
      'never',
      '--write',
      marks,
    ];
    const again = () =>
      new Promise<number | null>((resolve) => {
        const child = spawn(
          'unshare',
          [
            '-m',
            '--propagation',
            'private',
            'sh',
            '-c',
            script,
            'sh',
            ...words,
            '--',
            'sh',
            '-c',
            `echo x > ${marks}/ran`,
          ],
          { cwd: join(place.directory, 'work'), env: environment(), stdio: 'ignore' },
        );
        child.on('close', resolve);
      });
    for (const tries of [1, 2]) {
      expect(await again()).toBe(125);
      expect(readFileSync(count, 'utf8')).toBe('start\n'.repeat(tries));
      expect(existsSync(join(marks, 'ran'))).toBe(false);
    }
  });
});

describe('a parent that dies at any moment', () => {
  test('has run nothing of a job\u2019s whose sandbox the record does not call armed', async () => {
    let began = 0;
    for (let delay = 50; delay <= 1_250; delay += 100) {
      const mark = `m${delay}`;
      const job = start([
        'exec',
        '--apply',
        'never',
        '--write',
        marks,
        '--',
        'sh',
        '-c',
        `echo x > ${marks}/${mark}; exec sleep 30`,
      ]);
      await sleep(delay);
      job.child.kill('SIGKILL');
      await job.ended;
      const id = runId() ?? '';
      if (id === '') continue;
      expect(
        await leftBehindAfter([`${id}-`], 10_000).then((left) =>
          left.filter((one) => one.startsWith('process')),
        ),
      ).toEqual([]);
      if (!existsSync(join(marks, mark))) continue;
      began += 1;
      expect(armed()).toBe(true);
    }
    // That some began is what makes it a proof; a slow machine has later moments.
    if (began === 0) {
      const { child, ended } = await waiting();
      child.kill('SIGKILL');
      await ended;
      expect(armed()).toBe(true);
    }
    const next = await start(['exec', '--apply', 'never', '--', 'true']).ended;
    expect(next.status, next.stderr).toBe(0);
    expect(await leftBehindAfter([place.directory])).toEqual([]);
  }, 240_000);
});
