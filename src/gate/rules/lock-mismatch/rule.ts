import type { Found } from '../../finding.ts';
import { disagreements } from '../../lock/agreement.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';

export const rule: Rule = {
  id: 'lock-mismatch',
  title: 'The lock and the workflows do not agree',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  guide: ['§6'],
  alsoKnownAs: [],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  for (const { at, why } of disagreements(subject))
    yield { at, message: why, fix: 'look at what changed, then run cofferdam lock' };
}
