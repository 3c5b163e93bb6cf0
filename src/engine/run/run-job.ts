import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { Masker } from '../../secrets/index.ts';
import {
  type ContextValue,
  evaluateText,
  evaluateValue,
  unsupportedRunsOn,
  type Workflow,
} from '../../workflow/index.ts';
import type { Controls } from '../../zone/index.ts';
import { type CheckoutDone, firstCheckout } from '../action/first-checkout.ts';
import type { HostTool } from '../action/host-tools.ts';
import type { Journal, RunObserver } from '../cell/journal.ts';
import { type Cell, openCell } from '../cell/open-cell.ts';
import { sandboxFolder } from '../cell/sandbox-folder.ts';
import type { RunEvent } from '../event/event.ts';
import { defaultEnvironment, githubContext, type JobFolders } from '../event/github-context.ts';
import type { ClientSetup } from '../exec/client-setup.ts';
import { JobState, jobScope } from '../job/job-state.ts';
import type { LocalRepository } from '../repository/local-repository.ts';
import type { Leg, LegResult, Needs } from '../schedule/job-graph.ts';
import { JobLog } from '../step/job-log.ts';
import { runSteps } from '../step/run-steps.ts';
import type { StepContext } from '../step/step-context.ts';
import { decideZone, secretNames } from './zone-facts.ts';

/** What all jobs of a run share. */
export interface RunGround {
  readonly runId: string;
  readonly workflow: Workflow;
  readonly workflowPath: string;
  readonly repository: LocalRepository;
  readonly event: RunEvent;
  readonly controls: Controls;
  readonly clients: ClientSetup;
  readonly tools: readonly HostTool[];
  readonly journal: Journal;
  readonly observer: RunObserver;
  readonly logs: string;
  readonly scratch: string;
  readonly inputs: ContextValue;
  readonly counts: { denied: number; gaps: number };
}

const HOME = '/home/runner';
const EVENT_PATH = '/opt/cofferdam/event.json';
const SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/cofferdam/bin';

function foldersOf(repository: string): JobFolders {
  const name = repository.split('/')[1] ?? 'repository';
  return {
    workspace: `${HOME}/work/${name}/${name}`,
    temp: `${HOME}/work/_temp`,
    toolCache: '/opt/hostedtoolcache',
    home: HOME,
    eventPath: EVENT_PATH,
  };
}

/** The contexts that exist before a job has a sandbox. */
export function planContexts(
  ground: Pick<RunGround, 'event' | 'runId' | 'workflow' | 'workflowPath' | 'inputs'>,
  needs: Needs,
  job: string,
) {
  const folders = foldersOf(ground.event.repository);
  const identity = {
    runId: ground.runId,
    workflowName: ground.workflow.name,
    workflowPath: ground.workflowPath,
    job,
  };
  return {
    github: githubContext(ground.event, identity, folders),
    needs: Object.fromEntries(
      [...needs].map(([id, outcome]) => [
        id,
        { result: outcome.conclusion, outputs: { ...outcome.outputs } },
      ]),
    ),
    inputs: ground.inputs,
    vars: {},
  };
}

