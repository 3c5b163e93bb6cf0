import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { spanOf } from '../../repository/tree.ts';

export const rule: Rule = {
  id: 'archived-uses',
  title: 'An action that nobody mends any more',
  severity: 'low',
  confidence: 'high',
  persona: 'default',
  guide: ['§6'],
  alsoKnownAs: ['zizmor/archived-uses'],
  check,
};

/** Actions whose repository is archived, and what its own page names instead, as of November 2025. */
const ARCHIVED: Readonly<Record<string, string>> = {
  'actions/create-release': 'use gh release create',
  'actions/upload-release-asset': 'use gh release upload',
  'actions/setup-ruby': 'use ruby/setup-ruby',
  'actions/setup-elixir': 'use erlef/setup-beam',
  'actions/setup-haskell': 'use haskell-actions/setup',
  'actions-rs/toolchain': 'use rustup, which the runners have',
  'actions-rs/cargo': 'run cargo',
  'actions-rs/clippy-check': 'run cargo clippy',
  'actions-rs/audit-check': 'run cargo audit',
  'andymckay/labeler': 'use gh issue edit --add-label',
};

function* check(subject: Subject): Iterable<Found> {
  for (const { file, job, step } of subject.sites) {
    const { uses } = step;
    const fix =
      uses?.kind === 'repository' && Object.hasOwn(ARCHIVED, uses.repository)
        ? ARCHIVED[uses.repository]
        : undefined;
    if (uses?.kind !== 'repository' || fix === undefined) continue;
    yield {
      at: spanOf(file.source, uses.at, uses.text.length),
      message: `${uses.repository} is archived: nobody mends what is found in it`,
      fix,
      ...(job !== undefined && { job: job.id }),
    };
  }
}
