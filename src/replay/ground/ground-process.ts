import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { REFUSAL_STATUS, type Refusal } from '../../base/index.ts';
import { RUNTIMES, type RuntimeName, TIER_OF } from '../../config/index.ts';
import {
  Cgroup,
  type ContainerRuntime,
  isContainerRuntime,
  chooseRuntime,
  nativeProgram,
  readHostFacts,
} from '../../sandbox/index.ts';
import { defaultControls } from '../../zone/index.ts';
import { attackScript } from '../attack-script.ts';
import type { Attack, ReplayCase } from '../attack.ts';
import { ATTACKS } from '../attacks/index.ts';
import { Companions, processesWith } from './companions.ts';
import { keptFiles, readRecords } from './contained-run.ts';
import type { JobRequest } from './job-request.ts';
import { looseRunner } from './loose-runner.ts';
import { productJob } from './product-job.ts';
import { productWorkflow } from './product-workflow.ts';
import type { Scene } from './scene.ts';
import type { FromGround, SideRun } from './side-run.ts';
import { openSink } from './sink.ts';
import { watchJob } from './watch-job.ts';
import { commitWorkflow } from './workflow-file.ts';
import { ENDLESS_MS, weakenedJob } from './weakened-job.ts';
import { openWeakened } from './weakened-sandbox.ts';

// One run of one case, inside of a throwaway machine that native namespaces make of this one (open-ground.ts).
const WORK = '/run/replay/work';
const HOME = '/run/replay/home';
/** Where jobs without a /tmp of their own have it. */
const TEMPORARY = '/run/replay/tmp';
const NODE = '/opt/replay/node';
const SCRIPT = '/opt/replay/attack.mjs';
const CALL = '/opt/replay/call';
const CHANNEL = 3;
const TIMEOUT_MS = 20_000;
/** Programs run many times slower in a machine that is translated. */
const MICROVM_TIMEOUT_MS = 240_000;
const SETTLE_MS = 150;
/** An emulated machine is slower than any other: the last word of who starts us says how much. */
const PATIENCE = Number(process.argv[8] ?? 1);
const MAX_SAID = 4_096;

interface Replay {
  readonly attack: Attack;
  readonly one: ReplayCase;
  readonly runtime: RuntimeName;
  readonly scene: Scene;
  readonly output: string[];
}

function tell(message: FromGround): void {
  writeSync(CHANNEL, `${JSON.stringify(message)}\n`);
}

async function runSide(
  attack: Attack,
  one: ReplayCase,
  side: 'off' | 'on',
  runtime: RuntimeName,
): Promise<SideRun> {
  const started = performance.now();
  for (const folder of [WORK, HOME, TEMPORARY]) {
    mkdirSync(folder, { recursive: true });
    // A home that outlives its job is the job's own.
    chmodSync(folder, 0o777);
  }
  // A folder that others may write is never trusted with a secret.
  if (one.workflow !== undefined) chmodSync(WORK, 0o755);
  const output: string[] = [];
  const companions = new Companions();
  const scene: Scene = {
    side,
    runtime,
    canary: `c${randomBytes(12).toString('hex')}`,
    sink: await openSink(),
    workFolder: WORK,
    output: () => output.join(''),
    kept: () => (side === 'on' ? keptFiles() : [{ path: 'output', text: output.join('') }]),
    spawn: (argv, input) => companions.spawn(argv, input),
    peak: { pids: 0, memoryBytes: 0 },
    processorTime: { cpuMs: 0, periods: 0 },
    longestMs: 0,
    processes: processesWith,
  };
  const replay = { attack, one, runtime, scene, output };
  try {
    await one.prepare?.(scene);
    if (one.workflow !== undefined) commitWorkflow(WORK, one.workflow);
    one.workflow?.afterCommit?.(scene);
    let refused: Refusal | undefined;
    if (side === 'off') await runWithout(replay);
    else refused = await runWith(replay);
    // What was sent last may still be on its way.
    await sleep(SETTLE_MS * PATIENCE);
    await one.afterwards?.(scene);
    const harm =
      (await one.harm?.(scene)) ?? scene.seen ?? (side === 'on' ? allowed(one, refused) : undefined);
    return {
      durationMs: Math.round(performance.now() - started),
      said: output.join('').slice(-MAX_SAID),
      ...(harm !== undefined && { harm }),
      ...refusedAs(refused, one),
      ...(side === 'on' && { record: await recordOf(one, runtime, scene.canary) }),
    };
  } finally {
    companions.end();
    scene.sink.close();
  }
}

/** The control was made impossible to arm, and the job was started all the same. */
function allowed(one: ReplayCase, refused: Refusal | undefined): string | undefined {
  return one.mustBeRefused === true && refused === undefined ? 'the job was not refused' : undefined;
}

async function runWithout(replay: Replay): Promise<void> {
  const { one, scene } = replay;
  const runtime = containerRuntime(replay.runtime);
  const { workflow, allowedWithout } = one;
  if (allowedWithout !== undefined) {
    const refused = await runWith(replay, allowedWithout);
    if (refused !== undefined) throw new Error(refused.why);
    return;
  }
  if (workflow === undefined) {
    for (const [index, args] of (one.jobs ?? [[]]).entries())
      await weakenedJob(request(replay, index, args), one.without, HOME, runtime, (cgroup) =>
        watchJob(cgroup, scene, one),
      );
    return;
  }
  const job = request(replay, 0, []);
  const sandbox = await openWeakened(job, one.without, HOME, runtime);
  const stop = watchJob(sandbox.cgroup, scene, one);
  await looseRunner(workflow, sandbox, {
    canary: scene.canary,
    folder: WORK,
    environment: job.environment,
    output: scene.output,
    timeoutMs: one.without.includes('time-limit') ? ENDLESS_MS : job.timeoutMs,
    sharesTools: one.without.includes('own-tools'),
  });
  stop();
}

