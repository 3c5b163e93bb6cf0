import { randomBytes } from 'node:crypto';
import { arch, availableParallelism, release, totalmem } from 'node:os';
import type { Readable } from 'node:stream';
import {
  openRecord,
  type RecordedFact,
  type RecordEvent,
  type RunRecord,
  type Verdict,
} from '../../audit/index.ts';
import { err, ok, type Refusal, type Result, ulid } from '../../base/index.ts';
import type { AllowedDestination, Inspection, Resolver, UpstreamProxy } from '../../egress/index.ts';
import {
  type BoundPath,
  KEPT_TOO_LARGE,
  listChanges,
  type ProcessExit,
  type RunningProcess,
  type SandboxRoot,
} from '../../sandbox/index.ts';
import type { CustomRule } from '../../config/index.ts';
import { commandRules } from '../rules/command-rules.ts';
import { resultDocument } from '../rules/result-document.ts';
import type { JobRules } from '../rules/run-rules.ts';
import { createRun, dropOldChanges, finishRun, type RunFolder, type StateFolder } from '../../store/index.ts';
import { type Controls, settleControls } from '../../zone/index.ts';
import { type Cell, openCell } from '../cell/open-cell.ts';
import type { RunObserver } from '../cell/journal.ts';
import { reapAbandoned } from '../cell/reap-abandoned.ts';
import { refusedWhenLost } from '../cell/record-lost.ts';
import { sandboxFolder } from '../cell/sandbox-folder.ts';
import { EXEC_FAILED, execStatus } from './exit-status.ts';
import { LivePolicy, type OperatorSource } from '../trust/live-policy.ts';
import { hasKept, keptAt } from './kept-changes.ts';

/** One command, to be run in a sandbox. Everything is the operator's word. */
export interface ExecRequest {
  readonly argv: readonly [string, ...string[]];
  /** A real path, shown to the command at the same place, copy-on-write. */
  readonly workdir: string;
  readonly root: SandboxRoot;
  readonly controls: Controls;
  readonly because: readonly string[];
  readonly facts: readonly RecordedFact[];
  readonly policy: Extract<RecordEvent, { readonly type: 'run.started' }>['policy'];
  readonly allow: readonly AllowedDestination[];
  /** The operator's file, to be followed while the command runs; absent: it is not. */
  readonly operator?: OperatorSource;
  readonly resolver: Resolver;
  readonly inspection?: Inspection;
  readonly proxy?: UpstreamProxy;
  /** Rules of the operator's own. */
  readonly rules: readonly CustomRule[];
  readonly readPaths: readonly BoundPath[];
  readonly writePaths: readonly BoundPath[];
  readonly files: readonly { readonly path: string; readonly content: string | Uint8Array }[];
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Whether a denial makes the exit status of a command that went well another. */
  readonly strict: boolean;
  readonly version: string;
}

/** The command's streams and what the caller may send it. */
export interface ExecStreams {
  readonly stdin: Readable;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly terminal?: { readonly columns: number; readonly rows: number };
  /** Given the running process once: to pass signals and sizes on. */
  readonly attach: (process: RunningProcess) => void;
}

export interface ExecOutcome {
  readonly run: RunFolder;
  readonly exit: ProcessExit;
  readonly timedOut: boolean;
  /** What the record says, and the process ends with. */
  readonly exitStatus: number;
  /** A wall fell, or the record could not be written: whatever the command said, this run failed. */
  readonly broken?: Refusal;
  readonly denied: number;
  readonly gaps: number;
  readonly oomKills: number;
  readonly leftBehind: readonly string[];
  /** What the command changed in its copy; absent when it is nothing, or cannot be told. */
  readonly changed?: Changed;
  /** Why its changes were not kept. */
  readonly notKept?: Refusal;
}

export interface Changed {
  readonly added: number;
  readonly modified: number;
  readonly deleted: number;
}

const JOB = 'exec';
const STEP = 'command';
const KILL_AFTER_MS = 5_000;

/** Runs the command and waits until it ended, the sandbox is gone and the record is closed. */
export async function exec(
  request: ExecRequest,
  streams: ExecStreams,
  state: StateFolder,
  observer: Pick<RunObserver, 'event'>,
): Promise<Result<ExecOutcome, Refusal>> {
  const rules = await commandRules(request);
  if (!rules.ok) return rules;
  if (rules.value?.before !== undefined) return err(rules.value.before);
  await reapAbandoned(state);
  return refusedWhenLost(async () => {
    const run = createRun(state, ulid(Date.now(), randomBytes(10)));
    try {
      return await execAs(run, request, rules.value, streams, state, observer);
    } finally {
      finishRun(run);
    }
  });
}

