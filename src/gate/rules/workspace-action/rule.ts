import type { Found } from '../../finding.ts';
import { spanOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { mend } from './mend.ts';

export const rule: Rule = {
  id: 'workspace-action',
  title: 'An action is whatever lies in the workspace when its step begins',
  severity: 'low',
  confidence: 'high',
  persona: 'pedantic',
  looksAt: 'connected',
  guide: ['§2', '§7'],
  alsoKnownAs: ['zizmor/self-repository'],
  check,
  mend,
};

function* check(subject: Subject): Iterable<Found> {
  for (const { file, job, step } of subject.sites) {
    const { uses } = step;
    if (uses?.kind === 'unknown' && uses.text.startsWith('./../'))
      yield {
        at: spanOf(file.source, uses.at, uses.text.length),
        persona: 'auditor',
        message: `${uses.text.slice(0, 120)} is whatever lies above the workspace when the step begins`,
        fix: 'check it out below the workspace, or name it by its repository and commit',
        ...(job !== undefined && { job: job.id }),
      };
    if (uses?.kind === 'local' && uses.text.startsWith('./'))
      yield {
        at: spanOf(file.source, uses.at, uses.text.length),
        message: `${uses.text} is whatever lies there when the step begins`,
        fix: `name it as this repository’s own: $/${uses.text.slice(2)}`,
        ...(job !== undefined && { job: job.id }),
      };
  }
  for (const file of subject.repository.workflows)
    for (const { uses, id } of file.jobs)
      if (uses?.kind === 'local' && uses.text.startsWith('./'))
        yield {
          at: spanOf(file.source, uses.at, uses.text.length),
          job: id,
          message: `${uses.text} can be named as this repository’s own`,
          fix: `write $/${uses.text.slice(2)}`,
        };
}
