import type { Found } from '../../finding.ts';
import { spanOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';

export const rule: Rule = {
  id: 'artifact-retention',
  title: 'An artifact is kept as long as the forge likes',
  severity: 'info',
  confidence: 'high',
  persona: 'pedantic',
  looksAt: 'connected',
  guide: ['§5'],
  alsoKnownAs: [],
  check,
};

const UPLOADS = new Set(['actions/upload-artifact', 'actions/upload-pages-artifact']);

function* check(subject: Subject): Iterable<Found> {
  for (const { file, job, step } of subject.sites) {
    const { uses } = step;
    if (uses?.kind !== 'repository' || !UPLOADS.has(uses.repository) || uses.path !== '') continue;
    if (step.with.some(({ name }) => name.toLowerCase() === 'retention-days')) continue;
    yield {
      at: spanOf(file.source, uses.at, uses.text.length),
      message: 'the artifact is kept for 90 days, or what the organisation says',
      fix: 'add retention-days',
      ...(job !== undefined && { job: job.id }),
    };
  }
}
