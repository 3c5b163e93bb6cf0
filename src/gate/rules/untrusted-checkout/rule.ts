import type { Found, Hop } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { approvalOf, ENVIRONMENT } from '../approval-race/approval.ts';
import { taintsOf } from '../../taint/taint.ts';
import { executedAfter } from '../../taint/execution.ts';

export const rule: Rule = {
  id: 'untrusted-checkout',
  title: 'A run with the repository\u2019s rights takes in a stranger\u2019s files',
  severity: 'high',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§0', '§2'],
  alsoKnownAs: [
    'codeql/actions/untrusted-checkout',
    'codeql/actions/artifact-poisoning',
    'poutine/untrusted_checkout_exec',
    'scorecard/Dangerous-Workflow',
  ],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  const taints = taintsOf(subject);
  for (const file of subject.repository.workflows)
    for (const job of file.jobs) {
      for (const filled of taints.filled({ file, job })) {
        const executed =
          filled.ran ??
          executedAfter(taints, { file, job, step: filled.step }, filled.place, filled.taint.events);
        const events = filled.taint.events.join(', ');
        const what = filled.by === 'checkout' ? 'checks out' : 'downloads';
        const then: Hop[] = executed === undefined ? [] : [executed];
        yield {
          at: filled.at,
          job: job.id,
          message:
            executed === undefined
              ? `the job ${job.id} ${what} what a stranger wrote, and runs on ${events} with the repository\u2019s rights`
              : `the job ${job.id} ${what} what a stranger wrote and runs it, on ${events} with the repository\u2019s rights`,
          fix: 'do it on pull_request, which has no secrets and a token that reads; or check out the base alone',
          events: filled.taint.events,
          flow: [...filled.taint.hops, ...then],
          ...(executed === undefined && {
            severity: 'medium',
            confidence: 'medium',
            // To take in what a run made and to read it is what artifacts are for.
            ...(filled.by === 'artifact' && { persona: 'pedantic' as const }),
          }),
          // Somebody with rights lets it run; whether what they saw is what runs, `approval-race` says.
          ...(filled.by === 'checkout' && approved(approvalOf(subject, file, job, filled.step))),
        };
      }
    }
}

/** Whether an environment has reviewers is not in the repository. */
function approved(approval: string | undefined): Partial<Found> {
  if (approval === undefined) return {};
  return { confidence: 'low', persona: approval === ENVIRONMENT ? 'pedantic' : 'auditor' };
}
