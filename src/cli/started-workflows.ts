import { err, ok, type Refusal, refusal, type Result } from '../base/index.ts';
import type { RunEvent } from '../engine/index.ts';
import {
  matchesEvent,
  type Portion,
  readWorkflow,
  unsupported,
  wantedJobs,
  type Workflow,
} from '../workflow/index.ts';
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

/**
 * Those of the files that the event starts. Fails with everything that would keep one of them from being run as it is
 * written, before any is: nothing is skipped unless it was left out by name.
 */
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
  const lacking = found.filter(({ workflow }) => unsupported(workflow, wanted).length > 0);
  if (lacking.length === 0) return ok(found);
  const whole = found.filter((one) => !lacking.includes(one)).map(({ path }) => path);
  const refused = lacking.flatMap(({ workflow }) => unsupported(workflow, wanted));
  if (whole.length === 0) return err(refused);
  const why = `of ${found.length} workflows, ${lacking.length} cannot be run here`;
  return err([...refused, refusal('usage', 'run/some', why, `name one that can: ${whole.join(', ')}`)]);
}
