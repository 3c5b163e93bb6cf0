import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { mend } from './mend.ts';

export const rule: Rule = {
  id: 'missing-timeout',
  title: 'A job may run for six hours',
  severity: 'low',
  confidence: 'high',
  persona: 'pedantic',
  looksAt: 'connected',
  guide: ['§5', 'checklist'],
  alsoKnownAs: ['ghalint/job_timeout_minutes_is_required'],
  check,
  mend,
};

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows)
    for (const job of file.jobs) {
      if (job.uses !== undefined || job.steps.length === 0 || job.timeout !== undefined) continue;
      yield {
        at: job.at,
        job: job.id,
        message: `the job ${job.id} has no timeout-minutes: what hangs in it costs six hours`,
        fix: 'add timeout-minutes',
      };
    }
}