async function execAs(
  run: RunFolder,
  request: ExecRequest,
  rules: JobRules | undefined,
  streams: ExecStreams,
  state: StateFolder,
  observer: Pick<RunObserver, 'event'>,
): Promise<Result<ExecOutcome, Refusal>> {
  const record = openRecord({
    directory: run.record,
    keysFolder: state.keys,
    runId: run.id,
    now: () => new Date(),
    watch: (event) => observer.event(event),
  });
  const started = Date.now();
  await begin(record, run, request);
  const opened = await openCell({
    runId: run.id,
    jobId: JOB,
    controls: request.controls,
    root: request.root,
    workspace: { source: request.workdir, path: request.workdir },
    readPaths: request.readPaths,
    writePaths: request.writePaths,
    files: request.files,
    temporary: [],
    hostname: 'sandbox',
    // All of it is the operator's own word.
    clientEnvironment: request.environment,
    allow: request.allow,
    ...(request.inspection !== undefined && { inspection: request.inspection }),
    ...(request.proxy !== undefined && { proxy: request.proxy }),
    ...(rules?.during !== undefined && { rules: rules.during }),
    resolver: request.resolver,
    scratch: sandboxFolder(run.id, JOB),
    journal: record,
  });
  if (!opened.ok) {
    const why = opened.error;
    await record.write({ type: 'policy.refused', job: JOB, rule: why.rule, why: why.why, fix: why.fix });
    await end(record, request, { verdict: 'refused', exitStatus: EXEC_FAILED, denied: 0, gaps: 0, started });
    return opened;
  }
  const live = livePolicy(request, record);
  const { zone } = request.controls;
  await live?.join({ jobId: JOB, zone, narrow: (policy) => opened.value.narrow(policy) });
  try {
    return ok(await runIn(opened.value, record, run, request, rules, streams, state, started, live));
  } finally {
    await live?.stop();
    await opened.value.close();
  }
}

/** Of the operator's file, what is to be reached by name is the command line's; the ranges that names may lead to are its own. */
function livePolicy(request: ExecRequest, record: RunRecord): LivePolicy | undefined {
  const { operator: source, allow } = request;
  if (source === undefined) return undefined;
  const machine = { memoryBytes: totalmem(), cpus: availableParallelism() };
  return new LivePolicy({
    source,
    settle: async (operator, zone) => {
      const { allowRanges } = settleControls(zone, machine, [operator]).controls.egress;
      return ok({ allow, allowRanges });
    },
    write: (event) => record.write(event),
  });
}

async function runIn(
  cell: Cell,
  record: RunRecord,
  run: RunFolder,
  request: ExecRequest,
  rules: JobRules | undefined,
  streams: ExecStreams,
  state: StateFolder,
  started: number,
  live: LivePolicy | undefined,
): Promise<ExecOutcome> {
  cell.setStep(STEP);
  await record.write({ type: 'step.started', job: JOB, step: STEP, name: request.argv.join(' ') });
  const process = cell.sandbox.start({
    stepId: STEP,
    argv: request.argv,
    environment: request.environment,
    workingDirectory: request.workdir,
    ...(streams.terminal !== undefined && { terminal: streams.terminal }),
  });
  streams.attach(process);
  const followed = await follow(cell, process, streams, request.timeoutMs);
  const usage = await cell.sandbox.usage();
  const went = followed.broken === undefined && followed.exit.code === 0 && !followed.timedOut;
  const denial = rules?.after(resultDocument(went ? 'success' : 'failure', cell, started));
  // What a rule does not let pass has failed, whatever the command said.
  const ended = denial === undefined ? followed : { ...followed, broken: followed.broken ?? denial };
  const result = went && denial === undefined ? 'success' : 'failure';
  if (ended.timedOut)
    await record.write({
      type: 'limit.hit',
      job: JOB,
      step: STEP,
      limit: 'stepTimeoutMs',
      value: request.timeoutMs,
    });
  await live?.stop();
  await cell.settled(0);
  const { artifactBytes } = request.controls.limits;
  const destroyed = await cell.close({ keepUpperAt: keptAt(run), keepBytes: artifactBytes });
  if (destroyed.notKept?.rule === KEPT_TOO_LARGE)
    await record.write({
      type: 'limit.hit',
      job: JOB,
      step: STEP,
      limit: 'artifactBytes',
      value: artifactBytes,
    });
  const { exit } = ended;
  const changed = await changedIn(state, run, request.workdir);
  await record.write({
    type: 'step.finished',
    job: JOB,
    step: STEP,
    name: request.argv[0],
    result,
    exit: { code: exit.code, signal: exit.signal },
    durationMs: Date.now() - started,
  });
  if (ended.broken !== undefined) {
    const { rule, why, fix } = ended.broken;
    await record.write({ type: 'policy.refused', job: JOB, step: STEP, rule, why, fix });
  }
  if (changed !== undefined) await record.write({ type: 'workspace.changed', job: JOB, ...changed });
  await record.write({ type: 'job.finished', job: JOB, result, durationMs: Date.now() - started, usage });
  await record.write({ type: 'sandbox.destroyed', job: JOB, leftBehind: destroyed.leftBehind });
  const verdict: Verdict =
    ended.broken !== undefined || ended.timedOut
      ? 'stopped'
      : result === 'failure'
        ? 'failed'
        : cell.counts.denied > 0
          ? 'contained'
          : 'passed';
  const { denied, gaps } = cell.counts;
  const exitStatus = execStatus({ ...ended, denied }, request.strict);
  await end(record, request, { verdict, exitStatus, denied, gaps, started });
  return {
    run,
    ...ended,
    exitStatus,
    denied,
    gaps,
    oomKills: usage.oomKills ?? 0,
    leftBehind: destroyed.leftBehind,
    ...(changed !== undefined && { changed }),
    ...(destroyed.notKept !== undefined && { notKept: destroyed.notKept }),
  };
}

