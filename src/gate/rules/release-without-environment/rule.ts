import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { publishes } from '../../taint/publication.ts';

export const rule: Rule = {
  id: 'release-without-environment',
  title: 'Something is published or deployed and no environment asks anybody before',
  severity: 'medium',
  confidence: 'medium',
  persona: 'pedantic',
  looksAt: 'connected',
  guide: ['§6', 'checklist'],
  alsoKnownAs: [],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows)
    for (const job of file.jobs) {
      if (job.environment !== undefined) continue;
      const published = publishes(subject, { file, job });
      if (published === undefined) continue;
      yield {
        at: published.at,
        job: job.id,
        message: `the job ${job.id} ${published.what} and is in no environment`,
        fix: 'name an environment with reviewers in the job, and put what it publishes with there',
      };
    }
}
