import { randomBytes } from 'node:crypto';
import { arch, availableParallelism, release, totalmem } from 'node:os';
import { openRecord, type RunRecord, type Verdict } from '../../audit/index.ts';
import {
  err,
  ok,
  type Refusal,
  REFUSAL_STATUS,
  refusal,
  type Result,
  sha256,
  ulid,
} from '../../base/index.ts';
import { createRun, finishRun, type RunFolder, type StateFolder } from '../../store/index.ts';
import {
  type EvaluationWork,
  evaluateCondition,
  type Job,
  type MatrixChoice,
  wantedJobs,
  type Workflow,
} from '../../workflow/index.ts';
import type { RunObserver } from '../cell/journal.ts';
import { reapAbandoned } from '../cell/reap-abandoned.ts';
import { refusedWhenLost } from '../cell/record-lost.ts';
import { type Dispatched, dispatchInputs } from '../event/dispatch-inputs.ts';
import type { RunEvent } from '../event/event.ts';
import type { RootImage } from '../../sandbox/index.ts';
import type { LocalRepository } from '../repository/local-repository.ts';
import type { AllowEntry } from '../../config/index.ts';
import { type AskedIsolation, settleControls, type ZoneId } from '../../zone/index.ts';
import { clientSetup } from '../exec/client-setup.ts';
import { signalStatus } from '../exec/exit-status.ts';
import { type GraphOwner, type JobOutcome, runJobGraph } from '../schedule/job-graph.ts';
import type { RunPolicy } from '../trust/policy.ts';
import { type JobZone, zonesOf } from '../trust/job-zones.ts';
import { LivePolicy } from '../trust/live-policy.ts';
import { localFacts } from '../trust/local-facts.ts';
import type { JobRules } from '../rules/run-rules.ts';
import { workflowRules } from '../rules/workflow-rules.ts';
import { gateJudgement, refusedByGate } from './gate-before.ts';
import { refusedByLock } from './lock-before.ts';
import { legsOf } from './job-legs.ts';
import { planContexts } from './prepare-job.ts';
import type { ApproveJob, RunGround } from './run-ground.ts';
import { runJob } from './run-job.ts';
import type { Runnable } from './runnable.ts';

export interface RunRequest {
  readonly repository: LocalRepository;
  readonly event: RunEvent;
  readonly workflow: Workflow;
  readonly workflowPath: string;
  readonly workflowBytes: Uint8Array;
  /** Only this job, and what it needs. */
  readonly only?: string;
  /** Which combinations of a matrix to run; empty for all. */
  readonly matrix: MatrixChoice;
  readonly policy: RunPolicy;
  /** `--zone`: may lower, never raise. */
  readonly zone?: ZoneId;
  /** `--isolation`, `--runtime`. */
  readonly isolation: AskedIsolation;
  /** What every job's root is made of; absent: the host's `/usr`. */
  readonly image?: RootImage;
  /** Values for secrets, by name in upper case; each goes only to jobs whose zone names it. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly approve: ApproveJob;
  /** `--config`: the operator's file, when it is not in its usual place. */
  readonly config?: string;
  /** What the operator allows beyond the zone, for this run. */
  readonly allow: readonly AllowEntry[];
  /** That all of it can be run was looked at before. */
  readonly runnable: Runnable;
  /** What all evaluations of the command may take together. */
  readonly work: EvaluationWork;
  readonly outside: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** Whether a denial makes the exit status of a run that went well another. */
  readonly strict: boolean;
}

export interface RunOutcome {
  readonly run: RunFolder;
  readonly verdict: Verdict;
  readonly jobs: ReadonlyMap<string, JobOutcome>;
  /** What the record says, and the process ends with. */
  readonly exitStatus: number;
  readonly denied: number;
  readonly gaps: number;
  /** The first reason, when the verdict is `refused`. */
  readonly refusal?: Refusal;
}

