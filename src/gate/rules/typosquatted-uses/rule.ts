import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { repositoryUses } from '../../uses.ts';
import { likeOf } from './popular.ts';

export const rule: Rule = {
  id: 'typosquatted-uses',
  title: 'An action has nearly the name of a well-known one',
  severity: 'high',
  confidence: 'medium',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§6'],
  alsoKnownAs: ['zizmor/typosquat-uses'],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  for (const one of repositoryUses(subject)) {
    const { repository } = one.uses;
    const like = likeOf(repository);
    if (like === undefined) continue;
    yield {
      at: one.at,
      message: `${repository} has nearly the name of ${like}`,
      fix: `write ${like}, if that is meant`,
      // The owner is who is meant: nobody else can take the name.
      ...(repository.split('/', 1)[0] === like.split('/', 1)[0] && { severity: 'low', persona: 'auditor' }),
      ...(one.job !== undefined && { job: one.job.id }),
    };
  }
}
