import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { valueOf } from '../../repository/tree.ts';
import { publishes } from '../../taint/publication.ts';
import { restoresCache } from '../../reach/takeovers.ts';

export const rule: Rule = {
  id: 'cache-poisoning',
  title: 'A job that publishes takes from a cache that others fill',
  severity: 'medium',
  confidence: 'medium',
  persona: 'default',
  guide: ['§2', '§6'],
  alsoKnownAs: ['zizmor/cache-poisoning', 'codeql/actions/cache-poisoning'],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows) {
    const releases = file.triggers.some(
      ({ event, value }) => event === 'release' || (event === 'push' && onlyTags(value)),
    );
    for (const job of file.jobs) {
      const published = publishes(subject, { file, job });
      const cache = restoresCache(file, job);
      if (cache === undefined || (published === undefined && !releases)) continue;
      yield {
        at: cache.at,
        job: job.id,
        message: `the job ${job.id} ${published === undefined ? 'makes a release' : 'publishes'} from what it finds in a cache that other jobs can write`,
        fix: 'build a release without a cache',
        flow: [cache, ...(published === undefined ? [] : [published])],
        ...(published === undefined && { confidence: 'low' }),
      };
    }
  }
}

function onlyTags(value: Parameters<typeof valueOf>[0]): boolean {
  return valueOf(value, 'tags') !== undefined && valueOf(value, 'branches') === undefined;
}