const MOST_KEPT = 20;

async function changedIn(state: StateFolder, run: RunFolder, folder: string): Promise<Changed | undefined> {
  if (!hasKept(run)) return undefined;
  dropOldChanges(state, MOST_KEPT);
  const listed = await listChanges(folder, keptAt(run));
  if (!listed.ok) return undefined;
  const count = (kind: string): number => listed.value.filter((change) => change.kind === kind).length;
  return { added: count('added'), modified: count('modified'), deleted: count('deleted') };
}

interface Ended {
  readonly exit: ProcessExit;
  readonly timedOut: boolean;
  readonly broken?: Refusal;
}

async function follow(
  cell: Cell,
  process: RunningProcess,
  streams: ExecStreams,
  timeoutMs: number,
): Promise<Ended> {
  let timedOut = false;
  const timers = [
    setTimeout(() => {
      timedOut = true;
      process.signal('SIGTERM');
      timers.push(setTimeout(() => process.signal('SIGKILL'), KILL_AFTER_MS));
    }, timeoutMs),
  ];
  let broken: Refusal | undefined;
  const fell = cell.broken.then((why): ProcessExit => {
    broken = why;
    process.signal('SIGKILL');
    return { code: null, signal: 'SIGKILL' };
  });
  process.stdin.on('error', () => undefined);
  streams.stdin.pipe(process.stdin);
  const flowing = [carry(process.stdout, streams.stdout), carry(process.stderr, streams.stderr)];
  const exit = await Promise.race([process.exited, fell]);
  if (broken === undefined) await cell.leftRunning();
  // What it left in the background ends with it, and so do the streams.
  await cell.sandbox.killLeftovers(true);
  await Promise.all(flowing);
  streams.stdin.unpipe(process.stdin);
  for (const timer of timers) clearTimeout(timer);
  return { exit, timedOut, ...(broken !== undefined && { broken }) };
}

/** Passes bytes on as they come, at the pace of whoever reads; a reader that has gone ends nothing but its own part. */
function carry(from: Readable, to: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    from.on('data', (chunk: Buffer) => {
      if (to.writable && !to.write(chunk)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    });
    to.on('error', () => from.resume());
    from.on('error', () => resolve());
    from.on('close', () => resolve());
  });
}

async function begin(record: RunRecord, run: RunFolder, request: ExecRequest): Promise<void> {
  await record.write({
    type: 'run.started',
    run: run.id,
    command: 'exec',
    version: request.version,
    directory: request.workdir,
    argv: request.argv,
    runner: { kernel: release(), architecture: arch() },
    policy: request.policy,
  });
  await record.write({ type: 'job.started', job: JOB, name: request.argv[0] });
  await record.write({
    type: 'zone.decided',
    job: JOB,
    zone: request.controls.zone,
    because: request.because,
    facts: request.facts,
    controls: { ...request.controls, allow: request.allow },
  });
}

async function end(
  record: RunRecord,
  request: ExecRequest,
  result: {
    readonly verdict: Verdict;
    readonly exitStatus: number;
    readonly denied: number;
    readonly gaps: number;
    readonly started: number;
  },
): Promise<void> {
  const { verdict, exitStatus, denied, gaps, started } = result;
  await record.write({
    type: 'run.finished',
    verdict,
    exitStatus,
    denied,
    gaps,
    durationMs: Date.now() - started,
    zones: [request.controls.zone],
  });
  await record.close();
}
