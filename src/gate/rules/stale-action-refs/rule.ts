import type { Found } from '../../finding.ts';
import { isCommit } from '../../lock/pin.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { pinOfUses, refFacts, repositoryUses } from '../../uses.ts';

export const rule: Rule = {
  id: 'stale-action-refs',
  title: 'A commit is no release',
  severity: 'low',
  confidence: 'high',
  persona: 'pedantic',
  looksAt: 'connected',
  guide: ['§6'],
  alsoKnownAs: ['zizmor/stale-action-refs'],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  for (const one of repositoryUses(subject)) {
    const pin = pinOfUses(one);
    const { repository, ref } = one.uses;
    const facts = pin === undefined ? undefined : refFacts(subject, pin);
    if (!isCommit(ref) || facts === undefined || !facts.reachable || facts.tags.length > 0) continue;
    yield {
      at: one.at,
      message: `no tag of ${repository} stands at ${ref.slice(0, 12)}: no advisory and no update will name it`,
      fix: 'name the commit of a release',
      ...(one.job !== undefined && { job: one.job.id }),
    };
  }
}
