import { randomBytes } from 'node:crypto';
import { ulid } from '../src/base/index.ts';
import { RUNTIMES, type RuntimeName, TIER_OF } from '../src/config/index.ts';
import { openCell } from '../src/engine/cell/open-cell.ts';
import { sandboxFolder } from '../src/engine/cell/sandbox-folder.ts';
import { chooseRuntime } from '../src/sandbox/index.ts';
import { defaultControls } from '../src/zone/index.ts';

/** Milliseconds: until the sandbox and its gateway are armed and proven, of one step, and until nothing of it is left. */
export interface TierTimes {
  readonly runtime: RuntimeName;
  readonly startMs: number;
  readonly stepMs: number;
  readonly teardownMs: number;
}

/** What a job costs in each runtime that this machine has, from the proof to the last mount. `undefined`: it is not here. */
export async function tierTimes(
  runtime: RuntimeName,
  rounds: number,
): Promise<TierTimes | { readonly why: string }> {
  const found = chooseRuntime({ floor: TIER_OF[runtime], runtime });
  if (!found.ok) return { why: found.error.why };
  const starts: number[] = [];
  const steps: number[] = [];
  const ends: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const times = await once(runtime);
    if ('why' in times) return times;
    starts.push(times.startMs);
    steps.push(times.stepMs);
    ends.push(times.teardownMs);
  }
  return { runtime, startMs: median(starts), stepMs: median(steps), teardownMs: median(ends) };
}

async function once(runtime: RuntimeName): Promise<TierTimes | { readonly why: string }> {
  const runId = ulid(Date.now(), randomBytes(10));
  const controls = defaultControls('untrusted', { memoryBytes: 2e9, cpus: 2 });
  const from = performance.now();
  const opened = await openCell({
    runId,
    jobId: 'bench',
    controls: { ...controls, isolation: { ...controls.isolation, floor: TIER_OF[runtime], runtime } },
    root: { kind: 'host' },
    workspace: { path: '/work' },
    readPaths: [],
    writePaths: [],
    files: [],
    temporary: [],
    hostname: 'bench',
    allow: [],
    resolver: { kind: 'static', addresses: {} },
    scratch: sandboxFolder(runId, 'bench'),
    journal: { write: async () => undefined },
  });
  if (!opened.ok) return { why: opened.error.why };
  const startMs = performance.now() - from;
  const steps: number[] = [];
  for (let step = 0; step < 12; step += 1) {
    const begun = performance.now();
    const running = opened.value.sandbox.start({
      stepId: 'bench',
      argv: ['/bin/sh', '-e', '-c', ':'],
      environment: { PATH: '/usr/bin:/bin' },
      workingDirectory: '/work',
    });
    running.stdin.end();
    running.stdout.resume();
    running.stderr.resume();
    await running.exited;
    if (step > 1) steps.push(performance.now() - begun);
  }
  const ending = performance.now();
  await opened.value.close();
  return { runtime, startMs, stepMs: median(steps), teardownMs: performance.now() - ending };
}

/** Every runtime that the product knows, whether it is here or not. */
export const ALL_RUNTIMES: readonly RuntimeName[] = RUNTIMES;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
