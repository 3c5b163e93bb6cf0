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
  looksAt: 'connected',
  guide: ['§7'],
  alsoKnownAs: [
    'actionlint/syntax-check',
    'actionlint/expression',
    'actionlint/events',
    'actionlint/job-needs',
    'actionlint/id',
    'actionlint/env-var',
    'actionlint/permissions',
    'actionlint/action',
    'actionlint/workflow-call',
  ],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows) {
    const { syntax, expressions } = subject.problems(file);
    for (const { at, length, why, fix, job, slight, doubtful } of syntax)
      yield {
        at: spanOf(file.source, at, length),
        message: why,
        fix,
        ...(slight === true && { severity: 'low' }),
        ...(doubtful === true && { persona: 'pedantic', confidence: 'medium' }),
        ...(job !== undefined && { job }),
      };
    for (const { kind, at, why, fix, job } of expressions)
      if (kind === 'syntax') yield { at, message: why, fix, ...(job !== undefined && { job }) };
  }
}
