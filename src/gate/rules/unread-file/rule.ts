import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';

export const rule: Rule = {
  id: 'unread-file',
  title: 'A file cannot be read, so nothing is known of it',
  severity: 'high',
  confidence: 'high',
  persona: 'default',
  guide: ['§7'],
  alsoKnownAs: ['actionlint/syntax-check'],
  check,
};

function* check({ repository }: Subject): Iterable<Found> {
  for (const { path, why } of repository.unread)
    yield {
      at: { file: path, line: why.where?.line ?? 1, column: why.where?.column ?? 1, length: 1 },
      message: why.why,
      fix: why.fix,
    };
}
