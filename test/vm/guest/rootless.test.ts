import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Ids, IDS_HERE, OrdinaryUser, UID } from '../../e2e/ordinary-user.fixture.ts';

// Limits of an ordinary user's jobs where control groups are version 2 and one was handed over: by a plain hand, as a service
// with `User=` and `Delegate=yes` has it, and by the user's own systemd.

const ROOT = '/sys/fs/cgroup';
const CONTROLLERS = ['memory', 'cpu', 'pids'] as const;
const GROUP = join(ROOT, 'handed-over');
const SYSTEMD = existsSync('/run/systemd/system');
const MB = 1_000_000;

let user: OrdinaryUser;
beforeEach(() => {
  user = new OrdinaryUser();
  mkdirSync(join(user.work, '.github/workflows'), { recursive: true });
  // No checkout: the kernel of some of these machines keeps no marks of an overlay in memory for a user.
  user.put(
    'work/.github/workflows/limits.yml',
    `on: push
jobs:
  limits:
    runs-on: ubuntu-latest
    steps:
      - run: python3 -c "x = bytearray(b'x') * (1 << 30)" || echo hog ended
      - run: |
          python3 -c "
          import os, signal
          n = 0
          try:
            while True:
              if os.fork() == 0: signal.pause()
              n += 1
          except OSError: print('forks', n)"
`,
  );
  user.put(
    '.config/cofferdam/cofferdam.yaml',
    'version: 1\nzones: {untrusted: {limits: {memory: 200MB, pids: 40, cpus: 0.5}}}\n',
    0o600,
  );
});
afterEach(() => {
  user.remove();
  if (existsSync(GROUP)) removeGroup(GROUP);
});

function removeGroup(group: string): void {
  for (const name of readdirSync(group, { withFileTypes: true }))
    if (name.isDirectory()) removeGroup(join(group, name.name));
  rmdirSync(group);
}

function handOver(): void {
  for (const name of CONTROLLERS) writeFileSync(join(ROOT, 'cgroup.subtree_control'), `+${name}`);
  mkdirSync(GROUP);
  for (const name of ['', 'cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads'])
    chownSync(join(GROUP, name), UID, UID);
}

/** Runs the workflow as that user, begun by `script`, whose words are the user's command. */
async function run(ids: Ids, script: string, environment: readonly string[] = []) {
  const words = user.command(ids, [
    'env',
    ...environment,
    user.launcher,
    'run',
    user.work,
    '--json',
    '--verbose',
  ]);
  const child = spawn('sh', ['-c', script, 'sh', ...words], {
    cwd: user.work,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => void (said.stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => void (said.stderr += chunk.toString('utf8')));
  await new Promise((resolve) => child.on('close', resolve));
  return said;
}

function expectHeld({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): void {
  const events = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { type: string; control?: string; receipt?: unknown; limit?: string });
  const armed = events.find(({ type, control }) => type === 'policy.armed' && control === 'sandbox');
  expect(armed?.receipt, stdout + stderr).toMatchObject({
    limits: { pids: 40, cpus: 0.5 },
    limitsUnenforced: [],
    rootless: { controlGroup: true },
  });
  const { memoryBytes } = (armed?.receipt as { limits?: { memoryBytes?: number } } | undefined)?.limits ?? {};
  expect(memoryBytes).toBeGreaterThan(190 * MB);
  expect(memoryBytes).toBeLessThanOrEqual(200 * MB);
  const hit = events.filter(({ type }) => type === 'limit.hit').map(({ limit }) => limit);
  expect(hit, stdout + stderr).toEqual(expect.arrayContaining(['memoryBytes', 'pids']));
}

describe.each(IDS_HERE)('an ordinary user with ids: %s,', (ids) => {
  test('to whom a control group was handed over has every limit held, and what meets one is told', async () => {
    handOver();
    expectHeld(await run(ids, `echo $$ >${GROUP}/cgroup.procs && exec "$@"`));
  });

  test('who shares a group with others, and has no systemd, is refused by name', async () => {
    const { stdout } = await run(ids, 'exec "$@"');
    expect(stdout).toContain('sandbox/limit-unenforceable');
    expect(stdout).toContain('memoryBytes, cpus, pids');
  });
});

/** A service's own words, as systemctl tells only that it failed. */
function systemctl(...words: readonly string[]): void {
  try {
    execFileSync('systemctl', words, { stdio: 'pipe' });
  } catch (error) {
    const said = execFileSync('journalctl', ['--no-pager', '--boot', '--lines=40'], { encoding: 'utf8' });
    throw new Error(`systemctl ${words.join(' ')} failed: ${said}`, { cause: error });
  }
}

/** An account whose systemd runs without a log-in: what PAM would set up stands in its service. */
function startManager(): void {
  if (!readFileSync('/etc/passwd', 'utf8').includes('\nscoped:'))
    appendFileSync('/etc/passwd', `scoped:x:${UID}:${UID}::/:/bin/sh\n`);
  const settings = '/run/systemd/system/user@.service.d';
  mkdirSync(settings, { recursive: true });
  writeFileSync(
    join(settings, 'all.conf'),
    '[Service]\nPAMName=\nEnvironment=XDG_RUNTIME_DIR=/run/user/%i\nDelegate=cpu memory pids\n',
  );
  systemctl('daemon-reload');
  systemctl('start', `user@${UID}.service`);
}

if (SYSTEMD)
  describe.each(IDS_HERE)('an ordinary user of a systemd with ids: %s,', (ids) => {
    test('gets a scope of its own from it, and every limit held', async () => {
      startManager();
      try {
        const runtime = `/run/user/${UID}`;
        expectHeld(await run(ids, 'exec "$@"', [`XDG_RUNTIME_DIR=${runtime}`]));
      } finally {
        systemctl('stop', `user@${UID}.service`);
      }
    });
  });
