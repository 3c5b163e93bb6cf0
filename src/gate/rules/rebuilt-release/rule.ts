import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { buildIn, testIn } from '../../taint/builds.ts';
import { publishes } from '../../taint/publication.ts';
import { neededBy, takesArtifact } from '../../taint/release-jobs.ts';

export const rule: Rule = {
  id: 'rebuilt-release',
  title: 'What is released is built anew, and is not what was tested',
  severity: 'low',
  confidence: 'medium',
  persona: 'pedantic',
  looksAt: 'connected',
  guide: ['§6'],
  alsoKnownAs: [],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows)
    for (const job of file.jobs) {
      if (job.needs.length === 0 || job.steps.some(takesArtifact)) continue;
      const published = publishes(subject, { file, job });
      if (published === undefined || published.kind === 'deployment') continue;
      const again = buildIn(subject, file, job);
      if (again === undefined) continue;
      for (const before of neededBy(file, job)) {
        const tested = testIn(subject, file, before) ?? buildIn(subject, file, before);
        if (tested === undefined) continue;
        yield {
          at: again.at,
          job: job.id,
          message: `the job ${job.id} builds again what it ${published.kind === 'site' ? 'publishes' : 'releases'}: what the job ${before.id} ${tested.what} was another build`,
          fix: 'hand on what was tested as an artifact, or by its digest, and publish that',
          flow: [tested, again, published],
        };
        break;
      }
    }
}
