import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HOST } from '../plan/plan-sandbox.fixture.ts';
import { jobGroup } from './job-group.ts';

const WITHOUT: typeof HOST = { ...HOST, cgroup: 'none', controllers: [] };
let first: ChildProcess;
beforeEach(async () => {
  const script = '(setsid sh -c "sleep 60 & sleep 60" &) ; sleep 60 & echo up; wait';
  first = spawn('unshare', ['--pid', '--kill-child', '--fork', 'sh', '-c', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => first.stdout?.once('data', resolve));
});
afterEach(() => first.kill('SIGKILL'));

/** The process 1 that `unshare` has started. */
function init(): number {
  const { pid } = first;
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim());
}

describe('a sandbox without a control group', () => {
  test('is its process 1 and all that comes from it, also what left its session and its parent', async () => {
    const group = jobGroup(WITHOUT, '', init());
    await expect.poll(() => group.processes().length, { timeout: 10_000 }).toBe(5);
    expect(group.processes()).toContain(init());
    expect(group.processes()).not.toContain(process.pid);
    expect(group.limits()).toEqual({});
  });

  test('is empty when process 1 has ended, and never a process that has its number by chance', async () => {
    const group = jobGroup(WITHOUT, '', init());
    expect(await group.empty(0)).toBe(false);
    process.kill(init(), 'SIGKILL');
    expect(await group.empty(10_000)).toBe(true);
    expect(group.processes()).toEqual([]);
    await sleep(0);
    expect(group.remove()).toEqual([]);
  });

  test('is nothing as long as nothing was started', () => {
    expect(jobGroup(WITHOUT, '').processes()).toEqual([]);
  });
});
