import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { mend } from './mend.ts';

export const rule: Rule = {
  id: 'secrets-inherit',
  title: 'A called workflow is given every secret',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§3'],
  alsoKnownAs: ['zizmor/secrets-inherit', 'codeql/actions/secrets-inherit'],
  check,
  mend,
};

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows)
    for (const job of file.jobs) {
      const at = job.inheritsSecrets;
      if (at === undefined) continue;
      const foreign = job.uses?.kind !== 'local';
      yield {
        at,
        job: job.id,
        severity: foreign ? 'high' : 'medium',
        message: `the job ${job.id} gives ${foreign ? 'a workflow of another repository' : 'the called workflow'} every secret that there is`,
        fix: 'name the secrets that it needs below secrets:',
      };
    }
}
