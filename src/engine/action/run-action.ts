import { type Refusal, type Result, err, ok, refusal } from '../../base/index.ts';
import { type ActionStep, evaluateText } from '../../workflow/index.ts';
import { failedStep } from '../step/job-process.ts';
import type { StepFrame, StepWork } from '../step/step-context.ts';
import { runCheckout } from './checkout.ts';
import { runLocalAction } from './local-action.ts';
import { runSetupNode } from './setup-node.ts';

/** Actions that are satisfied by ourselves, from the local repository and this machine's tools. */
const NATIVE: Readonly<
  Record<string, (inputs: ReadonlyMap<string, string>, frame: StepFrame) => Promise<StepWork>>
> = {
  'actions/checkout': runCheckout,
  'actions/setup-node': runSetupNode,
};

/** Runs a `uses` step. What is not supported was refused before the run; what slips through fails here, never passes. */
export async function runAction(step: ActionStep, frame: StepFrame): Promise<StepWork> {
  const inputs = await evaluateInputs(step, frame);
  if (!inputs.ok) return failedStep(frame, inputs.error);
  const { uses } = step;
  if (uses.kind === 'local') return runLocalAction(uses.path, inputs.value, frame);
  const name =
    uses.kind === 'repository' && uses.path === '' ? `${uses.owner}/${uses.repository}`.toLowerCase() : '';
  const native = Object.hasOwn(NATIVE, name) ? NATIVE[name] : undefined;
  if (native !== undefined) return native(inputs.value, frame);
  return failedStep(
    frame,
    refusal(
      'usage',
      'action/unsupported',
      'this action is not supported',
      'copy it into the repository as a local action',
      uses.at,
    ),
  );
}

/** Inputs by lower-case name, as they are compared by GitHub. */
async function evaluateInputs(
  step: ActionStep,
  frame: StepFrame,
): Promise<Result<ReadonlyMap<string, string>, Refusal>> {
  const contexts = frame.context.state.contexts(frame.scope, frame.environment);
  const inputs = new Map<string, string>();
  for (const { name, value } of step.with) {
    const evaluated = await frame.context.evaluate(frame.id, (functions) =>
      evaluateText(value, contexts, functions),
    );
    if (!evaluated.ok) return err(evaluated.error);
    inputs.set(name.toLowerCase(), evaluated.value);
  }
  return ok(inputs);
}
