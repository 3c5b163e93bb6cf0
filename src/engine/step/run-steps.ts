import { ok, type Refusal, type Result } from '../../base/index.ts';
import {
  type ContextValue,
  evaluateCondition,
  evaluateText,
  evaluateValue,
  type Step,
  type Text,
} from '../../workflow/index.ts';
import { runAction } from '../action/run-action.ts';
import type { Scope, StepRecord } from '../job/job-state.ts';
import { runScript } from './script.ts';
import type { StepContext, StepFrame } from './step-context.ts';

/**
 * Runs steps in order, each if its condition says so, and keeps what it left in its scope. A step that fails makes the
 * rest wait for a condition that asks for failures; nothing here throws for what a step does.
 */
export async function runSteps(steps: readonly Step[], scope: Scope, context: StepContext): Promise<void> {
  for (const step of steps) await runStep(step, scope, context);
}

async function runStep(step: Step, scope: Scope, context: StepContext): Promise<void> {
  const { state } = context;
  const id = `${scope.prefix}${step.id}`;
  const cancelled = (): boolean => context.signal.aborted;
  if (cancelled()) {
    state.status = 'cancelled';
    scope.status = 'cancelled';
  }
  const started = Date.now();
  const status = scope.depth > 0 ? scope.status : state.status;
  // A step's own variables are part of the `env` that its condition sees.
  const environment = await ownVariables(step, scope, id, context);
  const name = await displayName(step, scope, id, environment.ok ? environment.value : new Map(), context);
  if (!environment.ok) return refused(step, id, name, environment.error, scope, context);
  if (context.kill.aborted) return skipped(step, id, name, scope, context);
  const condition = await context.evaluate(id, (functions) =>
    evaluateCondition(step.if, state.contexts(scope, environment.value), { status }, functions),
  );
  if (!condition.ok) return refused(step, id, name, condition.error, scope, context);
  if (!condition.value) {
    return skipped(step, id, name, scope, context);
  }
  const prepared = await prepare(step, scope, id, environment.value, context);
  if (!prepared.ok) return refused(step, id, name, prepared.error, scope, context);
  context.cell.setStep(id);
  context.log.setStep(id);
  await context.journal.write({ type: 'step.started', job: context.jobId, step: id, name });
  const frame: StepFrame = {
    id,
    scope,
    environment: environment.value,
    timeoutMs: prepared.value.timeoutMs,
    context,
    // A step that asked to run although the job was cancelled is not ended by that at once.
    signal: cancelled() ? new AbortController().signal : context.signal,
  };
  const work = step.kind === 'run' ? await runScript(step, frame) : await runAction(step, frame);
  const tolerated = work.outcome === 'failure' && prepared.value.continueOnError;
  const conclusion = tolerated ? 'success' : work.outcome;
  keep(scope, step.id, { outputs: { ...work.outputs }, outcome: work.outcome, conclusion });
  settle(conclusion, scope, context);
  await context.cell.leftRunning();
  // Its processes are gone: what they had open is being closed, and is told before the step is.
  await context.cell.settled(CLOSING_MS);
  await context.journal.write({
    type: 'step.finished',
    job: context.jobId,
    step: id,
    name,
    result: work.outcome,
    ...(tolerated && { tolerated: true }),
    ...(work.exit !== undefined && { exit: work.exit }),
    durationMs: Date.now() - started,
  });
}

const CLOSING_MS = 500;

function settle(conclusion: 'success' | 'failure' | 'cancelled', scope: Scope, context: StepContext): void {
  if (conclusion === 'success') return;
  scope.status = conclusion;
  if (scope.depth === 0) context.state.status = conclusion;
}

async function skipped(
  step: Step,
  id: string,
  name: string,
  scope: Scope,
  context: StepContext,
): Promise<void> {
  keep(scope, step.id, { outputs: {}, outcome: 'skipped', conclusion: 'skipped' });
  await context.journal.write({
    type: 'step.finished',
    job: context.jobId,
    step: id,
    name,
    result: 'skipped',
    durationMs: 0,
  });
}

