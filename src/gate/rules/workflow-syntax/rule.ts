import type { Found } from '../../finding.ts';
import { spanOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';

export const rule: Rule = {
  id: 'workflow-syntax',
  title: 'GitHub would refuse the workflow, or read it as something else',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  guide: ['§7'],
  alsoKnownAs: ['actionlint/syntax-check', 'actionlint/expression', 'actionlint/job-needs', 'actionlint/id'],
  check,
};

function* check({ repository }: Subject): Iterable<Found> {
  for (const { source, refusals } of repository.workflows)
    for (const { where, why, fix } of refusals) yield { at: spanOf(source, where ?? {}), message: why, fix };
}
