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
  looksAt: 'connected',
  guide: ['§2'],
  alsoKnownAs: ['zizmor/bot-conditions', 'codeql/actions/spoofable-actor-check'],
  check,
  mend,
};

const BOT = /\[bot\]$/;
/** Accounts of Dependabot, Renovate and GitHub Actions by their numbers, as GitHub's interface tells them. */
const BOT_IDS = /^(?:29110|27856297|29139614|41898282|49699333)$/;
const ACTORS = new Set([
  'github.actor',
  'github.actor_id',
  'github.triggering_actor',
  'github.event.sender.login',
  'github.event.sender.id',
  'github.event.pull_request.sender.login',
  'github.event.pull_request.sender.id',
]);

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows) {
    const events = subject.reaching(file).map(({ event }) => event);
    const strange = events.find(
      (event) => PRIVILEGED_EVENTS.has(event) && event !== 'watch' && event !== 'fork',
    );
    const pull = events.find((event) => event.startsWith('pull_request'));
    const weight = strange !== undefined ? {} : pull !== undefined ? MEDIUM : APART;
    for (const job of file.jobs) {
      if (job.if !== undefined) yield* judged(subject, { file, job }, job.if, weight);
      for (const step of job.steps)
        if (step.if !== undefined) yield* judged(subject, { file, job, step }, step.if, weight);
    }
  }
}

/** Whose bot acts on their own branch has a token that reads. */
const MEDIUM: Partial<Found> = { severity: 'medium' };
/** Who brings the others about may write to the repository, or is nobody. */
const APART: Partial<Found> = { severity: 'info', persona: 'auditor' };

function* judged(subject: Subject, scope: Scope, text: Text, weight: Partial<Found>): Iterable<Found> {
  const tree = subject.condition(text);
  const alone = tree !== undefined && dominates(tree, false);
  if (tree === undefined) return;
  const besides = alone || dominates(tree, true);
  if (!besides && !asks(tree)) return;
  yield {
    at: spanOf(scope.file.source, text.at, text.text.length),
    message:
      'github.actor is who caused the last event, not who wrote the code: a stranger can make a bot act on their branch',
    fix: 'compare github.event.pull_request.user.login, and the head repository with this one',
    ...weight,
    // Something else is asked as well, and that may be enough.
    ...(!alone && weight !== APART && { severity: 'low', confidence: 'low', persona: 'pedantic' }),
    // The author is asked as well, or it is no more than one way to more.
    ...(!besides && { severity: 'info', confidence: 'low', persona: 'auditor' }),
    ...(scope.job !== undefined && { job: scope.job.id }),
  };
}

/** Whether the comparison can make the condition true: alone, or (`besides`) with what else is asked about the author. */
function dominates(tree: Expression, besides: boolean): boolean {
  switch (tree.kind) {
    case 'compare': {
      if (tree.operator !== '==') return false;
      return comparesBot(tree.left, tree.right) || comparesBot(tree.right, tree.left);
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

function comparesBot(one: Expression, other: Expression): boolean {
  if (other.kind !== 'literal') return false;
  const value = String(other.value);
  return (
    (BOT.test(value) || BOT_IDS.test(value)) &&
    allReferences(one).some((reference) => ACTORS.has(reference.join('.')))
  );
}

/** Whether it stands anywhere in the condition that the actor be a bot, or one of a list of them. */
function asks(tree: Expression): boolean {
  switch (tree.kind) {
    case 'compare':
      return (
        tree.operator === '==' && (comparesBot(tree.left, tree.right) || comparesBot(tree.right, tree.left))
      );
    case 'logical':
      return tree.operands.some(asks);
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
