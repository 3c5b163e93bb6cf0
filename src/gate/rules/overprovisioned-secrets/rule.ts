import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { allReferences } from '../../taint/references.ts';

export const rule: Rule = {
  id: 'overprovisioned-secrets',
  title: 'All secrets at once are put into a job',
  severity: 'high',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§3', '§7'],
  alsoKnownAs: [
    'zizmor/overprovisioned-secrets',
    'codeql/actions/excessive-secrets-exposure',
    'poutine/job_all_secrets',
  ],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows)
    for (const one of subject.expressionsBelow(file, file.tree))
      for (const reference of allReferences(one.tree)) {
        const whole = reference[0] === 'secrets' && reference.length === 1;
        const computed = reference[0] === 'secrets' && reference[1] === '*';
        if (!whole && !computed) continue;
        yield {
          at: one.at,
          severity: whole ? 'high' : 'medium',
          message: whole
            ? 'the expression names all secrets, so the job is given every one of them'
            : 'the name of the secret is computed, so the job is given every one of them',
          fix: 'name the one secret: secrets.NAME',
        };
      }
}
