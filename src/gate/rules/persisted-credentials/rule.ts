import type { Found } from '../../finding.ts';
import type { StepPart } from '../../repository/model.ts';
import { spanOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Site, Subject } from '../../subject.ts';
import { inputOf, isCheckout } from '../../taint/workspace.ts';
import { mend } from './mend.ts';

export const rule: Rule = {
  id: 'persisted-credentials',
  title: 'The job\u2019s token stays in the workspace after checkout',
  severity: 'low',
  confidence: 'medium',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§3'],
  alsoKnownAs: ['zizmor/artipacked'],
  check,
  mend,
};

function* check(subject: Subject): Iterable<Found> {
  const pushing = new Map<readonly StepPart[], number>();
  for (const site of subject.sites) {
    const { step, file, job } = site;
    const { uses } = step;
    if (uses === undefined || !isCheckout(step)) continue;
    const asked = inputOf(step, 'persist-credentials')?.text;
    if (asked?.toLowerCase() === 'false') continue;
    const steps = job?.steps ?? (file.kind === 'action' ? file.steps : []);
    const last = pushing.get(steps) ?? steps.findLastIndex((one) => pushes(subject, { ...site, step: one }));
    pushing.set(steps, last);
    // A step that pushes needs them, and who asks for them by name or by a condition has thought of it.
    const meant = last > step.index || asked?.toLowerCase() === 'true' || asked?.includes('${{') === true;
    yield {
      at: spanOf(file.source, uses.at, uses.text.length),
      message: 'checkout leaves the job\u2019s token in .git/config, where every later step can read it',
      fix: 'add with: { persist-credentials: false }',
      ...(job !== undefined && { job: job.id }),
      ...(meant && { persona: 'auditor' as const }),
    };
  }
}

function pushes(subject: Subject, site: Site): boolean {
  const { uses } = site.step;
  if (uses?.kind === 'repository')
    return /^(?:stefanzweifel\/git-auto-commit-action|ad-m\/github-push-action|peter-evans\/create-pull-request|endbug\/add-and-commit|changesets\/action|jamesives\/github-pages-deploy-action)$/.test(
      uses.repository,
    );
  return (subject.script(site)?.commands ?? []).some(
    ({ name, words }) =>
      name === 'git' && words.some(({ value }) => value === 'push' || value === 'fetch' || value === 'pull'),
  );
}
