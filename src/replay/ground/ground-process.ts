import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { REFUSAL_STATUS, type Refusal } from '../../base/index.ts';
import { Cgroup, readHostFacts } from '../../sandbox/index.ts';
import { defaultControls } from '../../zone/index.ts';
import { attackScript } from '../attack-script.ts';
import type { Attack, ReplayCase } from '../attack.ts';
import { ATTACKS } from '../attacks/index.ts';
import { type ContainedRun, productJob } from './product-job.ts';
import type { Scene } from './scene.ts';
import type { FromGround, SideRun } from './side-run.ts';
import { openSink } from './sink.ts';
import { type JobRequest, weakenedJob } from './weakened-job.ts';

// One run of one case, inside of a throwaway machine that native namespaces make of this one (open-ground.ts).
const WORK = '/run/replay/work';
const HOME = '/run/replay/home';
const NODE = '/opt/replay/node';
const SCRIPT = '/opt/replay/attack.mjs';
const CHANNEL = 3;
const TIMEOUT_MS = 20_000;
const SETTLE_MS = 150;

function tell(message: FromGround): void {
  writeSync(CHANNEL, `${JSON.stringify(message)}\n`);
}

async function runSide(attack: Attack, one: ReplayCase, side: 'off' | 'on'): Promise<SideRun> {
  const started = performance.now();
  for (const folder of [WORK, HOME]) {
    mkdirSync(folder, { recursive: true });
    // A home that outlives its job is the job's own.
    chmodSync(folder, 0o777);
  }
  const output: string[] = [];
  const children: ChildProcess[] = [];
  const scene: Scene = {
    side,
    canary: `c${randomBytes(12).toString('hex')}`,
    sink: await openSink(),
    workFolder: WORK,
    output: () => output.join(''),
    spawn: (argv, input) => companion(children, argv, input),
    peak: { pids: 0, memoryBytes: 0 },
    longestMs: 0,
    processes: processesWith,
  };
  const contained: ContainedRun[] = [];
  try {
    await one.prepare?.(scene);
    for (const [index, args] of (one.jobs ?? [[]]).entries()) {
      const job = request(attack, one, scene, index, args, output);
      if (side === 'off') await weakenedJob(job, one.without, HOME, (cgroup) => watch(cgroup, scene, one));
      else
        contained.push(
          await productJob(job, one, (id) => {
            tell({ kind: 'run', id });
            const host = readHostFacts();
            return watch(new Cgroup(host, `${host.cgroupParent}/${id.toLowerCase()}-exec`), scene, one);
          }),
        );
    }
    // What was sent last may still be on its way.
    await sleep(SETTLE_MS);
    const refused = contained.find((run) => run.refusal !== undefined)?.refusal;
    const ran = side === 'on' && one.mustBeRefused === true && refused === undefined;
    const harm = (await one.harm?.(scene)) ?? scene.seen ?? (ran ? 'the job was not refused' : undefined);
    return {
      durationMs: Math.round(performance.now() - started),
      ...(harm !== undefined && { harm }),
      ...refusedAs(refused, one),
      ...(side === 'on' && { record: recordOf(contained, one, scene.canary) }),
    };
  } finally {
    for (const child of children) child.kill('SIGKILL');
    scene.sink.close();
  }
}

function request(
  attack: Attack,
  one: ReplayCase,
  scene: Scene,
  index: number,
  args: readonly string[],
  output: string[],
): JobRequest {
  const controls = defaultControls('untrusted', { memoryBytes: 2 ** 31, cpus: 2 });
  return {
    id: `${token}-${index}`,
    argv: [NODE, SCRIPT, one.name, ...args],
    environment: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/home/runner',
      ...(one.holdsCanary === true && { CANARY: scene.canary }),
    },
    workFolder: WORK,
    controls: { ...controls, limits: { ...controls.limits, ...one.limits } },
    readPaths: [{ hostPath: process.execPath, path: NODE, file: true }, ...(one.shows ?? [])],
    files: [{ path: SCRIPT, content: readFileSync(attackScript(attack.name), 'utf8') }],
    timeoutMs: one.timeoutMs ?? TIMEOUT_MS,
    output: (chunk) => {
      if (output.length < 10_000) output.push(chunk.toString('latin1'));
    },
  };
}

/** Exit status 69 is what a refusal for the machine gives. */
function refusedAs(refused: Refusal | undefined, one: ReplayCase): Pick<SideRun, 'refused' | 'failure'> {
  if (refused === undefined) return {};
  if (one.mustBeRefused === true && REFUSAL_STATUS[refused.kind] === 69) return { refused: refused.rule };
  return { failure: refused.why };
}

function recordOf(
  contained: readonly ContainedRun[],
  one: ReplayCase,
  canary: string,
): NonNullable<SideRun['record']> {
  const bad = contained.find((run) => run.verification.state !== 'whole');
  const events = contained.flatMap((run) => run.events);
  return {
    state: bad?.verification.state ?? 'whole',
    events: events.length,
    expected: events.some((event) => one.event.matches(event, canary)),
  };
}

/** Looks every few milliseconds at how much of the machine the job holds. */
function watch(cgroup: Cgroup, scene: Scene, one: ReplayCase): () => void {
  const began = performance.now();
  const measure = (): void => {
    const pids = cgroup.processes();
    const seen = scene.seen ?? look(one, scene, pids);
    if (seen !== undefined) scene.seen = seen;
    scene.longestMs = Math.max(scene.longestMs, performance.now() - began);
    scene.peak.pids = Math.max(scene.peak.pids, pids.length);
    scene.peak.memoryBytes = Math.max(scene.peak.memoryBytes, cgroup.usage().memoryPeakBytes ?? 0);
  };
  const timer = setInterval(measure, 20);
  return () => {
    measure();
    clearInterval(timer);
  };
}

/** A process may end while it is looked at. */
function look(one: ReplayCase, scene: Scene, pids: readonly number[]): string | undefined {
  try {
    return one.during?.(scene, pids);
  } catch {
    return undefined;
  }
}

async function companion(
  children: ChildProcess[],
  argv: readonly [string, ...string[]],
  input = '',
): Promise<ChildProcess> {
  const [program, ...args] = argv;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  children.push(child);
  child.stdin.end(input);
  // It says something when it is ready.
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', () => reject(new Error(`${program} ended at once`)));
    child.once('error', reject);
  });
  return child;
}

function processesWith(text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(join('/proc', pid, 'cmdline'), 'latin1').includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}

const [, , name, which, side, token = ''] = process.argv;
const attack = ATTACKS.find((other) => other.name === name);
const one = attack?.cases.find((other) => other.name === which);
if (attack === undefined || one === undefined || (side !== 'off' && side !== 'on'))
  throw new Error('no such case');
writeFileSync('/proc/self/oom_score_adj', '500');
const ended = await runSide(attack, one, side).catch(
  (error: unknown): SideRun => ({
    failure: error instanceof Error ? error.message : String(error),
    durationMs: 0,
  }),
);
tell({ kind: 'ended', side: ended });
process.exit(0);
