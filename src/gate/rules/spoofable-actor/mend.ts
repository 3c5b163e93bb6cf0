import type { MendPlan } from '../../fix/mend.ts';
import { conditionAt } from '../../fix/conditions.ts';
import type { Finding } from '../../finding.ts';
import type { Subject } from '../../subject.ts';
import { row } from '../../known/row.ts';

const ACTOR = /\bgithub\.(?:actor|triggering_actor|event\.sender\.login)\b/gi;

/** Who wrote it, where all events that bring the file to run agree on who that is. */
const AUTHOR: Readonly<Record<string, string>> = {
  pull_request: 'github.event.pull_request.user.login',
  pull_request_target: 'github.event.pull_request.user.login',
  pull_request_review: 'github.event.pull_request.user.login',
  pull_request_review_comment: 'github.event.pull_request.user.login',
  issues: 'github.event.issue.user.login',
  issue_comment: 'github.event.comment.user.login',
};

export function mend(subject: Subject, finding: Finding): MendPlan | undefined {
  const found = conditionAt(subject, finding);
  if (found === undefined) return undefined;
  const authors = new Set(subject.reaching(found.scope.file).map(({ event }) => row(AUTHOR, event)));
  const [author, ...more] = authors;
  if (author === undefined || more.length > 0) return undefined;
  return {
    title: `compare ${author}`,
    safety: 'unsafe',
    operations: [
      {
        kind: 'rewrite',
        path: found.path,
        pieces: [...found.text.text.matchAll(ACTOR)].map((match) => ({
          start: match.index,
          end: match.index + match[0].length,
          text: author,
        })),
      },
    ],
  };
}
