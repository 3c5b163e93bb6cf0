import { ok, type Refusal, type Result } from '../../base/index.ts';
import { type EvaluationWork, evaluateText, type Step } from '../../workflow/index.ts';
import { type JobState, jobScope } from '../job/job-state.ts';
import type { RunEvent } from '../event/event.ts';
import { prepareCheckout } from '../repository/checkout-tree.ts';
import type { TreeBounds } from '../repository/tree-size.ts';
import type { LocalRepository } from '../repository/local-repository.ts';
import { planCheckout } from './checkout-request.ts';

/** A checkout that was made before the sandbox opened: its tree is the workspace's lower layer. */
export interface CheckoutDone {
  readonly tree: string;
  readonly commit: string;
  readonly uncommitted: boolean;
}

/**
 * Makes the checkout of a job's first step ahead, when nothing before it could have seen an empty workspace and it goes
 * to the workspace itself: then it costs a mount, and no memory. Any other checkout is left to its step.
 */
export async function firstCheckout(
  steps: readonly Step[],
  state: JobState,
  repository: LocalRepository,
  event: RunEvent,
  target: string,
  bounds: TreeBounds,
  work: EvaluationWork,
): Promise<Result<CheckoutDone | undefined, Refusal>> {
  const [step] = steps;
  if (step?.kind !== 'action' || step.uses.kind !== 'repository' || step.if !== undefined)
    return ok(undefined);
  if (`${step.uses.owner}/${step.uses.repository}`.toLowerCase() !== 'actions/checkout') return ok(undefined);
  const inputs = new Map<string, string>();
  for (const { name, value } of step.with) {
    const text = evaluateText(value, state.contexts(jobScope()), { work });
    // The step itself will say what is wrong with it.
    if (!text.ok) return ok(undefined);
    inputs.set(name.toLowerCase(), text.value);
  }
  const planned = await planCheckout(inputs, repository, event);
  if (!planned.ok || planned.value.path !== '') return ok(undefined);
  const made = await prepareCheckout(repository, planned.value.request, target, bounds);
  return made.ok ? ok({ tree: target, ...made.value }) : made;
}
