import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { spanOf } from '../../repository/tree.ts';
import type { Expression, Text } from '../../../workflow/index.ts';
import type { Scope } from '../../subject.ts';
import { allReferences } from '../../taint/references.ts';
import { PRIVILEGED_EVENTS } from '../../taint/sources.ts';
import { mend } from './mend.ts';

export const rule: Rule = {
  id: 'spoofable-actor',
  title: 'A check of who acts can be passed by somebody else',
  severity: 'high',
  confidence: 'medium',
  persona: 'default',
  guide: ['§2'],
  alsoKnownAs: ['zizmor/bot-conditions'],
  check,
  mend,
};

const BOT = /\[bot\]$/;

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows) {
    const events = subject.reaching(file).map(({ event }) => event);
    const strange = events.find(
      (event) => PRIVILEGED_EVENTS.has(event) && event !== 'watch' && event !== 'fork',
    );
    const pull = events.find((event) => event.startsWith('pull_request'));
    if (strange === undefined && pull === undefined) continue;
    for (const job of file.jobs) {
      if (job.if !== undefined) yield* judged(subject, { file, job }, job.if, strange);
      for (const step of job.steps)
        if (step.if !== undefined) yield* judged(subject, { file, job, step }, step.if, strange);
    }
  }
}

function* judged(subject: Subject, scope: Scope, text: Text, strange: string | undefined): Iterable<Found> {
  const tree = subject.condition(text);
  const alone = tree !== undefined && dominates(tree, false);
  if (tree === undefined || !(alone || dominates(tree, true))) return;
  yield {
    at: spanOf(scope.file.source, text.at, text.text.length),
    message:
      'github.actor is who caused the last event, not who wrote the code: a stranger can make a bot act on their branch',
    fix: 'compare github.event.pull_request.user.login, and the head repository with this one',
    ...(strange === undefined && { severity: 'medium' }),
    // Something else is asked as well, and that may be enough.
    ...(!alone && { severity: 'low', confidence: 'low', persona: 'pedantic' }),
    ...(scope.job !== undefined && { job: scope.job.id }),
  };
}

/** Whether the comparison can make the condition true: alone, or (`besides`) with what else is asked about the author. */
function dominates(tree: Expression, besides: boolean): boolean {
  switch (tree.kind) {
    case 'compare': {
      if (tree.operator !== '==') return false;
      const sides = [tree.left, tree.right];
      const actor = sides.some((side) =>
        allReferences(side).some((one) =>
          ['github.actor', 'github.triggering_actor', 'github.event.sender.login'].includes(one.join('.')),
        ),
      );
      return (
        actor &&
        sides.some(
          (side) => side.kind === 'literal' && typeof side.value === 'string' && BOT.test(side.value),
        )
      );
    }
    case 'logical':
      return tree.operator === '||'
        ? tree.operands.some((one) => dominates(one, besides))
        : tree.operands.some((one) => dominates(one, besides)) &&
            !tree.operands.some((one) => allReferences(one).some(besides ? isPerson : isAuthor));
    default:
      return false;
  }
}

function isAuthor(reference: readonly string[]): boolean {
  return /^github\.event\.(?:pull_request\.user|pull_request\.head\.repo|comment\.user|issue\.user|review\.user|workflow_run\.actor)/.test(
    reference.join('.'),
  );
}

function isPerson(reference: readonly string[]): boolean {
  return isAuthor(reference) && !reference.join('.').startsWith('github.event.pull_request.head.repo');
}
