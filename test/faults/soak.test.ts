import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ulid } from '../../src/base/index.ts';
import { type Cell, openCell } from '../../src/engine/cell/open-cell.ts';
import { sandboxes, sandboxFolder } from '../../src/engine/cell/sandbox-folder.ts';
import { RUNTIMES, type RuntimeName, TIER_OF } from '../../src/config/index.ts';
import { chooseRuntime } from '../../src/sandbox/index.ts';
import { defaultControls } from '../../src/zone/index.ts';
import { leftBehindAfter } from '../e2e/left-behind.fixture.ts';
import { processesOf } from './victims.fixture.ts';

// Sandboxes opened and destroyed until what each leaves would be seen.

const IN_A_ROW = Number(process.env['COFFERDAM_SOAK'] ?? 200);
const AT_ONCE = 20;

const runtimes = RUNTIMES.filter(
  (runtime) =>
    TIER_OF[runtime] === 'hardened-container' && chooseRuntime({ floor: TIER_OF[runtime], runtime }).ok,
);

async function open(runtime: RuntimeName, runId: string): Promise<Cell> {
  const controls = defaultControls('untrusted', { memoryBytes: 200_000_000, cpus: 1 });
  const opened = await openCell({
    runId,
    jobId: 'soak',
    controls: { ...controls, isolation: { ...controls.isolation, floor: TIER_OF[runtime], runtime } },
    root: { kind: 'host' },
    workspace: { path: '/home/runner/work' },
    readPaths: [],
    writePaths: [],
    files: [],
    temporary: [],
    hostname: 'sandbox',
    allow: [],
    resolver: { kind: 'static', addresses: {} },
    scratch: sandboxFolder(runId, 'soak'),
    journal: { write: async () => undefined },
  });
  if (!opened.ok) throw new Error(opened.error.why);
  return opened.value;
}

async function use(cell: Cell): Promise<void> {
  const step = cell.sandbox.start({
    stepId: 'soak',
    argv: ['/bin/sh', '-c', 'echo x >file; sleep 1000 & exit 0'],
    environment: { PATH: '/usr/bin:/bin' },
    workingDirectory: '/home/runner/work',
  });
  step.stdin.end();
  step.stdout.resume();
  step.stderr.resume();
  expect((await step.exited).code).toBe(0);
}

const newRun = (): string => ulid(Date.now(), randomBytes(10));

/** What of this process and of the machine must be as it was. */
function machine() {
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    children: processesOf(process.pid, '').length,
    interfaces: readFileSync('/proc/self/net/dev', 'utf8').split('\n').length,
  };
}

async function same(before: ReturnType<typeof machine>, ids: readonly string[]): Promise<void> {
  expect(await leftBehindAfter(ids)).toEqual([]);
  expect(readdirSync(sandboxes()).filter((name) => ids.some((id) => name.startsWith(id)))).toEqual([]);
  for (const until = Date.now() + 10_000; Date.now() < until; await sleep(50)) {
    const now = machine();
    if (now.descriptors <= before.descriptors && now.children <= before.children) break;
  }
  const after = machine();
  expect(after.descriptors).toBeLessThanOrEqual(before.descriptors);
  expect(after.children).toBeLessThanOrEqual(before.children);
  expect(after.interfaces).toBe(before.interfaces);
}

test('a runtime was found', () => expect(runtimes.length).toBeGreaterThan(0));

test.each(runtimes)(`${IN_A_ROW} sandboxes in a row leave the machine as it was (%s)`, async (runtime) => {
  await (await open(runtime, newRun())).close();
  const before = machine();
  const ids: string[] = [];
  for (let at = 0; at < IN_A_ROW; at += 1) {
    const runId = newRun();
    ids.push(runId);
    const cell = await open(runtime, runId);
    await use(cell);
    expect((await cell.close()).leftBehind).toEqual([]);
  }
  await same(before, ids);
});

test.each(runtimes)(`${AT_ONCE} sandboxes at once leave the machine as it was (%s)`, async (runtime) => {
  const before = machine();
  const ids = Array.from({ length: AT_ONCE }, newRun);
  const cells = await Promise.all(ids.map((runId) => open(runtime, runId)));
  await Promise.all(cells.map(use));
  const closed = await Promise.all(cells.map((cell) => cell.close()));
  expect(closed.flatMap(({ leftBehind }) => leftBehind)).toEqual([]);
  await same(before, ids);
});
