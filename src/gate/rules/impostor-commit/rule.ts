import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { pinOfUses, repositoryUses } from '../../uses.ts';

export const rule: Rule = {
  id: 'impostor-commit',
  title: 'A commit is in no branch and no tag of the repository that it is named by',
  severity: 'high',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§6'],
  alsoKnownAs: ['zizmor/impostor-commit'],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  for (const one of repositoryUses(subject)) {
    const pin = pinOfUses(one);
    const { repository, ref } = one.uses;
    if (pin === undefined || subject.facts.refs.get(pin)?.reachable !== false) continue;
    yield {
      at: one.at,
      message: `${ref} is in no branch and no tag of ${repository}: whoever forks it can put such a commit there`,
      fix: 'name a commit of a release; find out who wrote this one',
      ...(one.job !== undefined && { job: one.job.id }),
    };
  }
}
