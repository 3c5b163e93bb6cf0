import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOST, JOB, PLACES } from '../plan/plan-sandbox.fixture.ts';
import { planSandbox } from '../plan/plan-sandbox.ts';
import { startContainer } from './start-container.ts';

let bundle = '';
beforeEach(() => {
  bundle = mkdtempSync(join(tmpdir(), 'start-container-'));
});
afterEach(() => rmSync(bundle, { recursive: true, force: true }));

test('a runtime that waits for the word of a telemetry which has died is ended, and the sandbox refused for that', async () => {
  const planned = planSandbox(JOB, HOST, PLACES);
  if (!planned.ok) throw new Error(planned.error.why);
  const waiting = {
    runtime: 'runc',
    command: ['sleep', '1000'] as const,
    environment: {},
    config: planned.value.config,
    bundle,
    pidFile: join(bundle, 'pid'),
  };
  const died = new Promise<{ readonly why: string }>((resolve) => {
    setTimeout(() => resolve({ why: 'the process telemetry ended by itself' }), 100);
  });
  const started = await startContainer(waiting, died);
  expect(started).toMatchObject({ ok: false, error: { rule: 'sandbox/runtime-failed', kind: 'machine' } });
  if (!started.ok) expect(started.error.why).toContain('the process telemetry ended by itself');
});

test('what a runtime has begun in its control groups ends with whoever asked for it, killed at any moment, whatever it does about signals', async () => {
  const groups = readFileSync('/proc/self/mounts', 'utf8');
  const root =
    groups.match(/^\S+ (\S*pids\S*) cgroup /m)?.[1] ?? groups.match(/^\S+ (\S+) cgroup2 /m)?.[1] ?? '';
  const group = join(root, `cofferdam-start-${process.pid}`);
  mkdirSync(group);
  try {
    const stubborn =
      'trap "" TERM HUP INT; (trap "" TERM HUP INT; while :; do sleep 1; done) & while :; do sleep 1; done';
    const starting = {
      runtime: 'runc',
      command: ['sh', '-c', stubborn],
      environment: {},
      config: {},
      bundle,
      pidFile: join(bundle, 'pid'),
      held: join(group, 'cgroup.procs'),
      cgroupFiles: [join(group, 'cgroup.procs')],
    };
    const code = `import { startContainer } from ${JSON.stringify(join(import.meta.dirname, 'start-container.ts'))}; await startContainer(${JSON.stringify(starting)});`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'ignore' });
    const held = (): string => readFileSync(join(group, 'cgroup.procs'), 'utf8');
    await expect.poll(() => held().trim().split('\n').length, { timeout: 20_000 }).toBeGreaterThan(1);
    parent.kill('SIGKILL');
    await expect.poll(held, { timeout: 20_000 }).toBe('');
  } finally {
    await expect.poll(() => rmdirSync(group) ?? true, { timeout: 20_000 }).toBe(true);
  }
}, 60_000);
