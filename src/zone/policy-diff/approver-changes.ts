import type { LoadedConfiguration } from '../../config/index.ts';
import type { PolicyChange } from './policy-diff.ts';

/** What becomes of who must approve a change: fewer or nobody is more, other people are neither more nor less. */
export function approverChanges(
  before: LoadedConfiguration,
  after: LoadedConfiguration,
): readonly PolicyChange[] {
  const [was, is] = [before.configuration.policyChanges, after.configuration.policyChanges];
  const needed = (one: typeof was): number => (one === undefined ? 0 : (one.required ?? 1));
  const [old, fresh] = [needed(was), needed(is)];
  const changes: PolicyChange[] = [];
  if (old !== fresh) {
    const what = `${fresh} people must approve what allows more, where ${old} had to`;
    changes.push({ direction: fresh < old ? 'opened' : 'closed', key: 'policyChanges.required', what });
  }
  if (was !== undefined && is !== undefined && was.approvers !== is.approvers) {
    const what = `those whom ${was.approvers} names become those of ${is.approvers}`;
    changes.push({ direction: 'changed', key: 'policyChanges.approvers', what });
  }
  return changes;
}
