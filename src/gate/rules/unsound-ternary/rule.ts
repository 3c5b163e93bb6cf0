import { type Expression, type Text, writtenOutcome } from '../../../workflow/index.ts';
import type { Found } from '../../finding.ts';
import { spanOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';

export const rule: Rule = {
  id: 'unsound-ternary',
  title: 'A choice gives the other value whatever the condition is',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§7'],
  alsoKnownAs: ['zizmor/unsound-ternary'],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  const { workflows, actions } = subject.repository;
  for (const file of [...workflows, ...actions]) {
    const conditions: readonly Text[] =
      file.kind === 'workflow'
        ? file.jobs.flatMap((job) =>
            [job.if, ...job.steps.map((step) => step.if)].flatMap((text) => text ?? []),
          )
        : file.steps.flatMap((step) => step.if ?? []);
    for (const one of subject.expressionsBelow(file, file.tree))
      if (unsound(one.tree)) yield told(one.at, one.source);
    for (const text of conditions) {
      const tree = text.text.includes('${{') ? undefined : subject.condition(text);
      if (tree !== undefined && unsound(tree))
        yield told(spanOf(file.source, text.at, text.text.length), text.text.trim());
    }
  }
}

function told(at: Found['at'], source: string): Found {
  return {
    at,
    message: `${source} gives what stands behind || whatever its condition is: what stands before it counts as false`,
    fix: 'use case(condition, value, other), or turn the condition round',
  };
}

function unsound(tree: Expression): boolean {
  switch (tree.kind) {
    case 'logical':
      return (
        (tree.operator === '||' &&
          tree.operands
            .slice(0, -1)
            .some((one) => one.kind === 'logical' && one.operator === '&&' && falsy(one.operands.at(-1)))) ||
        tree.operands.some(unsound)
      );
    case 'not':
      return unsound(tree.of);
    case 'call':
      return tree.arguments.some(unsound);
    case 'compare':
      return unsound(tree.left) || unsound(tree.right);
    case 'index':
      return unsound(tree.of) || (tree.key !== '*' && unsound(tree.key));
    default:
      return false;
  }
}

function falsy(tree: Expression | undefined): boolean {
  return tree !== undefined && writtenOutcome(tree) === false;
}