function keep(scope: Scope, id: string, record: StepRecord): void {
  scope.steps.set(id, record);
}

async function refused(
  step: Step,
  id: string,
  name: string,
  why: Refusal,
  scope: Scope,
  context: StepContext,
): Promise<void> {
  keep(scope, step.id, { outputs: {}, outcome: 'failure', conclusion: 'failure' });
  settle('failure', scope, context);
  await context.journal.write({
    type: 'policy.refused',
    job: context.jobId,
    step: id,
    rule: why.rule,
    why: why.why,
    fix: why.fix,
  });
  await context.journal.write({
    type: 'step.finished',
    job: context.jobId,
    step: id,
    name,
    result: 'failure',
    durationMs: 0,
  });
}

/** They are evaluated side by side: none sees another. */
async function ownVariables(
  step: Step,
  scope: Scope,
  id: string,
  context: StepContext,
): Promise<Result<ReadonlyMap<string, string>, Refusal>> {
  const contexts = context.state.contexts(scope);
  const variables = new Map<string, string>();
  for (const { name, value } of step.env) {
    const text = await context.evaluate(id, (functions) => evaluateText(value, contexts, functions));
    if (!text.ok) return text;
    variables.set(name, text.value);
  }
  return ok(variables);
}

interface Prepared {
  readonly timeoutMs: number;
  readonly continueOnError: boolean;
}

async function prepare(
  step: Step,
  scope: Scope,
  id: string,
  environment: ReadonlyMap<string, string>,
  context: StepContext,
): Promise<Result<Prepared, Refusal>> {
  const { state, limits } = context;
  const contexts = state.contexts(scope, environment);
  const value = async (text: Text | undefined): Promise<Result<ContextValue | undefined, Refusal>> =>
    text === undefined
      ? ok(undefined)
      : context.evaluate(id, (functions) => evaluateValue(text, contexts, functions));
  const minutes = await value(step.timeoutMinutes);
  if (!minutes.ok) return minutes;
  const tolerate = await value(step.continueOnError);
  if (!tolerate.ok) return tolerate;
  const asked = minutes.value === undefined ? Number.NaN : Number(minutes.value) * 60_000;
  return ok({
    timeoutMs:
      Number.isFinite(asked) && asked > 0 ? Math.min(asked, limits.stepTimeoutMs) : limits.stepTimeoutMs,
    continueOnError: tolerate.value === true || tolerate.value === 'true',
  });
}

const MAX_NAME = 120;

/** As GitHub shows it: the step's name, else `Run` and its first line. A hostile name is only text. */
async function displayName(
  step: Step,
  scope: Scope,
  id: string,
  environment: ReadonlyMap<string, string>,
  context: StepContext,
): Promise<string> {
  const contexts = context.state.contexts(scope, environment);
  const evaluated = async (text: Text): Promise<string> => {
    const value = await context.evaluate(id, (functions) => evaluateText(text, contexts, functions));
    return context.log.masked(value.ok ? value.value : text.text);
  };
  if (step.name !== undefined) return cut(await evaluated(step.name));
  if (step.kind === 'run') return cut(`Run ${(await evaluated(step.run)).trim().split('\n')[0] ?? ''}`);
  const { uses } = step;
  switch (uses.kind) {
    case 'local':
      return cut(`Run ${uses.path}`);
    case 'repository':
      return cut(
        `Run ${uses.owner}/${uses.repository}${uses.path === '' ? '' : `/${uses.path}`}@${uses.ref}`,
      );
    case 'docker':
      return cut(`Run docker://${uses.image}`);
  }
}

function cut(text: string): string {
  return text.length > MAX_NAME ? `${text.slice(0, MAX_NAME - 1)}…` : text;
}
