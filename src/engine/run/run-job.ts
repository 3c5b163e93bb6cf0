import { join } from 'node:path';
import type { Refusal } from '../../base/index.ts';
import { Masker } from '../../secrets/index.ts';
import { type Cell, openCell } from '../cell/open-cell.ts';
import { sandboxFolder } from '../cell/sandbox-folder.ts';
import { jobOutputs } from '../job/job-outputs.ts';
import { jobScope } from '../job/job-state.ts';
import type { Leg, LegResult, Needs } from '../schedule/job-graph.ts';
import { JobLog } from '../step/job-log.ts';
import { runPosts } from '../step/run-posts.ts';
import { runSteps } from '../step/run-steps.ts';
import { resultDocument } from '../rules/result-document.ts';
import { approvalFor } from './approval.ts';
import { jobSecrets, requestedSecrets } from './job-secrets.ts';
import { stepContext } from './job-step-context.ts';
import type { JobZone } from '../trust/job-zones.ts';
import { maskedJournal } from './masked-journal.ts';
import { Stops } from './stops.ts';
import { EVENT_PATH, type Prepared, prepareJob } from './prepare-job.ts';
import type { RunGround } from './run-ground.ts';

/** How long steps that run always, and posts, have after a cancellation or the end of the job's time; as on GitHub. */
const GRACE_MS = 300_000;

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
  const granted = ground.zones.get(leg.job.id);
  if (granted === undefined) throw new Error(`no zone was decided for job ${leg.job.id}`);
  await journal.write({
    type: 'zone.decided',
    job: leg.id,
    zone: granted.zone,
    because: granted.because,
    facts: granted.facts,
    controls: { ...granted.controls, allow: granted.clients.allow },
    ...(granted.refusedWidening.length > 0 && { refusedWidening: granted.refusedWidening }),
  });
  const approved = await approvalFor(ground, leg, granted);
  if (!approved.ok) return refuse(ground, leg, approved.error, started);
  if (granted.waiver !== undefined)
    await journal.write(
      { type: 'waiver.used', job: leg.id, kind: 'privileged', ...granted.waiver },
      { durable: true },
    );
  const requested = requestedSecrets(ground.workflow, leg.job);
  const secrets = jobSecrets(requested, granted.controls, ground.secrets);
  const masker = new Masker();
  const known = new Masker();
  for (const value of Object.values(secrets.delivered)) {
    const hidden = masker.add(value);
    if (!hidden.ok) return refuse(ground, leg, hidden.error, started);
    known.add(value);
  }
  const prepared = await prepareJob(ground, leg, needs, granted, secrets.delivered);
  if (!prepared.ok) return refuse(ground, leg, masked(prepared.error, known), started);
  const { folders, checkout } = prepared.value;
  for (const { name, why } of secrets.withheld) {
    await journal.write({ type: 'secret.withheld', job: leg.id, name, why });
  }
  for (const name of Object.keys(secrets.delivered)) {
    await journal.write({ type: 'secret.delivered', job: leg.id, name });
  }
  const rules = ground.rules.get(leg.job.id);
  const stops = new Stops(granted.controls.limits);
  const noted = maskedJournal(stops.noting(journal), known);
  const opened = await openCell({
    runId: ground.runId,
    jobId: leg.id,
    controls: granted.controls,
    root: ground.image?.root ?? { kind: 'host' },
    workspace: {
      path: folders.workspace,
      ...(checkout !== undefined && { source: checkout.tree, owned: true }),
    },
    readPaths: ground.tools.flatMap((tool) => tool.mount ?? []),
    writePaths: [],
    files: [...granted.clients.files, { path: EVENT_PATH, content: JSON.stringify(ground.event.payload) }],
    temporary: [folders.temp],
    hostname: 'sandbox',
    clientEnvironment: granted.clients.environment,
    allow: granted.clients.allow,
    ...(granted.clients.inspection !== undefined && { inspection: granted.clients.inspection }),
    ...(granted.proxy !== undefined && { proxy: granted.proxy }),
    ...(rules?.during !== undefined && { rules: rules.during }),
    resolver: { kind: 'system' },
    scratch: sandboxFolder(ground.runId, leg.id),
    journal: noted,
  });
  if (!opened.ok) return refuse(ground, leg, opened.error, started);
  const leave = await ground.live.join({
    jobId: leg.id,
    zone: granted.zone,
    narrow: (policy) => opened.value.narrow(policy),
  });
  try {
    const quiet = { ...ground, journal: noted };
    const ended = await runInCell(quiet, leg, granted, prepared.value, masker, opened.value, started, signal);
    const { fell, denied, ...result } = ended;
    if (!result.tolerated && result.conclusion !== 'success') {
      if (fell || stops.any) ground.counts.stopped += 1;
      else if (result.conclusion === 'failure' && !denied) ground.counts.failed += 1;
    }
    return result;
  } finally {
    leave();
    await opened.value.close();
  }
}

