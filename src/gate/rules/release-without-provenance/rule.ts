import type { Found } from '../../finding.ts';
import type { JobPart, WorkflowFile } from '../../repository/model.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { withThoseLinked } from '../../syntax/needs.ts';
import { publishes } from '../../taint/publication.ts';
import { inputOf } from '../../taint/workspace.ts';

export const rule: Rule = {
  id: 'release-without-provenance',
  title: 'Something is published and nothing says from what it was made',
  severity: 'low',
  confidence: 'medium',
  persona: 'pedantic',
  looksAt: 'connected',
  guide: ['§6', 'checklist'],
  alsoKnownAs: ['codeql/actions/missing-provenance-flag'],
  check,
};

const ATTEST =
  /^(?:actions\/attest(?:-build-provenance|-sbom)?|sigstore\/gh-action-sigstore-python|slsa-framework\/slsa-github-generator|slsa-framework\/source-actions)$/;
/** Attest by themselves when they publish as a trusted publisher: no password is given. */
const ATTEST_BY_THEMSELVES = new Set(['pypa/gh-action-pypi-publish', 'rubygems/release-gem']);

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows) {
    let attested: ReadonlySet<JobPart> | undefined;
    for (const job of file.jobs) {
      const published = publishes(subject, { file, job });
      if (published === undefined || ['site', 'deployment'].includes(published.kind)) continue;
      // In the job, in one that it needs, or in one that needs it.
      attested ??= withThoseLinked(file.jobs, (one) => attests(subject, file, one));
      if (attested.has(job)) continue;
      yield {
        at: published.at,
        job: job.id,
        message: `the job ${job.id} publishes, and nothing attests from what`,
        fix: 'attest the build: actions/attest-build-provenance, npm publish --provenance, or cosign attest',
      };
    }
  }
}

function attests(subject: Subject, file: WorkflowFile, job: JobPart): boolean {
  if (job.uses?.kind === 'repository' && ATTEST.test(job.uses.repository)) return true;
  return job.steps.some((step) => {
    const { uses } = step;
    if (uses?.kind === 'repository') {
      if (ATTEST.test(uses.repository)) return true;
      if (uses.repository === 'docker/build-push-action')
        return !['', 'false'].includes(inputOf(step, 'provenance')?.text ?? '');
      return ATTEST_BY_THEMSELVES.has(uses.repository) && inputOf(step, 'password') === undefined;
    }
    if (step.env.some(({ name, value }) => name === 'NPM_CONFIG_PROVENANCE' && value.text === 'true'))
      return true;
    return (subject.script({ file, job, step })?.commands ?? []).some(
      ({ name, words }) =>
        (name === 'cosign' &&
          ['sign', 'sign-blob', 'attest', 'attest-blob'].includes(words[0]?.value ?? '')) ||
        words.some(({ value }) => value === '--provenance' || value === '--attestations'),
    );
  });
}
