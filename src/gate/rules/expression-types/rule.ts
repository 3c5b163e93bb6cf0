import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';

export const rule: Rule = {
  id: 'expression-types',
  title: 'An expression compares or uses a value as what it is not',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§7'],
  alsoKnownAs: ['actionlint/expression', 'actionlint/if-cond'],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  const { workflows, actions } = subject.repository;
  for (const file of [...workflows, ...actions])
    for (const { kind, at, why, fix, job, unsure } of subject.problems(file).expressions)
      if (kind === 'type')
        yield {
          at,
          message: why,
          fix,
          ...(unsure === true && { confidence: 'medium' }),
          ...(job !== undefined && { job }),
        };
}