/** Runs a workflow's jobs, each in a sandbox of its own, and closes the run's record. */
export async function runWorkflow(
  request: RunRequest,
  state: StateFolder,
  observer: RunObserver,
  signals: { readonly cancel: AbortSignal; readonly kill: AbortSignal },
): Promise<Result<RunOutcome, Refusal>> {
  const jobs = chosenJobs(request.workflow, request.only);
  if (!jobs.ok) return jobs;
  const dispatched = dispatchInputs(request.event, request.workflow);
  if (!dispatched.ok) return dispatched;
  const facts = await localFacts(request.repository, request.event, request.policy.trust);
  const zones = await zonesOf(jobs.value, {
    ...request,
    facts,
    ...(request.zone && { asked: request.zone }),
  });
  if (!zones.ok) return zones;
  const refused = (await refusedByLock(request)) ?? (await refusedByGate(request, zones.value));
  if (refused !== undefined) return err(refused);
  const rules = await workflowRules(request, zones.value, () => gateJudgement(request));
  if (!rules.ok) return rules;
  await reapAbandoned(state);
  return refusedWhenLost(async () => {
    const run = createRun(state, ulid(Date.now(), randomBytes(10)));
    try {
      const granted = { zones: zones.value, rules: rules.value };
      return await runJobs(request, jobs.value, dispatched.value, granted, run, state, observer, signals);
    } finally {
      finishRun(run);
    }
  });
}

/** Runs the jobs that were chosen, and closes the run's record. Throws `RecordLost`, when nothing runs any more. */
async function runJobs(
  request: RunRequest,
  jobs: readonly Job[],
  dispatched: Dispatched,
  {
    zones,
    rules,
  }: { readonly zones: ReadonlyMap<string, JobZone>; readonly rules: ReadonlyMap<string, JobRules> },
  run: RunFolder,
  state: StateFolder,
  observer: RunObserver,
  signals: { readonly cancel: AbortSignal; readonly kill: AbortSignal },
): Promise<Result<RunOutcome, Refusal>> {
  const started = Date.now();
  const record = openRecord({
    directory: run.record,
    keysFolder: state.keys,
    runId: run.id,
    now: () => new Date(),
    watch: (event) => observer.event(event),
  });
  const { repository, workflow } = request;
  const { event, inputs } = dispatched;
  await record.write({
    type: 'run.started',
    run: run.id,
    command: 'run',
    version: request.version,
    repository: event.repository,
    directory: repository.directory,
    ref: event.ref,
    commit: event.sha,
    actor: event.actor,
    event: event.name,
    workflow: { name: workflow.name, path: request.workflowPath, digest: sha256(request.workflowBytes) },
    runner: { kernel: release(), architecture: arch() },
    policy: policyNamed(request.policy),
  });
  const lost = new AbortController();
  const kill = AbortSignal.any([signals.kill, lost.signal]);
  const cancel = AbortSignal.any([signals.cancel, lost.signal]);
  const live = livePolicy(request, record);
  const ground: RunGround = {
    runId: run.id,
    workflow,
    workflowPath: request.workflowPath,
    repository,
    event,
    zones,
    rules,
    secrets: request.secrets,
    approve: request.approve,
    kill,
    tools: request.runnable.tools,
    searchPath: request.runnable.searchPath,
    image: request.image,
    journal: record,
    live,
    observer,
    logs: run.logs,
    scratch: run.scratch,
    inputs,
    work: request.work,
    matrix: request.matrix,
    counts: { denied: 0, gaps: 0, failed: 0, stopped: 0 },
    refusals: [],
  };
  let failure: unknown;
  const failed = (error: unknown): void => {
    failure ??= error;
    lost.abort();
  };
  const outcomes = await runJobGraph(jobs, owner(ground, failed), availableParallelism(), cancel);
  await live.stop();
  // Every job has ended and closed its sandbox by now.
  if (failure !== undefined) {
    await record.close().catch(() => undefined);
    throw failure;
  }
  const verdict = verdictOf(outcomes, ground, signals.cancel.aborted);
  const [first] = ground.refusals;
  const exitStatus = runStatus(verdict, first, ground.counts.denied, request.strict, signals.cancel);
  await record.write({
    type: 'run.finished',
    verdict,
    exitStatus,
    denied: ground.counts.denied,
    gaps: ground.counts.gaps,
    durationMs: Date.now() - started,
    zones: [...new Set([...zones.values()].map((granted) => granted.zone))],
  });
  await record.close();
  return ok({
    run,
    verdict,
    exitStatus,
    jobs: outcomes,
    ...ground.counts,
    ...(verdict === 'refused' && first !== undefined && { refusal: first }),
  });
}

