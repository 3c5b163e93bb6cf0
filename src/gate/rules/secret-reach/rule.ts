import type { Found } from '../../finding.ts';
import { EVERY } from '../../reach/holders.ts';
import { waysToSecrets } from '../../reach/reach.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';

export const rule: Rule = {
  id: 'secret-reach',
  title: 'A way leads from a stranger to a secret',
  severity: 'high',
  confidence: 'medium',
  persona: 'default',
  guide: ['§0', '§3'],
  alsoKnownAs: [],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  for (const { job, secret, hops } of waysToSecrets(subject)) {
    const last = hops.at(-1);
    if (last === undefined) continue;
    yield {
      at: last.at,
      job,
      message: `a stranger’s code comes to run where the job ${job} holds ${secret === EVERY ? 'every secret' : `the secret ${secret}`}`,
      fix: 'break the way at one of its steps, or hold the secret in a job that takes nothing from a stranger',
      flow: hops,
    };
  }
}
