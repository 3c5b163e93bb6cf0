import type { Text } from '../../../workflow/index.ts';
import type { Found } from '../../finding.ts';
import { spanOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Scope, Subject } from '../../subject.ts';
import { imageCandidates } from './candidates.ts';
import { mend } from './mend.ts';

export const rule: Rule = {
  id: 'unpinned-images',
  title: 'An image is named by something that can move',
  severity: 'low',
  confidence: 'high',
  persona: 'pedantic',
  looksAt: 'connected',
  guide: ['§6'],
  alsoKnownAs: ['zizmor/unpinned-images', 'scorecard/Pinned-Dependencies'],
  check,
  mend,
};

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows)
    for (const job of file.jobs)
      for (const { image } of [...(job.container === undefined ? [] : [job.container]), ...job.services])
        if (image !== undefined) yield* judged(subject, { file, job }, image, image.text);
  for (const site of subject.sites) {
    const { uses } = site.step;
    if (uses?.kind === 'docker') yield* judged(subject, site, uses, uses.image);
  }
  // A path is a Dockerfile of the action itself.
  for (const file of subject.repository.actions)
    if (file.using.toLowerCase() === 'docker' && file.image?.text.startsWith('docker://') === true)
      yield* judged(subject, { file }, file.image, file.image.text.slice('docker://'.length));
}

function* judged(subject: Subject, scope: Scope, at: Text, image: string): Iterable<Found> {
  const found = {
    at: spanOf(scope.file.source, at.at, at.text.length),
    fix: 'name it as image@sha256:...',
    ...(scope.job !== undefined && { job: scope.job.id }),
  };
  const named = image.includes('${{') ? imageCandidates(subject, scope, image) : [image];
  if (named === undefined) {
    // Whoever hands a digest on hands it on whole.
    if (/@(?:sha256:)?\$\{\{[^}]*\}\}$/.test(image)) return;
    yield {
      ...found,
      confidence: 'low',
      message: `what image ${image.slice(0, 200)} is, is decided elsewhere, and nothing here asks for its digest`,
    };
    return;
  }
  const open = named.filter((one) => one.trim() !== '' && !/@sha256:[0-9a-f]{64}$/.test(one.trim()));
  const untagged = open.find((one) => !/:[^/]+$/.test(one) || one.endsWith(':latest'));
  const first = untagged ?? open[0];
  if (first === undefined) return;
  yield {
    ...found,
    message: `the image ${first.slice(0, 200)} is ${untagged === undefined ? 'what its tag points to' : 'whatever is newest'} on the day`,
    ...(untagged !== undefined && { severity: 'medium', persona: 'default' }),
  };
}