/** `cancel.reason`: the signal that ended the run. */
function runStatus(
  verdict: Verdict,
  first: Refusal | undefined,
  denied: number,
  strict: boolean,
  cancel: AbortSignal,
): number {
  switch (verdict) {
    case 'cancelled':
      return signalStatus(String(cancel.reason));
    case 'refused':
      return REFUSAL_STATUS[first?.kind ?? 'defect'];
    case 'stopped':
      return REFUSAL_STATUS.limit;
    case 'failed':
      return 1;
    default:
      return strict && denied > 0 ? REFUSAL_STATUS.limit : 0;
  }
}

/** The operator's file, in the place of the one that the run began with; the repository's own stay as they were. */
function livePolicy(request: RunRequest, record: RunRecord): LivePolicy {
  const { policy, repository, outside, allow, config } = request;
  const machine = { memoryBytes: totalmem(), cpus: availableParallelism() };
  const began = policy.files.find(({ origin }) => origin === 'operator');
  const others = policy.files.filter(({ origin }) => origin !== 'operator');
  return new LivePolicy({
    source: {
      environment: outside,
      notIn: repository.directory,
      ...(config !== undefined && { named: config }),
      ...(began !== undefined && { began }),
    },
    settle: async (operator, zone) => {
      const { egress } = settleControls(zone, machine, [operator, ...others]).controls;
      const clients = await clientSetup(allow, egress.allow, outside, repository.directory);
      return clients.ok ? ok({ ...egress, allow: clients.value.allow }) : clients;
    },
    write: (event) => record.write(event),
  });
}

function policyNamed(policy: RunPolicy) {
  const files = policy.files.map(({ origin, path, digest }) => ({ origin, path, digest }));
  return files.length === 0 ? { source: 'defaults' } : { source: 'cofferdam.yaml', files };
}

/** `refused` when jobs failed only because they were not let run, or because they needed one of those. */
function verdictOf(
  outcomes: ReadonlyMap<string, JobOutcome>,
  ground: RunGround,
  cancelled: boolean,
): Verdict {
  const conclusions = [...outcomes.values()].map((outcome) => outcome.conclusion);
  if (cancelled) return 'cancelled';
  // Nobody cancelled the run: of a cancelled job the time was up, or another leg of its matrix failed.
  if (conclusions.includes('failure') || conclusions.includes('cancelled')) {
    const { failed, stopped } = ground.counts;
    if (failed === 0 && stopped > 0) return 'stopped';
    return failed === 0 && ground.refusals.length > 0 && !conclusions.includes('cancelled')
      ? 'refused'
      : 'failed';
  }
  return ground.counts.denied > 0 ? 'contained' : 'passed';
}

function chosenJobs(workflow: Workflow, only: string | undefined): Result<readonly Job[], Refusal> {
  if (only === undefined) return ok(workflow.jobs);
  const wanted = wantedJobs(workflow, only);
  if (wanted.size > 0) return ok(workflow.jobs.filter((job) => wanted.has(job.id)));
  const names = workflow.jobs.map((job) => job.id).join(', ');
  return err(
    refusal(
      'usage',
      'run/job',
      `there is no job ${JSON.stringify(only)} in ${workflow.path}`,
      `use one of ${names}`,
    ),
  );
}

function owner(ground: RunGround, failed: (error: unknown) => void): GraphOwner {
  return {
    wanted: (job, needs, status) =>
      evaluateCondition(job.if, planContexts(ground, needs, job.id), { status }, ground),
    legs: (job, needs) => legsOf(ground, job, needs),
    run: async (leg, needs, signal) => {
      try {
        return await runJob(ground, leg, needs, signal);
      } catch (error) {
        failed(error);
        return { conclusion: 'failure', outputs: {}, tolerated: false };
      }
    },
    refused: (job, why) => {
      ground.refusals.push(why);
      void ground.journal.write({
        type: 'policy.refused',
        job: job.id,
        rule: why.rule,
        why: why.why,
        fix: why.fix,
      });
    },
    skipped: (job) => {
      void ground.journal.write({ type: 'job.finished', job: job.id, result: 'skipped', durationMs: 0 });
    },
  };
}