/** Runs one leg of a job: zone, sandbox and gateway, steps, post steps, outputs, and everything gone again. */
export async function runJob(
  ground: RunGround,
  leg: Leg,
  needs: Needs,
  signal: AbortSignal,
): Promise<LegResult> {
  const started = Date.now();
  const { journal } = ground;
  await journal.write({ type: 'job.started', job: leg.id, name: leg.displayName });
  const zone = decideZone(ground.event);
  await journal.write({
    type: 'zone.decided',
    job: leg.id,
    zone: zone.zone,
    because: zone.because,
    facts: zone.facts,
    controls: { ...ground.controls, allow: ground.clients.allow },
  });
  const prepared = await prepare(ground, leg, needs);
  if (!prepared.ok) return refuse(ground, leg, prepared.error, started);
  const { state, folders, checkout, tolerated, timeoutMs } = prepared.value;
  for (const name of withheldNames(ground, leg)) {
    await journal.write({
      type: 'secret.withheld',
      job: leg.id,
      name,
      why: `jobs of the zone ${zone.zone} hold no secrets`,
    });
  }
  const opened = await openCell({
    runId: ground.runId,
    jobId: leg.id,
    controls: ground.controls,
    root: { kind: 'host' },
    workspace: { path: folders.workspace, ...(checkout !== undefined && { source: checkout.tree }) },
    readPaths: ground.tools.flatMap((tool) => tool.mount ?? []),
    writePaths: [],
    files: [...ground.clients.files, { path: EVENT_PATH, content: JSON.stringify(ground.event.payload) }],
    temporary: [folders.temp],
    hostname: 'sandbox',
    allow: ground.clients.allow,
    resolver: { kind: 'system' },
    scratch: sandboxFolder(ground.runId, leg.id),
    journal,
  });
  if (!opened.ok) return refuse(ground, leg, opened.error, started);
  const cell = opened.value;
  const log = await JobLog.open(
    join(ground.logs, `${leg.id}.log`),
    new Masker(),
    ground.observer,
    leg.id,
    ground.controls.limits.logBytes,
  );
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort('timeout'), timeoutMs);
  let broken: Refusal | undefined;
  void cell.broken.then((why) => {
    broken = why;
    stop.abort('broken');
    return undefined;
  });
  const context = stepContext(
    ground,
    leg,
    cell,
    state,
    folders,
    log,
    checkout,
    AbortSignal.any([signal, stop.signal]),
  );
  const scope = jobScope();
  await runSteps(leg.job.steps, scope, context);
  await runPosts(context);
  clearTimeout(timer);
  if (stop.signal.reason === 'timeout')
    await journal.write({
      type: 'limit.hit',
      job: leg.id,
      step: 'job',
      limit: 'jobTimeoutMs',
      value: timeoutMs,
    });
  const outputs = state.status === 'success' ? jobOutputs(leg, state, scope) : ok({});
  if (!outputs.ok) broken ??= outputs.error;
  const usage = await cell.sandbox.usage();
  await limitEvents(ground, leg, usage);
  await log.close();
  const destroyed = await cell.close();
  ground.counts.denied += cell.counts.denied;
  ground.counts.gaps += cell.counts.gaps;
  if (broken !== undefined)
    await journal.write({
      type: 'policy.refused',
      job: leg.id,
      rule: broken.rule,
      why: broken.why,
      fix: broken.fix,
    });
  const conclusion = broken !== undefined || stop.signal.reason === 'timeout' ? 'failure' : state.status;
  await journal.write({
    type: 'job.finished',
    job: leg.id,
    result: conclusion,
    durationMs: Date.now() - started,
    usage,
  });
  await journal.write({ type: 'sandbox.destroyed', job: leg.id, leftBehind: destroyed.leftBehind });
  return {
    conclusion,
    outputs: outputs.ok ? outputs.value : {},
    tolerated: tolerated && conclusion === 'failure',
  };
}

async function refuse(ground: RunGround, leg: Leg, why: Refusal, started: number): Promise<LegResult> {
  const { journal } = ground;
  await journal.write({ type: 'policy.refused', job: leg.id, rule: why.rule, why: why.why, fix: why.fix });
  await journal.write({
    type: 'job.finished',
    job: leg.id,
    result: 'failure',
    durationMs: Date.now() - started,
  });
  return { conclusion: 'failure', outputs: {}, tolerated: false };
}

interface Prepared {
  readonly state: JobState;
  readonly folders: JobFolders;
  readonly checkout: CheckoutDone | undefined;
  readonly tolerated: boolean;
  readonly timeoutMs: number;
}

async function prepare(ground: RunGround, leg: Leg, needs: Needs): Promise<Result<Prepared, Refusal>> {
  const { workflow, event, controls } = ground;
  const { job } = leg;
  const folders = foldersOf(event.repository);
  const base = planContexts(ground, needs, job.id);
  const architecture = process.arch === 'arm64' ? 'ARM64' : 'X64';
  const contexts = {
    ...base,
    matrix: leg.matrix,
    strategy: {
      'fail-fast': leg.failFast,
      'job-index': leg.index,
      'job-total': leg.total,
      'max-parallel': leg.maxParallel,
    },
    secrets: {},
    runner: {
      os: 'Linux',
      arch: architecture,
      name: 'cofferdam',
      temp: folders.temp,
      tool_cache: folders.toolCache,
      debug: '',
      environment: 'self-hosted',
      workspace: folders.workspace.slice(0, folders.workspace.lastIndexOf('/')),
    },
  };
  for (const label of job.runsOn) {
    const value = evaluateValue(label, contexts);
    if (!value.ok) return value;
    for (const word of Array.isArray(value.value) ? value.value : [value.value]) {
      const why = unsupportedRunsOn(String(word));
      if (why !== undefined)
        return err(refusal('usage', 'workflow/runs-on', why, 'use ubuntu-latest or a Linux label', label.at));
    }
  }
  const environment = new Map<string, string>();
  for (const { name, value } of [...workflow.env, ...job.env]) {
    const text = evaluateText(value, { ...contexts, env: Object.fromEntries(environment) });
    if (!text.ok) return text;
    environment.set(name, text.value);
  }
  const tolerated =
    job.continueOnError === undefined ? ok(false) : evaluateValue(job.continueOnError, contexts);
  if (!tolerated.ok) return tolerated;
  const minutes =
    job.timeoutMinutes === undefined ? ok(Number.NaN) : evaluateValue(job.timeoutMinutes, contexts);
  if (!minutes.ok) return minutes;
  const asked = Number(minutes.value) * 60_000;
  const state = new JobState(
    {
      ...contexts,
      secrets: {},
      defaults: {
        ...defaultEnvironment(base.github, folders, architecture),
        LANG: 'C.UTF-8',
        USER: 'runner',
        ...ground.clients.environment,
      },
      path: SEARCH_PATH,
    },
    environment,
  );
  const scratch = join(ground.scratch, leg.id);
  mkdirSync(scratch, { mode: 0o700 });
  const checkout = await firstCheckout(
    job.steps,
    state,
    ground.repository,
    event,
    join(scratch, 'first-checkout'),
    { bytes: controls.limits.workspaceBytes, files: controls.limits.workspaceInodes },
  );
  if (!checkout.ok) return checkout;
  return ok({
    state,
    folders,
    checkout: checkout.value,
    tolerated: tolerated.value === true || tolerated.value === 'true',
    timeoutMs:
      Number.isFinite(asked) && asked > 0
        ? Math.min(asked, controls.limits.jobTimeoutMs)
        : controls.limits.jobTimeoutMs,
  });
}

