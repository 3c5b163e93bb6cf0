import type { Found } from '../../finding.ts';
import type { JobPart, StepPart, WorkflowFile } from '../../repository/model.ts';
import { spanOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { publishes } from '../../taint/publication.ts';
import { inputOf } from '../../taint/workspace.ts';

export const rule: Rule = {
  id: 'unverified-release',
  title: 'What is published or deployed was made elsewhere, and nothing is verified of it',
  severity: 'medium',
  confidence: 'low',
  persona: 'pedantic',
  looksAt: 'connected',
  guide: ['§6', 'checklist'],
  alsoKnownAs: [],
  check,
};

const VERIFIERS = new Set([
  'slsa-verifier',
  'sha256sum',
  'sha512sum',
  'shasum',
  'minisign',
  'gpg',
  'openssl',
]);

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows)
    for (const job of file.jobs) {
      const download = job.steps.find(
        ({ uses }) => uses?.kind === 'repository' && /\/(?:action-)?download-artifact$/.test(uses.repository),
      );
      if (download?.uses === undefined || verifies(subject, file, job)) continue;
      const published = publishes(subject, { file, job });
      if (published === undefined) continue;
      const at = spanOf(file.source, download.uses.at, download.uses.text.length);
      const foreign = inputOf(download, 'run-id') !== undefined || download.uses.text.startsWith('dawidd6/');
      yield {
        at,
        job: job.id,
        message: `the job ${job.id} ${published.what} what it downloads and verifies nothing of it`,
        fix: 'verify its provenance or a digest that the build gave: gh attestation verify, cosign verify-blob, sha256sum --check',
        flow: [{ at, what: 'takes what another job has made' }, published],
        // What another run has made comes from further away than what this one has.
        ...(foreign && { persona: 'default', confidence: 'medium' }),
      };
    }
}

function verifies(subject: Subject, file: WorkflowFile, job: JobPart): boolean {
  return job.steps.some((step: StepPart) => {
    if (step.uses?.kind === 'repository')
      return (
        step.uses.repository === 'slsa-framework/slsa-verifier' && step.uses.path !== 'actions/installer'
      );
    return (subject.script({ file, job, step })?.commands ?? []).some(({ name, words }) => {
      const values = words.map(({ value }) => value);
      if (name === 'gh') return values[0] === 'attestation' && values[1] === 'verify';
      if (name === 'cosign') return values[0]?.startsWith('verify') === true;
      if (!VERIFIERS.has(name)) return false;
      return values.some((word) => /^(?:-c|--check|--verify|verify.*|-V.*|dgst)$/.test(word));
    });
  });
}
