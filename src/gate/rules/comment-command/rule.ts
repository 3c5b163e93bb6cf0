import type { Text } from '../../../workflow/index.ts';
import type { Found } from '../../finding.ts';
import type { JobPart, WorkflowFile } from '../../repository/model.ts';
import { spanOf } from '../../repository/tree.ts';
import { heldBy } from '../../reach/holders.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { withThoseBehind } from '../../syntax/needs.ts';
import { allReferences } from '../../taint/references.ts';
import { grantedTo, leastOf } from '../../token/least.ts';

export const rule: Rule = {
  id: 'comment-command',
  title: 'A command in a comment is obeyed, whoever wrote it',
  severity: 'high',
  confidence: 'medium',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§0', '§2'],
  alsoKnownAs: [],
  check,
};

const COMMENTS = new Set(['issue_comment', 'pull_request_comment', 'discussion_comment']);
const BODY = /^github\.event\.comment\.body(?:\.|$)/;
const AUTHOR =
  /^github\.(?:actor|actor_id|triggering_actor|event\.comment\.(?:author_association|user\..+|user)|event\.sender\..+|event\.issue\.author_association)$/;
/** Actions that ask for the right of whoever wrote the comment by themselves. */
const ASKS =
  /^(?:github\/command|peter-evans\/slash-command-dispatch|actions-cool\/check-user-permission|prince-chrismc\/check-actor-permissions-action|lannonbr\/repo-permission-check-action|sushichop\/action-repository-permission|xt0rted\/slash-command-action)$/;

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows) {
    const event = subject.reaching(file).find(({ event: name }) => COMMENTS.has(name));
    if (event === undefined) continue;
    let asked: ReadonlySet<JobPart> | undefined;
    for (const job of file.jobs) {
      const command = commandOf(subject, file, job);
      if (command === undefined) continue;
      asked ??= withThoseBehind(file.jobs, (one) => asks(subject, file, one));
      if (asked.has(job) || !holds(subject, file, job)) continue;
      const at = spanOf(file.source, command.at, command.text.length);
      yield {
        at,
        job: job.id,
        events: [event.event],
        message: `the job ${job.id} obeys a command in a comment, and does not ask who wrote it`,
        fix: 'ask for github.event.comment.author_association in the condition of the job',
        flow: [...event.via, { at, what: 'obeys what the comment says' }],
        // An action from elsewhere to which all is left may ask by itself.
        ...(leavesAll(job) && { severity: 'medium', confidence: 'low' }),
      };
    }
  }
}

/** The condition of the job, or of a step of it, that looks into the comment. */
function commandOf(subject: Subject, file: WorkflowFile, job: JobPart): Text | undefined {
  return [job.if, ...job.steps.map((step) => step.if)].find(
    (text) => text !== undefined && names(subject, file, text, BODY),
  );
}

/** Whether the job itself asks; one before it may have asked as well. */
function asks(subject: Subject, file: WorkflowFile, job: JobPart): boolean {
  if (job.if !== undefined && names(subject, file, job.if, AUTHOR)) return true;
  for (const step of job.steps) {
    const { uses, run } = step;
    if (step.if !== undefined && names(subject, file, step.if, AUTHOR)) return true;
    if (uses?.kind === 'repository' && ASKS.test(uses.repository)) return true;
    const told = [run, ...step.with.map(({ value }) => value), ...step.env.map(({ value }) => value)];
    if (
      told.some((text) =>
        /author_association|collaborators|getCollaboratorPermission|membership|COMMENT_AUTHOR/i.test(
          text?.text ?? '',
        ),
      )
    )
      return true;
  }
  return false;
}

function names(subject: Subject, file: WorkflowFile, text: Text, wanted: RegExp): boolean {
  const trees = [subject.condition(text), ...subject.expressions(file, text).map(({ tree }) => tree)];
  return trees.some(
    (tree) => tree !== undefined && allReferences(tree).some((one) => wanted.test(one.join('.'))),
  );
}

function leavesAll({ steps }: JobPart): boolean {
  const doing = steps.filter(
    ({ uses }) => uses?.kind !== 'repository' || !/^actions\/(?:checkout|setup-)/.test(uses.repository),
  );
  return (
    doing.length === 1 &&
    doing.every(({ uses }) => uses?.kind === 'repository' && uses.repository !== 'actions/github-script')
  );
}

/** Whether there is anything to be had in the job: a secret, or a token that may write more than an answer. */
function holds(subject: Subject, file: WorkflowFile, job: JobPart): boolean {
  if (job.uses !== undefined || heldBy(subject, job).some(({ secret }) => secret !== 'GITHUB_TOKEN'))
    return true;
  const granted = grantedTo(file, job);
  if (granted === undefined) return leastOf(subject, file, job).whole === false;
  if (granted.all === 'write') return true;
  return granted.scopes.some(
    ({ scope, level }) =>
      level === 'write' && !['issues', 'pull-requests', 'discussions', 'checks', 'statuses'].includes(scope),
  );
}