function stepContext(
  ground: RunGround,
  leg: Leg,
  cell: Cell,
  state: JobState,
  folders: JobFolders,
  log: JobLog,
  checkout: CheckoutDone | undefined,
  signal: AbortSignal,
): StepContext {
  let done = checkout;
  const { journal } = ground;
  return {
    jobId: leg.id,
    runSteps,
    cell,
    state,
    folders,
    limits: ground.controls.limits,
    journal,
    observer: ground.observer,
    log,
    annotate: (step, annotation) => {
      void journal.write({
        type: 'annotation',
        job: leg.id,
        step,
        level: annotation.level,
        message: annotation.message,
      });
    },
    summarise: async (_step, markdown) => {
      const { appendFile } = await import('node:fs/promises');
      await appendFile(join(ground.logs, `${leg.id}.summary.md`), `${markdown}\n`, { mode: 0o600 });
    },
    limitHit: (limit, value, step) => journal.write({ type: 'limit.hit', job: leg.id, step, limit, value }),
    repository: ground.repository,
    event: ground.event,
    checkedOut: {
      take: () => {
        const taken = done;
        done = undefined;
        return taken;
      },
    },
    tools: ground.tools,
    signal,
    scratch: join(ground.scratch, leg.id),
    post: [],
    defaults: [leg.job.defaults, ground.workflow.defaults],
  };
}

/** What actions left to be done at the end, last first; each is wanted by its own condition. */
async function runPosts(context: StepContext): Promise<void> {
  for (const post of context.post.toReversed()) {
    const wanted = post.wanted();
    if (!wanted.ok || !wanted.value) continue;
    const started = Date.now();
    context.cell.setStep(post.id);
    context.log.setStep(post.id);
    await context.journal.write({ type: 'step.started', job: context.jobId, step: post.id, name: post.name });
    const result = await post.run();
    if (result !== 'success') context.state.status = result;
    await context.journal.write({
      type: 'step.finished',
      job: context.jobId,
      step: post.id,
      name: post.name,
      result,
      durationMs: Date.now() - started,
    });
  }
}

function jobOutputs(
  leg: Leg,
  state: JobState,
  scope: ReturnType<typeof jobScope>,
): Result<Readonly<Record<string, string>>, Refusal> {
  const outputs: Record<string, string> = {};
  for (const { name, value } of leg.job.outputs) {
    const text = evaluateText(value, state.contexts(scope));
    if (!text.ok) return text;
    outputs[name] = text.value;
  }
  return ok(outputs);
}

function withheldNames(ground: RunGround, leg: Leg): readonly string[] {
  const texts = [
    ...[...ground.workflow.env, ...leg.job.env].map((assignment) => assignment.value.text),
    ...leg.job.steps.flatMap((step) => [
      ...step.env.map((assignment) => assignment.value.text),
      ...(step.kind === 'run' ? [step.run.text] : step.with.map((input) => input.value.text)),
    ]),
  ];
  return [...new Set(texts.flatMap(secretNames))].slice(0, 200);
}

async function limitEvents(
  ground: RunGround,
  leg: Leg,
  usage: { readonly oomKills?: number; readonly pidsRefused?: number },
): Promise<void> {
  const { limits } = ground.controls;
  if ((usage.oomKills ?? 0) > 0)
    await ground.journal.write({
      type: 'limit.hit',
      job: leg.id,
      step: 'job',
      limit: 'memoryBytes',
      value: limits.memoryBytes,
    });
  if ((usage.pidsRefused ?? 0) > 0)
    await ground.journal.write({
      type: 'limit.hit',
      job: leg.id,
      step: 'job',
      limit: 'pids',
      value: limits.pids,
    });
}
