import type { Found } from '../../finding.ts';
import type { PermissionsPart, Source } from '../../repository/model.ts';
import { lineAt } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';

export const rule: Rule = {
  id: 'undocumented-permissions',
  title: 'Nobody says what a right is for',
  severity: 'info',
  confidence: 'high',
  persona: 'pedantic',
  looksAt: 'connected',
  guide: ['§2'],
  alsoKnownAs: ['zizmor/undocumented-permissions'],
  check,
};

function* check({ repository }: Subject): Iterable<Found> {
  for (const { source, permissions, jobs } of repository.workflows) {
    if (permissions !== undefined) yield* judged(source, permissions);
    for (const { id, permissions: own } of jobs)
      if (own !== undefined) for (const found of judged(source, own)) yield { ...found, job: id };
  }
}

function* judged(source: Source, { at, all, scopes }: PermissionsPart): Iterable<Found> {
  const rights = [
    ...(all === 'write' ? [{ scope: 'write-all', at }] : []),
    // Reading the contents is what nearly every job does.
    ...scopes.filter(({ scope, level }) => level === 'write' || (level === 'read' && scope !== 'contents')),
  ];
  for (const right of rights)
    if (!isExplained(source, right.at.line))
      yield {
        at: right.at,
        message: `nothing says what ${right.scope} is for`,
        fix: 'add a comment behind it: who needs it, and for what',
      };
}

/** A comment behind it, or alone on the line above. */
function isExplained(source: Source, line: number): boolean {
  const before = line > 1 ? lineAt(source, line - 1) : '';
  return /\s#.*\w{3}/.test(lineAt(source, line)) || /^\s*#.*\w{3}/.test(before);
}
