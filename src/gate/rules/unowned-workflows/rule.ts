import type { Found } from '../../finding.ts';
import { ownersOf } from '../../repository/owners.ts';
import { spanOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';

export const rule: Rule = {
  id: 'unowned-workflows',
  title: 'Nobody in particular must agree to a change of the automation',
  severity: 'low',
  confidence: 'high',
  persona: 'default',
  guide: ['§7', 'checklist'],
  alsoKnownAs: [],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  const { workflows, actions, policies, codeowners } = subject.repository;
  for (const { source } of [...workflows, ...actions, ...policies]) {
    if (codeowners !== undefined && ownersOf(codeowners.entries, source.path).length > 0) continue;
    yield {
      at: spanOf(source, { file: source.path, line: 1, column: 1 }),
      message:
        codeowners === undefined
          ? `${source.path} has no owner: there is no CODEOWNERS`
          : `${source.path} has no owner in ${codeowners.path}`,
      fix: `give it one in CODEOWNERS: /${source.path.replace(/[^/]*$/, '')} @your-org/security`,
      // Without the file the project has no owners of anything, which may be how it works.
      ...(codeowners === undefined && { persona: 'pedantic' }),
    };
    // Once for the whole repository says it.
    if (codeowners === undefined) return;
  }
}
