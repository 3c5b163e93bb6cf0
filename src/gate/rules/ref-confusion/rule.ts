import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { pinOfUses, refFacts, repositoryUses } from '../../uses.ts';

export const rule: Rule = {
  id: 'ref-confusion',
  title: 'A ref is the name of a branch and of a tag',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§6'],
  alsoKnownAs: ['zizmor/ref-confusion'],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  for (const one of repositoryUses(subject)) {
    const pin = pinOfUses(one);
    const { repository, ref } = one.uses;
    if (pin === undefined || refFacts(subject, pin)?.kind !== 'tag and branch' || ref.startsWith('refs/'))
      continue;
    yield {
      at: one.at,
      message: `${repository} has a branch and a tag ${ref}: whoever moves either decides what runs`,
      fix: 'name the whole commit, and the version in a comment behind it',
      ...(one.job !== undefined && { job: one.job.id }),
    };
  }
}
