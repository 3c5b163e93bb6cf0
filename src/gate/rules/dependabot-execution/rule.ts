import type { Found } from '../../finding.ts';
import { entryOf, itemsOf, spanOf, textOf, valueOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { mend } from './mend.ts';

export const rule: Rule = {
  id: 'dependabot-execution',
  title: 'Dependabot may run what a package brings along',
  severity: 'high',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§6'],
  alsoKnownAs: ['zizmor/dependabot-execution'],
  check,
  mend,
};

const KEY = 'insecure-external-code-execution';

function* check(subject: Subject): Iterable<Found> {
  for (const { source, tree } of subject.repository.dependabot)
    for (const update of itemsOf(valueOf(tree, 'updates'))) {
      const entry = entryOf(update, KEY);
      if (entry === undefined || textOf(entry.value)?.text !== 'allow') continue;
      const ecosystem = textOf(valueOf(update, 'package-ecosystem'))?.text ?? 'its';
      yield {
        at: spanOf(source, entry.keyAt, KEY.length),
        message: `updates of ${ecosystem} packages run code of theirs, beside the credentials of private registries`,
        fix: `take ${KEY} out, or write deny`,
      };
    }
}
