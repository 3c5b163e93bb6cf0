import { randomBytes } from 'node:crypto';
import { ulid } from '../src/base/index.ts';
import { RUNTIMES, type RuntimeName, TIER_OF } from '../src/config/index.ts';
import { openCell } from '../src/engine/cell/open-cell.ts';
import { sandboxFolder } from '../src/engine/cell/sandbox-folder.ts';
import { startGateway } from '../src/egress/index.ts';
import { findProgram } from '../src/sandbox/choose-runtime.ts';
import { chooseRuntime, openSandbox } from '../src/sandbox/index.ts';
import { RUNTIMES_HERE } from '../src/sandbox/oci/runtimes.fixture.ts';
import { defaultControls } from '../src/zone/index.ts';
import type { OpenThings } from './open-things.ts';

/** Milliseconds: until the sandbox and its gateway are armed and proven, of one step, and until nothing of it is left. */
export interface TierTimes {
  readonly runtime: RuntimeName;
  readonly startMs: number;
  readonly stepMs: number;
  readonly teardownMs: number;
}

/** Where a distribution puts a runtime, or `npm run test:tiers` gVisor's: the suites and the other tables look there too. */
const findRuntime = (program: string): string | undefined =>
  findProgram(program) ?? RUNTIMES_HERE.find(({ name }) => name === program)?.program;

/** What a job costs in a runtime, from the proof to the last mount; or why this machine cannot tell. */
export async function tierTimes(
  runtime: RuntimeName,
  rounds: number,
  things: OpenThings,
): Promise<TierTimes | { readonly why: string }> {
  const found = chooseRuntime({ floor: TIER_OF[runtime], runtime }, findRuntime);
  if (!found.ok) return { why: found.error.why };
  const starts: number[] = [];
  const steps: number[] = [];
  const ends: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const times = await once(runtime, things);
    if ('why' in times) return times;
    starts.push(times.startMs);
    steps.push(times.stepMs);
    ends.push(times.teardownMs);
  }
  return { runtime, startMs: median(starts), stepMs: median(steps), teardownMs: median(ends) };
}

async function once(runtime: RuntimeName, things: OpenThings): Promise<TierTimes | { readonly why: string }> {
  const runId = ulid(Date.now(), randomBytes(10));
  const controls = defaultControls('untrusted', { memoryBytes: 2e9, cpus: 2 });
  const from = performance.now();
  const opening = () =>
    openCell(
      {
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
      },
      { startGateway, openSandbox, findRuntime },
    );
  const { it: opened, close } = await things.hold(opening, (cell) =>
    cell.ok ? cell.value.close() : undefined,
  );
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
  await close();
  return { runtime, startMs, stepMs: median(steps), teardownMs: performance.now() - ending };
}

/** Every runtime that the product knows, whether it is here or not. */
export const ALL_RUNTIMES: readonly RuntimeName[] = RUNTIMES;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
