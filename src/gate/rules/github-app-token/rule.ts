import type { Found } from '../../finding.ts';
import { spanOf } from '../../repository/tree.ts';
import type { StepPart } from '../../repository/model.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { inputOf } from '../../taint/workspace.ts';

export const rule: Rule = {
  id: 'github-app-token',
  title: 'A token of a GitHub App may do more than it is for',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§3'],
  alsoKnownAs: ['zizmor/github-app'],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  for (const { file, job, step } of subject.sites) {
    const { uses } = step;
    if (uses?.kind !== 'repository') continue;
    const official = uses.repository === 'actions/create-github-app-token';
    const older = uses.repository === 'tibdex/github-app-token';
    if (!official && !older) continue;
    const of = job === undefined ? {} : { job: job.id };
    const at = spanOf(file.source, uses.at, uses.text.length);
    const revoke = inputOf(step, 'skip-token-revoke') ?? (older ? inputOf(step, 'revoke') : undefined);
    const keeps =
      revoke !== undefined &&
      revoke.text.toLowerCase() === (inputOf(step, 'revoke') === revoke ? 'false' : 'true');
    if (revoke !== undefined && keeps)
      yield {
        ...of,
        at: spanOf(file.source, revoke.at, revoke.text.length),
        message: 'the token is not taken back when the job ends',
        fix: 'let the action revoke it',
      };
    else if (revoke?.text.includes('${{') === true)
      yield {
        ...of,
        at: spanOf(file.source, revoke.at, revoke.text.length),
        persona: 'pedantic',
        confidence: 'low',
        message: 'whether the token is taken back when the job ends, is decided elsewhere',
        fix: 'let the action revoke it',
      };
    const owner = inputOf(step, 'owner');
    if (
      official &&
      owner !== undefined &&
      inputOf(step, 'repositories') === undefined &&
      !onlyOfOrganization(step)
    )
      yield {
        ...of,
        at: spanOf(file.source, owner.at, owner.text.length),
        severity: 'high',
        message: 'the token holds for every repository of its owner in which the App is installed',
        fix: 'name the repositories that are meant: repositories: one, two',
      };
    const limited = step.with.some(({ name }) => /^permissions?(?:-|$)/i.test(name));
    if (!limited)
      yield {
        ...of,
        at,
        message: 'the token may do everything that the App may',
        fix: official ? 'name what it is for: permission-contents: read' : 'name what it is for: permissions',
      };
  }
}

/** Whether all that is asked for is of the organisation, and holds for no repository. */
function onlyOfOrganization({ with: given }: StepPart): boolean {
  const asked = given.filter(({ name }) => /^permission-/i.test(name));
  return asked.length > 0 && asked.every(({ name }) => /^permission-(?:members|organization-)/i.test(name));
}
