import type { Found } from '../../finding.ts';
import { EVERY, holdersIn } from '../../reach/holders.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';

export const rule: Rule = {
  id: 'secrets-outside-environment',
  title: 'A job takes a secret without the rules of an environment',
  severity: 'medium',
  confidence: 'high',
  persona: 'auditor',
  looksAt: 'connected',
  guide: ['§3'],
  alsoKnownAs: ['zizmor/secrets-outside-env'],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  for (const { job, secret, hops } of holdersIn(subject)) {
    const last = hops.at(-1);
    // The job's own token is no secret of an environment; what a caller hands on is judged at the caller.
    // A job that calls can be in none.
    if (job.uses !== undefined) continue;
    if (last === undefined || hops.length > 1 || job.environment !== undefined || secret === 'GITHUB_TOKEN')
      continue;
    yield {
      at: last.at,
      job: job.id,
      message: `the job ${job.id} takes ${secret === EVERY ? 'every secret' : `the secret ${secret}`} and is in no environment`,
      fix: 'put the secret into an environment with rules, and name it as environment: in the job',
    };
  }
}
