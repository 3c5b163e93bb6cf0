import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import type { Expression } from '../../../workflow/index.ts';
import { allReferences } from '../../taint/references.ts';

export const rule: Rule = {
  id: 'unredacted-secrets',
  title: 'A part of a secret is taken out, which no log hides',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§3', '§8'],
  alsoKnownAs: ['zizmor/unredacted-secrets', 'codeql/actions/unmasked-secret-exposure'],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows)
    for (const one of subject.expressionsBelow(file, file.tree))
      if (one.source.includes('secrets') && parses(one.tree))
        yield {
          at: one.at,
          message: 'only whole secrets are hidden in logs: what fromJSON takes out of one is not',
          fix: 'keep each value as a secret of its own',
        };
}

function parses(tree: Expression): boolean {
  switch (tree.kind) {
    case 'call':
      return (
        (tree.name.toLowerCase() === 'fromjson' && tree.arguments.some(ofSecret)) ||
        tree.arguments.some(parses)
      );
    case 'index':
      return parses(tree.of);
    case 'logical':
      return tree.operands.some(parses);
    case 'not':
      return false;
    default:
      return false;
  }
}

function ofSecret(tree: Expression): boolean {
  return allReferences(tree).some(([context]) => context === 'secrets');
}
