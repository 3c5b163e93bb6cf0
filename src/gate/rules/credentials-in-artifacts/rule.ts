import type { Found } from '../../finding.ts';
import type { StepPart } from '../../repository/model.ts';
import { spanOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Scope, Subject } from '../../subject.ts';
import { inputOf, isCheckout } from '../../taint/workspace.ts';
import { versionUsed } from '../../uses.ts';

export const rule: Rule = {
  id: 'credentials-in-artifacts',
  title: 'An artifact holds the job\u2019s token',
  severity: 'high',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§3'],
  alsoKnownAs: ['zizmor/artipacked', 'codeql/actions/secrets-in-artifacts'],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  for (const { file, job, step } of subject.sites) {
    const { uses } = step;
    if (uses === undefined || !isCheckout(step)) continue;
    if (inputOf(step, 'persist-credentials')?.text.toLowerCase() === 'false') continue;
    // Since its sixth version the token lies beside the workspace, where no artifact takes it from.
    const scope = { file, ...(job !== undefined && { job }) };
    if (/^v?(?:[6-9]|\d\d)(?:\.|$)/.test(versionOf(subject, scope, step))) continue;
    const steps = job?.steps ?? (file.kind === 'action' ? file.steps : []);
    const folder = inputOf(step, 'path')?.text;
    const upload = steps.find((one) => one.index > step.index && uploads(subject, scope, one, folder));
    if (upload?.uses === undefined) continue;
    const from = spanOf(file.source, uses.at, uses.text.length);
    yield {
      at: spanOf(file.source, upload.uses.at, upload.uses.text.length),
      message: 'the artifact holds .git/config, and with it the token that checkout has left there',
      fix: 'check out with persist-credentials: false, or upload what was built alone',
      ...(job !== undefined && { job: job.id }),
      flow: [
        { at: from, what: 'writes the token into .git/config' },
        { at: upload.at, what: 'uploads the folder that holds .git' },
      ],
    };
  }
}

/** Whether a step uploads the folder into which a checkout went, with what is hidden in it. */
function uploads(subject: Subject, scope: Scope, step: StepPart, folder: string | undefined): boolean {
  const { uses } = step;
  if (uses?.kind !== 'repository' || uses.repository !== 'actions/upload-artifact') return false;
  const path = inputOf(step, 'path')?.text ?? '';
  // 4.4 leaves hidden files out; 4.3 and those before it did not.
  const hidden =
    inputOf(step, 'include-hidden-files')?.text === 'true' ||
    /^v?(?:[123](?:\.|$)|4\.[0-3](?:\.|$))/.test(versionOf(subject, scope, step));
  const own = (folder ?? '').replace(/^\.\//, '').replace(/\/$/, '');
  return path
    .split('\n')
    .map((line) => line.trim())
    .some((line) => {
      const whole = /^(?:\.\/?|\*\*?|\.\/\*\*?(?:\/\*)?|\*\*\/\*|\$\{\{ *github\.workspace *\}\}\/?)$/.test(
        line,
      );
      const below = own !== '' && line.replace(/^\.\//, '').replace(/\/(?:\*\*?)?$/, '') === own;
      return ((whole || below) && hidden) || /(?:^|\/)\.git(?:\/|$)/.test(line);
    });
}

/** The version of an action as its ref or the comment behind it says; a commit alone says none. */
function versionOf(subject: Subject, scope: Scope, step: StepPart): string {
  const { uses } = step;
  if (uses?.kind !== 'repository') return '';
  const at = spanOf(scope.file.source, uses.at, uses.text.length);
  return versionUsed(subject, { ...scope, step, uses, at, kind: 'action' })?.text ?? '';
}
