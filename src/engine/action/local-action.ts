import { type Refusal, type Result, err, ok, refusal } from '../../base/index.ts';
import { readJobFile } from '../../sandbox/index.ts';
import {
  type ActionMetadata,
  type ContextValue,
  evaluateCondition,
  evaluateText,
  readActionMetadata,
  type Step,
} from '../../workflow/index.ts';
import type { Scope } from '../job/job-state.ts';
import { type ActionState, failedStep, runJobProcess } from '../step/job-process.ts';
import type { StepFrame, StepWork } from '../step/step-context.ts';
import { chooseNode } from './host-tools.ts';

const MAX_METADATA = 1_048_576;
/** GitHub's runner: composite actions may nest this deep. */
const MAX_DEPTH = 9;

/** Runs an action that lies in the workspace. Its files are the job's: metadata is read as untrusted input. */
export async function runLocalAction(
  path: string,
  inputs: ReadonlyMap<string, string>,
  frame: StepFrame,
): Promise<StepWork> {
  const { context } = frame;
  const folder = path.replace(/^\.\//, '').replace(/\/+$/, '');
  const metadata = await readMetadata(folder, frame);
  if (!metadata.ok) return failedStep(frame, metadata.error);
  const values = await inputValues(metadata.value, inputs, frame);
  if (!values.ok) return failedStep(frame, values.error);
  const actionPath = folder === '' ? context.folders.workspace : `${context.folders.workspace}/${folder}`;
  const { runs } = metadata.value;
  return runs.using === 'composite'
    ? runComposite(metadata.value, runs.steps, values.value, actionPath, frame)
    : runNode(runs, values.value, actionPath, frame);
}

async function readMetadata(folder: string, frame: StepFrame): Promise<Result<ActionMetadata, Refusal>> {
  const root = frame.context.cell.sandbox.workspace.mergedHostPath;
  for (const name of ['action.yml', 'action.yaml']) {
    const label = folder === '' ? name : `${folder}/${name}`;
    const read = await readJobFile(root, label, { maxBytes: MAX_METADATA });
    if (!read.ok) return read;
    if (read.value === undefined) continue;
    const parsed = await readActionMetadata(label, read.value);
    if (parsed.ok) return parsed;
    const first = parsed.error[0];
    return err(
      first ?? refusal('usage', 'action/metadata', `${label} is not action metadata`, 'mend the file'),
    );
  }
  return err(
    refusal(
      'usage',
      'action/missing',
      `there is no action.yml in ./${folder}`,
      'check the repository out before the step, and see that the path is right',
    ),
  );
}

async function inputValues(
  metadata: ActionMetadata,
  given: ReadonlyMap<string, string>,
  frame: StepFrame,
): Promise<Result<Readonly<Record<string, string>>, Refusal>> {
  const values: Record<string, string> = {};
  const contexts = frame.context.state.contexts(frame.scope, frame.environment);
  for (const input of metadata.inputs) {
    const own = given.get(input.name.toLowerCase());
    if (own !== undefined) values[input.name] = own;
    else if (input.default !== undefined) {
      const { default: text } = input;
      const evaluated = await frame.context.evaluate(frame.id, (functions) =>
        evaluateText(text, contexts, functions),
      );
      if (!evaluated.ok) return evaluated;
      values[input.name] = evaluated.value;
    } else values[input.name] = '';
  }
  for (const [name, value] of given) {
    if (metadata.inputs.some((input) => input.name.toLowerCase() === name)) continue;
    frame.context.annotate(frame.id, {
      level: 'warning',
      message: `Unexpected input ${name}`,
      properties: {},
    });
    values[name] = value;
  }
  return ok(values);
}

async function runComposite(
  metadata: ActionMetadata,
  steps: readonly Step[],
  inputs: Readonly<Record<string, ContextValue>>,
  actionPath: string,
  frame: StepFrame,
): Promise<StepWork> {
  const { context, scope: outer } = frame;
  if (outer.depth >= MAX_DEPTH) {
    return failedStep(
      frame,
      refusal(
        'limit',
        'action/depth',
        `composite actions nest deeper than ${MAX_DEPTH}`,
        'call fewer actions from actions',
      ),
    );
  }
  const scope: Scope = {
    steps: new Map(),
    inputs,
    environment: new Map([...outer.environment, ...frame.environment]),
    actionPath,
    depth: outer.depth + 1,
    prefix: `${frame.id}.`,
    status: 'success',
  };
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), frame.timeoutMs);
  const before = context.state.status;
  await context.runSteps(steps, scope, { ...context, signal: AbortSignal.any([frame.signal, late.signal]) });
  clearTimeout(timer);
  if (late.signal.aborted && !frame.signal.aborted) {
    // Its time was up, and nobody cancelled the job.
    context.state.status = before;
    await context.limitHit('stepTimeoutMs', frame.timeoutMs, frame.id);
    return { outcome: 'failure', outputs: {} };
  }
  const outputs: Record<string, string> = {};
  for (const output of metadata.outputs) {
    if (output.value === undefined) continue;
    const { value: from } = output;
    const value = await context.evaluate(frame.id, ({ work }) =>
      evaluateText(from, context.state.contexts(scope), { work }),
    );
    if (!value.ok) return failedStep(frame, value.error);
    outputs[output.name] = value.value;
  }
  return { outcome: scope.status, outputs };
}

type NodeRuns = Extract<ActionMetadata['runs'], { readonly using: 'node' }>;

async function runNode(
  runs: NodeRuns,
  inputs: Readonly<Record<string, string>>,
  actionPath: string,
  frame: StepFrame,
): Promise<StepWork> {
  const { context } = frame;
  const tool = chooseNode(context.tools, `>=${runs.version}`);
  if (!tool.ok) return failedStep(frame, tool.error);
  const node = `${tool.value.binDirectory}/node`;
  const carried: ActionState = { state: {} };
  const environment = Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [
      `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
      value,
    ]),
  );
  const phase = (script: string, name: string, signal: AbortSignal): Promise<StepWork> =>
    runJobProcess(
      { ...frame, signal },
      [node, `${actionPath}/${script}`],
      context.folders.workspace,
      `${frame.id}-${name}`,
      {
        ...environment,
        GITHUB_ACTION_PATH: actionPath,
        ...Object.fromEntries(Object.entries(carried.state).map(([key, value]) => [`STATE_${key}`, value])),
      },
      carried,
    );
  // The files of a local action are not there before the checkout, when `pre` would run.
  if (runs.pre !== undefined)
    context.annotate(frame.id, {
      level: 'warning',
      message: 'pre is not run: GitHub does not run it for a local action either',
      properties: {},
    });
  const { post } = runs;
  if (post !== undefined) {
    context.post.push({
      id: `${frame.id}.post`,
      name: `Post ${frame.id}`,
      wanted: () =>
        context.evaluate(`${frame.id}.post`, (functions) =>
          evaluateCondition(
            runs.postIf ?? ALWAYS,
            { ...context.state.contexts(frame.scope, frame.environment), inputs },
            { status: context.state.status },
            functions,
          ),
        ),
      run: async (signal) => (await phase(post, 'post', signal)).outcome,
    });
  }
  return phase(runs.main, 'main', frame.signal);
}

const ALWAYS = { text: 'always()', at: {} };
