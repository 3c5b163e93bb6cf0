import type { MendPlan } from '../../fix/mend.ts';
import { isAt, sitesOf, stepPath } from '../../fix/sites.ts';
import type { Finding } from '../../finding.ts';
import type { Site, Subject } from '../../subject.ts';
import { inputOf } from '../../taint/workspace.ts';

/** Actions that do nothing with the credentials of a checkout. */
const APART =
  /^(?:actions\/(?:checkout|cache|setup-[a-z]+|upload-artifact|download-artifact|upload-pages-artifact|deploy-pages|attest[a-z-]*|dependency-review-action)|github\/codeql-action|docker\/[a-z-]+|codecov\/codecov-action|golangci\/golangci-lint-action|pnpm\/action-setup|ruby\/setup-ruby|shivammathur\/setup-php|astral-sh\/setup-uv|swatinem\/rust-cache|dtolnay\/rust-toolchain|pypa\/gh-action-pypi-publish|gradle\/actions|actions\/github-script)$/;
/** Words of a script in which a push may hide. */
const HIDDEN =
  /\b(?:git|release|publish|deploy|bump|version|lerna|changeset|submodule|lfs|hub|goreleaser|mike|gh-deploy|standard-version)\b/i;

/** Programs of the repository, of which the workflow does not show what they do. */
const OPAQUE =
  /(?:^|[\s;&|(])(?:\.{0,2}\/\S|(?:make|just|task|rake|gulp|nox|tox|npx|node|python3?|ruby|bash|sh)\s|(?:npm|yarn|pnpm|bun|bundle|cargo|go|poetry|uv)\s+(?:run|exec|x)\b)/m;

export function mend(subject: Subject, finding: Finding): MendPlan | undefined {
  const site = sitesOf(subject, finding).find(
    ({ step }) => step.uses !== undefined && isAt(step.uses.at, finding),
  );
  if (site === undefined) return undefined;
  const name = site.step.with.find((one) => one.name.toLowerCase() === 'persist-credentials')?.name;
  return {
    title: 'keep no token after checkout',
    safety: isUnused(subject, site) ? 'safe' : 'unsafe',
    operations: [
      {
        kind: 'set',
        path: [...stepPath(site), 'with', name ?? 'persist-credentials'],
        value: false,
        ...(site.step.with.length === 0 && { after: [] }),
      },
    ],
  };
}

/** Whether nothing behind the checkout can be seen to need the token, and nothing is out of sight that may push. */
function isUnused(subject: Subject, { file, job, step }: Site): boolean {
  const permissions = job?.permissions ?? (file.kind === 'workflow' ? file.permissions : undefined);
  // Who was given the right to write on purpose may well write.
  const granted =
    permissions?.all === 'write' ||
    permissions?.scopes.some(({ scope, level }) => scope === 'contents' && level === 'write') === true;
  const pushes = permissions === undefined || granted;
  const later = (job?.steps ?? (file.kind === 'action' ? file.steps : [])).filter(
    ({ index }) => index > step.index,
  );
  if (inputOf(step, 'submodules') !== undefined || inputOf(step, 'lfs') !== undefined) return false;
  return later.every((one) => {
    if (one.run !== undefined) return !HIDDEN.test(one.run.text) && !(granted && OPAQUE.test(one.run.text));
    if (one.uses?.kind === 'local') {
      const called = subject.calledAction(one, job);
      return called !== undefined && called.steps.every(({ run, uses }) => isPlain(run?.text, uses));
    }
    return isPlain(undefined, one.uses) || !pushes;
  });
}

function isPlain(run: string | undefined, uses: Site['step']['uses']): boolean {
  if (run !== undefined) return !HIDDEN.test(run);
  return uses?.kind === 'repository' ? APART.test(uses.repository) : uses?.kind === 'docker';
}