/** Gives why a job was refused, when one was. */
async function runWith(replay: Replay, entries = replay.one.allow ?? []): Promise<Refusal | undefined> {
  const { one, scene, runtime } = replay;
  const groups: Cgroup[] = [];
  const groupOf = (id: string, job: string): Cgroup => {
    const host = readHostFacts();
    return new Cgroup(host, `${host.cgroupParent}/${id.toLowerCase()}-${job}`);
  };
  const made =
    (job: string) =>
    (id: string): void => {
      tell({ kind: 'group', name: `${id}-${job}` });
      groups.push(groupOf(id, job));
    };
  const watched = (job: string) => (id: string) => watchJob(groupOf(id, job), scene, one);
  const refusals: (Refusal | undefined)[] = [];
  if (one.workflow !== undefined) {
    const job = request(replay, 0, []);
    await productWorkflow(job, one, one.workflow, runtime, scene.canary, (id) => {
      made('attack')(id);
      return watched('attack')(id);
    });
  } else {
    for (const [index, args] of (one.jobs ?? [[]]).entries())
      refusals.push(
        await productJob(request(replay, index, args), one, entries, runtime, scene.sink.authority, {
          made: made('exec'),
          watched: watched('exec'),
        }),
      );
  }
  const left = groups.reduce((sum, group) => sum + group.processes().length, 0);
  if (left > 0) scene.seen ??= `${left} processes of the job live after it has ended`;
  return refusals.find((refused) => refused !== undefined);
}

/** Where a runtime is looked for first. */
function placeRuntime(name: RuntimeName, path: string): void {
  mkdirSync('/usr/local/sbin', { recursive: true });
  rmSync(`/usr/local/sbin/${name}`, { force: true });
  symlinkSync(path, `/usr/local/sbin/${name}`);
}

/** The off-run is about a container: what a kernel of its own lacks shows nothing of this machine. */
function containerRuntime(runtime: RuntimeName): ContainerRuntime {
  const own = TIER_OF[runtime] === 'hardened-container';
  const chosen = chooseRuntime({ floor: 'hardened-container', ...(own && { runtime }) });
  if (!chosen.ok) throw new Error(chosen.error.why);
  if (!isContainerRuntime(chosen.value)) throw new Error(`${chosen.value.name} starts no container`);
  return chosen.value;
}

function request(replay: Replay, index: number, args: readonly string[]): JobRequest {
  const { attack, one, scene, output } = replay;
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
    readPaths: [
      { hostPath: process.execPath, path: NODE, file: true },
      { hostPath: nativeProgram('call'), path: CALL, file: true },
      ...(one.shows ?? []),
    ],
    files:
      one.workflow === undefined
        ? [{ path: SCRIPT, content: readFileSync(attackScript(attack.name), 'utf8') }]
        : [],
    timeoutMs: one.timeoutMs ?? (inMicrovm(replay) ? MICROVM_TIMEOUT_MS : TIMEOUT_MS) * PATIENCE,
    output: (chunk) => {
      if (output.length < 10_000) output.push(chunk.toString('latin1'));
    },
  };
}

/** Only a job with its control: the others are containers. */
function inMicrovm({ runtime, scene }: Replay): boolean {
  return runtime === 'qemu' && scene.side === 'on';
}

/** Exit status 69 is what a refusal for the machine gives. */
function refusedAs(refused: Refusal | undefined, one: ReplayCase): Pick<SideRun, 'refused' | 'failure'> {
  if (refused === undefined) return {};
  if (one.mustBeRefused === true && REFUSAL_STATUS[refused.kind] === 69)
    return { refused: `${refused.rule}: ${refused.why}` };
  return { failure: refused.why };
}

async function recordOf(
  one: ReplayCase,
  runtime: RuntimeName,
  canary: string,
): Promise<NonNullable<SideRun['record']>> {
  const { state, events } = await readRecords();
  // A job that never began was not contained by what it is about.
  const began = events.some((event) => event.type === 'step.started');
  const expected = one.eventWith?.[runtime] ?? one.event;
  return {
    state,
    events: events.length,
    began: began || one.mustBeRefused === true,
    expected: events.some((event) => expected.matches(event, canary)),
  };
}

const [, , name, which, side, token = '', asked, program = ''] = process.argv;
const attack = ATTACKS.find((other) => other.name === name);
const one = attack?.cases.find((other) => other.name === which);
const runtime = RUNTIMES.find((other) => other === asked);
if (attack === undefined || one === undefined || runtime === undefined || (side !== 'off' && side !== 'on'))
  throw new Error('no such case');
writeFileSync('/proc/self/oom_score_adj', '500');
if (program !== '') placeRuntime(runtime, program);
const ended = await runSide(attack, one, side, runtime).catch(
  (error: unknown): SideRun => ({
    failure: error instanceof Error ? error.message : String(error),
    durationMs: 0,
  }),
);
tell({ kind: 'ended', side: ended });
process.exit(0);
