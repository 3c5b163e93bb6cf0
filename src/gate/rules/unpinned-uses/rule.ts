import type { Found } from '../../finding.ts';
import type { UsesPart } from '../../repository/model.ts';
import { spanOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Scope, Subject } from '../../subject.ts';
import { mend } from './mend.ts';

export const rule: Rule = {
  id: 'unpinned-uses',
  title: 'An action is named by something that can move',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§6'],
  alsoKnownAs: [
    'zizmor/unpinned-uses',
    'codeql/actions/unpinned-tag',
    'poutine/github_action_from_unverified_creator_used',
    'poutine/unpinnable_action',
    'scorecard/Pinned-Dependencies',
  ],
  check,
  mend,
};

/** Whose tags are GitHub\u2019s own to move. */
const OF_GITHUB = /^(?:actions|github|dependabot)\//;

function* check(subject: Subject): Iterable<Found> {
  const { workflows } = subject.repository;
  for (const file of workflows)
    for (const job of file.jobs)
      if (job.uses !== undefined) yield* judged({ file, job }, job.uses, 'the reusable workflow');
  for (const site of subject.sites)
    if (site.step.uses !== undefined) yield* judged(site, site.step.uses, 'the action');
}

function* judged({ file, job }: Scope, uses: UsesPart, what: string): Iterable<Found> {
  const at = spanOf(file.source, uses.at, uses.text.length);
  const of = job === undefined ? {} : { job: job.id };
  if (uses.kind === 'repository' && !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(uses.ref)) {
    const own = OF_GITHUB.test(uses.repository);
    yield {
      ...of,
      at,
      severity: own ? 'low' : 'medium',
      persona: own ? 'pedantic' : 'default',
      message: `${what} ${uses.repository} is named by ${uses.ref}, which its owner, or who steals their account, can move`,
      fix: 'name the whole commit, and the version in a comment behind it',
    };
  }
}
