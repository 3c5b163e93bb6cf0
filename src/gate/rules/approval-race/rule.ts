import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { taintsOf } from '../../taint/taint.ts';
import { approvalOf, isApprovedCommit } from './approval.ts';

export const rule: Rule = {
  id: 'approval-race',
  title: 'What is run may be another commit than the one that was approved',
  severity: 'high',
  confidence: 'medium',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§2'],
  alsoKnownAs: ['codeql/actions/untrusted-checkout-toctou', 'codeql/actions/improper-access-control'],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  const taints = taintsOf(subject);
  for (const file of subject.repository.workflows)
    for (const job of file.jobs) {
      for (const filled of taints.filled({ file, job })) {
        const approval = filled.by === 'checkout' ? approvalOf(subject, file, job, filled.step) : undefined;
        if (approval === undefined) continue;
        if (isApprovedCommit(subject, file, job, filled.step, approval)) continue;
        yield {
          at: filled.at,
          job: job.id,
          message: `the job ${job.id} is approved by ${approval}, and then fetches whatever the head is by then`,
          fix: 'check out the commit that was approved: github.event.pull_request.head.sha of that event',
          events: filled.taint.events,
          flow: filled.taint.hops,
        };
      }
    }
}