/**
 * The job itself, once its sandbox and its gateway are armed; `fell` when one of its walls did not stand to the end, `denied`
 * when a rule of the user's own does not let it pass. Whatever
 * it throws, the caller closes the cell.
 */
async function runInCell(
  ground: RunGround,
  leg: Leg,
  granted: JobZone,
  prepared: Prepared,
  masker: Masker,
  cell: Cell,
  started: number,
  signal: AbortSignal,
): Promise<LegResult & { readonly fell: boolean; readonly denied: boolean }> {
  const { journal } = ground;
  const { state, folders, checkout, tolerated, timeoutMs } = prepared;
  const log = await JobLog.open(
    join(ground.logs, `${leg.id}.log`),
    masker,
    ground.observer,
    leg.id,
    granted.controls.limits.logBytes,
  );
  const stop = new AbortController();
  const kill = new AbortController();
  const timer = setTimeout(() => stop.abort('timeout'), timeoutMs);
  let broken: Refusal | undefined;
  let fell = false;
  void cell.broken.then((why) => {
    broken = why;
    fell = true;
    stop.abort('broken');
    kill.abort();
    return undefined;
  });
  const ending = AbortSignal.any([signal, stop.signal]);
  let grace: NodeJS.Timeout | undefined;
  const allow = (): void => {
    grace = setTimeout(() => kill.abort(), GRACE_MS);
  };
  ending.addEventListener('abort', allow);
  const context = stepContext(
    ground,
    leg,
    granted,
    cell,
    state,
    folders,
    log,
    checkout,
    ending,
    AbortSignal.any([ground.kill, kill.signal]),
  );
  const scope = jobScope();
  try {
    await runSteps(leg.job.steps, scope, context);
    await runPosts(context);
  } finally {
    clearTimeout(timer);
    ending.removeEventListener('abort', allow);
    clearTimeout(grace);
    await log.close();
  }
  if (stop.signal.reason === 'timeout')
    await journal.write({
      type: 'limit.hit',
      job: leg.id,
      step: 'job',
      limit: 'jobTimeoutMs',
      value: timeoutMs,
    });
  const outputs = jobOutputs(leg, state, scope, (text) => log.masked(text), ground.work);
  if (!outputs.ok) broken ??= outputs.error;
  for (const name of outputs.ok ? outputs.value.dropped : []) {
    context.annotate('job', {
      level: 'warning',
      message: `The output ${name} is not handed on: it holds a masked value`,
      properties: {},
    });
  }
  const usage = await cell.sandbox.usage();
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
  // GitHub cancels a job whose time is up.
  const ended = stop.signal.reason === 'timeout' ? 'cancelled' : state.status;
  const walled = broken === undefined ? ended : 'failure';
  const denial = ground.rules.get(leg.job.id)?.after(resultDocument(walled, cell, started));
  if (denial !== undefined) {
    ground.refusals.push(denial);
    await journal.write({
      type: 'policy.refused',
      job: leg.id,
      rule: denial.rule,
      why: denial.why,
      fix: denial.fix,
    });
  }
  const conclusion = denial === undefined ? walled : 'failure';
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
    outputs: outputs.ok && denial === undefined ? outputs.value.values : {},
    // What a rule does not let pass is not tolerated by the workflow.
    tolerated: tolerated && conclusion === 'failure' && denial === undefined,
    fell,
    denied: denial !== undefined && walled === 'success',
  };
}

/** An expression that fails may say what it failed on. */
function masked(why: Refusal, secrets: Masker): Refusal {
  return { ...why, why: secrets.text(why.why), fix: secrets.text(why.fix) };
}

async function refuse(ground: RunGround, leg: Leg, why: Refusal, started: number): Promise<LegResult> {
  const { journal } = ground;
  ground.refusals.push(why);
  await journal.write({ type: 'policy.refused', job: leg.id, rule: why.rule, why: why.why, fix: why.fix });
  await journal.write({
    type: 'job.finished',
    job: leg.id,
    result: 'failure',
    durationMs: Date.now() - started,
  });
  return { conclusion: 'failure', outputs: {}, tolerated: false };
}
