import { err, ok, type Refusal, refusal, type Result } from '../base/index.ts';
import { type RunEvent, type Runnable, runnable } from '../engine/index.ts';
import { matchesEvent, type Portion, readWorkflow, wantedJobs, type Workflow } from '../workflow/index.ts';
import { pairs } from './options.ts';
import type { WorkflowFile } from './workflow-source.ts';

/** The options that say what of a workflow to run. */
export const PORTION_OPTIONS = {
  job: { type: 'string' },
  matrix: { type: 'string', multiple: true },
} as const;

export function portion(values: {
  readonly job?: string;
  readonly matrix?: readonly string[];
}): Result<Portion, Refusal> {
  const matrix = pairs('matrix', values.matrix ?? []);
  if (!matrix.ok) return matrix;
  return ok({ matrix: matrix.value, ...(values.job !== undefined && { only: values.job }) });
}

export interface StartedWorkflow extends WorkflowFile {
  readonly workflow: Workflow;
}

export function matched(workflow: Workflow, event: RunEvent): ReturnType<typeof matchesEvent> {
  const { name, action, ref, baseRef } = event;
  return matchesEvent(workflow, {
    name,
    ref,
    ...(action !== undefined && { action }),
    ...(baseRef !== undefined && { baseRef }),
  });
}

/** Those of the files that the event starts. Fails when one cannot be read, and when there is none. */
export async function startedWorkflows(
  files: readonly WorkflowFile[],
  event: RunEvent,
  wanted: Portion,
): Promise<Result<readonly StartedWorkflow[], readonly Refusal[]>> {
  const found: StartedWorkflow[] = [];
  const only = wanted.only;
  for (const file of files) {
    const read = await readWorkflow(file.path, file.bytes);
    if (!read.ok) return read;
    const workflow = read.value;
    const { run, why } = matched(workflow, event);
    if (!run && files.length === 1) {
      const events = [...new Set(workflow.events.map((one) => one.event))].join(', ');
      return err([
        refusal('usage', 'run/event', `${file.path}: ${why}`, `use --event with one of ${events}`),
      ]);
    }
    // Of several, those without the job are not meant; of one, the engine says that it has none.
    const meant = files.length === 1 || only === undefined || wantedJobs(workflow, only).size > 0;
    if (run && meant) found.push({ ...file, workflow });
  }
  if (found.length === 0) {
    const what = only === undefined ? '' : ` and has the job ${JSON.stringify(only)}`;
    const fix = only === undefined ? 'name another event with --event' : 'name another with --job or --event';
    return err([refusal('usage', 'run/event', `no workflow here runs on ${event.name}${what}`, fix)]);
  }
  return ok(found);
}

export interface RunnableWorkflow extends StartedWorkflow {
  readonly runnable: Runnable;
}

/** Fails with everything that would keep one of the workflows from being run as it is written, before any is. */
export async function runnableWorkflows(
  found: readonly StartedWorkflow[],
  wanted: Portion,
  request: Parameters<typeof runnable>[3],
): Promise<Result<readonly RunnableWorkflow[], readonly Refusal[]>> {
  const whole: RunnableWorkflow[] = [];
  const refused: Refusal[] = [];
  for (const one of found) {
    const looked = await runnable(one.workflow, jobsMeant(one.workflow, wanted), wanted, request);
    if (looked.ok) whole.push({ ...one, runnable: looked.value });
    else refused.push(...looked.error);
  }
  if (refused.length === 0) return ok(whole);
  if (whole.length === 0) return err(refused);
  const why = `of ${found.length} workflows, ${found.length - whole.length} cannot be run here`;
  const others = whole.map(({ path }) => path).join(', ');
  return err([...refused, refusal('usage', 'run/some', why, `name one that can: ${others}`)]);
}

/** The jobs that are to run: all, or one with what it needs. */
export function jobsMeant(workflow: Workflow, { only }: Portion): Workflow['jobs'] {
  const meant = only === undefined ? undefined : wantedJobs(workflow, only);
  return workflow.jobs.filter(({ id }) => meant === undefined || meant.has(id));
}
