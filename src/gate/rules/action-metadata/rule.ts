import type { Found } from '../../finding.ts';
import { spanOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';

export const rule: Rule = {
  id: 'action-metadata',
  title: 'GitHub would refuse the action, or read it as something else',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§7'],
  alsoKnownAs: ['actionlint/action'],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.actions) {
    const { syntax, expressions } = subject.problems(file);
    for (const { at, length, why, fix, slight } of syntax)
      yield {
        at: spanOf(file.source, at, length),
        message: why,
        fix,
        ...(slight === true && { severity: 'low' }),
      };
    for (const { kind, at, why, fix } of expressions) if (kind === 'syntax') yield { at, message: why, fix };
  }
}
