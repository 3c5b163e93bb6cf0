import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';

export const rule: Rule = {
  id: 'undefined-reference',
  title: 'An expression names what does not exist',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§7'],
  alsoKnownAs: ['actionlint/expression'],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  const { workflows, actions } = subject.repository;
  for (const file of [...workflows, ...actions])
    for (const { kind, at, why, fix, job, path = [] } of subject.problems(file).expressions)
      if (kind === 'reference')
        yield { at, message: why, fix: fixOf(path, fix), ...(job !== undefined && { job }) };
}

function fixOf([context, name = 'it', part]: readonly string[], otherwise: string): string {
  if (otherwise.startsWith('did you mean')) return otherwise;
  if (context === 'needs' && part === undefined)
    return `add ${name} to the needs of this job, or correct the name`;
  if (context === 'needs') return `add the output to the job ${name}, or correct its name`;
  return context === 'steps' && part === undefined ? 'name a step before this one by its id' : otherwise;
}
