import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place, ROOT } from '../cofferdam.fixture.ts';
import { leftBehindAfter } from '../left-behind.fixture.ts';

let place: Place;
let repository = '';
beforeEach(() => {
  place = new Place();
  repository = join(place.directory, 'repo');
  mkdirSync(join(repository, '.github/workflows'), { recursive: true });
  workflow('sleep 987');
});
afterEach(() => place.remove());

/** Two jobs at once that say `ready` and go on. */
function workflow(script: string): void {
  const steps = `[{uses: actions/checkout@v4}, {run: 'echo ready; ${script}'}, {if: always(), run: 'echo cleared up'}]`;
  writeFileSync(
    join(repository, '.github/workflows/ci.yml'),
    `on: push\njobs:\n  a: {runs-on: ubuntu-latest, steps: ${steps}}\n  b: {runs-on: ubuntu-latest, steps: ${steps}}\n`,
  );
}

interface Started {
  readonly pid: number;
  readonly ended: Promise<{ readonly status: number | null; readonly signal: string | null }>;
  said(): string;
}

function start(stdout: 'pipe' | number = 'pipe'): Started {
  const child = spawn(process.execPath, [join(ROOT, 'dist/cofferdam.mjs'), 'run', repository, '--verbose'], {
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', COFFERDAM_STATE: place.state },
    stdio: ['ignore', stdout, 'pipe'],
  });
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => void (said += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => void (said += chunk.toString()));
  const ended = new Promise<{ status: number | null; signal: string | null }>((resolve) =>
    child.once('close', (status, signal) => resolve({ status, signal })),
  );
  return { pid: child.pid ?? 0, ended, said: () => said };
}

function runs(): readonly string[] {
  try {
    return readdirSync(join(place.state, 'runs'));
  } catch {
    return [];
  }
}

/** Nothing is left of any run of this test, and every record verifies (or says that it stops). */
async function clean(states: RegExp): Promise<void> {
  expect(await leftBehindAfter([...runs(), place.directory])).toEqual([]);
  for (const run of runs()) {
    expect(readdirSync(join(place.state, 'running'))).not.toContain(run);
    const verified = await place.run(['audit', 'verify', run]);
    expect(verified.stdout).toMatch(states);
  }
}

async function ready(started: Started, times: number): Promise<void> {
  for (let i = 0; i < 800 && started.said().split('ready').length <= times; i += 1) await sleep(25);
}

describe('a run that is interrupted', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('by %s ends its jobs, lets them clear up, and leaves nothing', async (signal, status) => {
    const started = start();
    await ready(started, 2);
    process.kill(started.pid, signal);
    expect(await started.ended).toEqual({ status, signal: null });
    expect(started.said()).toContain('CANCELLED');
    expect(started.said()).toContain('│ cleared up');
    await clean(/^whole/);
  });

  test('at any moment by Ctrl-C leaves nothing, and a record that verifies', async () => {
    for (const ms of [0, 30, 60, 90, 120, 150, 180, 210, 240, 280, 320, 400, 500]) {
      const started = start();
      await sleep(ms);
      process.kill(started.pid, 'SIGINT');
      const ended = await started.ended;
      expect([130, null], started.said()).toContain(ended.status);
      expect(started.said()).not.toMatch(/defect|node:internal/);
    }
    await clean(/^whole/);
  });

  test('twice ends at once, whatever its steps do', async () => {
    workflow('trap "" INT TERM; while true; do sleep 1; done');
    const started = start();
    await ready(started, 2);
    process.kill(started.pid, 'SIGINT');
    await sleep(50);
    const asked = Date.now();
    process.kill(started.pid, 'SIGINT');
    expect((await started.ended).status).toBe(130);
    // A step that ignores what it is asked has ten seconds otherwise.
    expect(Date.now() - asked).toBeLessThan(7_000);
    expect(started.said()).not.toContain('│ cleared up');
    await clean(/^whole/);
  });
});

describe('a part of a run that is killed', () => {
  test.each([
    ['the gateway', 'gateway.mjs'],
    ['process 1 of the sandbox', 'cofferdam-init'],
  ])('%s: the job fails, says so, and leaves nothing', async (_what, part) => {
    const started = start();
    await ready(started, 2);
    const children = everyProcess().filter((pid) => isPartOf(pid, started.pid, part));
    expect(children.length).toBeGreaterThan(0);
    for (const pid of children) process.kill(pid, 'SIGKILL');
    const { status } = await started.ended;
    expect(status, started.said()).not.toBe(0);
    expect(started.said()).toMatch(/FAILED|STOPPED/);
    await clean(/^whole/);
  });

  test('the reader of our output: the run goes on to its end', async () => {
    writeFileSync(
      join(repository, '.github/workflows/ci.yml'),
      'on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: "seq 20000"}]}}\n',
    );
    const ended = await new Promise<number | null>((resolve) => {
      const tool = `${process.execPath} ${join(ROOT, 'dist/cofferdam.mjs')} run ${repository} --verbose`;
      const child = spawn('bash', ['-c', `${tool} | head -1; exit \${PIPESTATUS[0]}`], {
        env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', COFFERDAM_STATE: place.state },
      });
      child.stdout.resume();
      child.once('close', resolve);
    });
    expect(ended).toBe(0);
    await clean(/^whole/);
  });
});

function everyProcess(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** A process of that name which is a child of the run, or in one of its control groups. */
function isPartOf(pid: number, run: number, name: string): boolean {
  const groups = readOf(`/proc/${pid}/cgroup`).toLowerCase();
  const ours = ancestors(pid).includes(run) || runs().some((id) => groups.includes(id.toLowerCase()));
  return ours && readOf(`/proc/${pid}/cmdline`).includes(name);
}

function ancestors(pid: number): readonly number[] {
  const found: number[] = [];
  for (let at = pid; at > 1 && found.length < 20; ) {
    at = parentOf(at);
    found.push(at);
  }
  return found;
}

function parentOf(pid: number): number {
  const text = readOf(`/proc/${pid}/stat`);
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
}

function readOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
