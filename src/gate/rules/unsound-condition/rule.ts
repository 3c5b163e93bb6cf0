import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { spanOf } from '../../repository/tree.ts';
import { type Expression, expressionsIn, isOneExpression, type Text } from '../../../workflow/index.ts';
import type { Scope } from '../../subject.ts';
import { allReferences } from '../../taint/references.ts';
import { mend } from './mend.ts';

export const rule: Rule = {
  id: 'unsound-condition',
  title: 'A condition does not say what it seems to say',
  severity: 'high',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§7'],
  alsoKnownAs: [
    'zizmor/unsound-condition',
    'zizmor/unsound-contains',
    'poutine/if_always_true',
    'actionlint/if-cond',
    'codeql/actions/if-expression-always-true',
    'codeql/actions/unsound-contains',
  ],
  check,
  mend,
};

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows)
    for (const job of file.jobs) if (job.if !== undefined) yield* judged(subject, { file, job }, job.if);
  for (const site of subject.sites)
    if (site.step.if !== undefined) yield* judged(subject, site, site.step.if);
}

function* judged(subject: Subject, scope: Scope, text: Text): Iterable<Found> {
  const at = spanOf(scope.file.source, text.at, text.text.length);
  const of = scope.job === undefined ? {} : { job: scope.job.id };
  const sources = expressionsIn(text.text);
  const whole = text.text.trim();
  if (sources.length > 0 && !isOneExpression(whole)) {
    yield {
      at,
      ...of,
      message:
        'the condition is text with an expression in it: a text that is not empty counts as true, always',
      fix: 'put all of it into one ${{ }}, or leave ${{ }} out',
    };
    return;
  }
  // A block scalar that keeps its line break is text as well.
  if (sources.length === 1 && text.text !== whole) {
    yield {
      at,
      ...of,
      message: 'the condition ends in a line break outside its ${{ }}: it counts as true, always',
      fix: 'write it on one line, or with >- and |-',
    };
    return;
  }
  const tree = subject.condition(text);
  if (tree === undefined) return;
  for (const part of contained(tree)) {
    const [list, item] = part;
    if (
      list?.kind !== 'literal' ||
      typeof list.value !== 'string' ||
      item === undefined ||
      item.kind === 'literal'
    )
      continue;
    const decided = allReferences(item).some(
      ([context, name]) =>
        (context === 'github' && name !== 'event_name') || context === 'inputs' || context === 'env',
    );
    yield {
      at,
      ...of,
      severity: decided ? 'high' : 'low',
      persona: decided ? 'default' : 'pedantic',
      message: `contains() looks for a piece of the text ${JSON.stringify(list.value)}: a value that is a part of it passes`,
      fix: `compare with each, or use contains(fromJSON('["..."]'), ...)`,
    };
  }
}

/** The arguments of each call of `contains`. */
function contained(tree: Expression): readonly (readonly Expression[])[] {
  switch (tree.kind) {
    case 'call':
      return [
        ...(tree.name.toLowerCase() === 'contains' ? [tree.arguments] : []),
        ...tree.arguments.flatMap(contained),
      ];
    case 'logical':
      return tree.operands.flatMap(contained);
    case 'not':
      return contained(tree.of);
    case 'compare':
      return [...contained(tree.left), ...contained(tree.right)];
    default:
      return [];
  }
}
