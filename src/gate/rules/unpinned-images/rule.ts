import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { spanOf } from '../../repository/tree.ts';
import { mend } from './mend.ts';

export const rule: Rule = {
  id: 'unpinned-images',
  title: 'An image is named by something that can move',
  severity: 'low',
  confidence: 'high',
  persona: 'pedantic',
  guide: ['§6'],
  alsoKnownAs: ['zizmor/unpinned-images', 'scorecard/Pinned-Dependencies'],
  check,
  mend,
};

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows)
    for (const job of file.jobs)
      for (const { image } of [...(job.container === undefined ? [] : [job.container]), ...job.services]) {
        if (
          image === undefined ||
          image.text === '' ||
          image.text.includes('${{') ||
          /@sha256:[0-9a-f]{64}$/.test(image.text)
        )
          continue;
        const untagged = !/:[^/]+$/.test(image.text) || image.text.endsWith(':latest');
        yield {
          at: spanOf(file.source, image.at, image.text.length),
          job: job.id,
          message: `the image ${image.text} is ${untagged ? 'whatever is newest' : 'what its tag points to'} on the day`,
          fix: 'name it as image@sha256:...',
          ...(untagged && { severity: 'medium', persona: 'default' }),
        };
      }
}
