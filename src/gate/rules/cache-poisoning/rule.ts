import type { Found, Hop } from '../../finding.ts';
import type { JobPart, StepPart, Trigger, WorkflowFile } from '../../repository/model.ts';
import { spanOf, valueOf, wordsOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { publishes } from '../../taint/publication.ts';
import { inputOf } from '../../taint/workspace.ts';
import { versionUsed } from '../../uses.ts';
import { majorOf, type Restoring, restoring } from '../../reach/caches.ts';
import { type Release, whenReleased } from './when-released.ts';
import { mend } from './mend.ts';

export const rule: Rule = {
  id: 'cache-poisoning',
  title: 'A job that publishes takes from a cache that others fill',
  severity: 'medium',
  confidence: 'medium',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§2', '§6'],
  alsoKnownAs: ['zizmor/cache-poisoning', 'codeql/actions/cache-poisoning'],
  check,
  mend,
};

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows) {
    const releases = file.triggers.flatMap(releasesBy);
    for (const job of file.jobs) {
      if (!job.steps.some(mayRestore)) continue;
      const published = publishes(subject, { file, job }) ?? deploys(file, job);
      if (published === undefined && releases.length === 0) continue;
      if (releases.length > 0 && releases.every((one) => neverRuns(subject, job.if, one))) continue;
      // What runs for every push, and for tags as well, may make no release at all.
      const among = published === undefined && releases.every((one) => one.among === true);
      for (const step of job.steps) {
        const found = restores(subject, file, job, step, releases);
        if (found !== undefined) yield told(file, job, step, found, published, among);
      }
    }
  }
}

function told(
  { source }: WorkflowFile,
  job: JobPart,
  { uses, at: step }: StepPart,
  { what, sometimes }: Restoring,
  published: Hop | undefined,
  among: boolean,
): Found {
  const at = uses === undefined ? step : spanOf(source, uses.at, uses.text.length);
  return {
    at,
    job: job.id,
    message: `the job ${job.id} ${published === undefined ? 'makes a release' : 'publishes'} from what it finds in a cache that other jobs can write (${what})`,
    fix: 'build a release without a cache',
    flow: [
      { at, what: 'restores a cache that a stranger\u2019s code may have written' },
      ...(published === undefined ? [] : [published]),
    ],
    ...(published === undefined && { confidence: 'low' as const }),
    ...(among && { severity: 'low' as const, persona: 'pedantic' as const }),
    ...(sometimes !== undefined && {
      confidence: 'low' as const,
      severity: 'low' as const,
      persona: sometimes,
    }),
  };
}

/** Whether a step takes from a cache in a run that releases something. */
function restores(
  subject: Subject,
  file: WorkflowFile,
  job: JobPart,
  step: StepPart,
  releases: readonly Release[],
): Restoring | undefined {
  if (!mayRestore(step)) return undefined;
  if (releases.length > 0 && releases.every((one) => neverRuns(subject, step.if, one))) return undefined;
  const { uses } = step;
  if (uses?.kind !== 'repository') return undefined;
  const at = spanOf(file.source, uses.at, uses.text.length);
  const version = versionUsed(subject, { file, job, step, uses, at, kind: 'action' })?.text;
  const found = restoring(step, majorOf(version));
  const { by } = found ?? {};
  const given = by === undefined ? undefined : inputOf(step, by.input);
  if (found === undefined || by === undefined || given?.text.includes('${{') !== true) return found;
  const tree = subject.condition(given);
  const off =
    tree !== undefined &&
    releases.length > 0 &&
    releases.every((one) => {
      const value = whenReleased(tree, one);
      return value !== undefined && !by.on(String(value).toLowerCase());
    });
  return off ? undefined : found;
}

function mayRestore(step: StepPart): boolean {
  return restoring(step, undefined) !== undefined || restoring(step, 1) !== undefined;
}

function neverRuns(subject: Subject, condition: StepPart['if'], release: Release): boolean {
  const tree = condition === undefined ? undefined : subject.condition(condition);
  const value = tree === undefined ? undefined : whenReleased(tree, release);
  return value === false || value === '';
}

/** The runs by which a workflow's trigger makes a release. */
function releasesBy({ event, value }: Trigger): readonly Release[] {
  if (event === 'release') return [{ event: 'release', ref: 'tag' }];
  if (event !== 'push') return [];
  const branches = valueOf(value, 'branches');
  const released = wordsOf(branches).some(({ text }) => /release|^rel[-/]/i.test(text));
  const tagged: Release = { event, ref: 'tag', ...(branches !== undefined && { among: true }) };
  return [
    ...(valueOf(value, 'tags') === undefined ? [] : [tagged]),
    ...(released ? [{ event, ref: 'branch' } as const] : []),
  ];
}

/** Actions that put something where others use it. */
const DEPLOYS =
  /^(?:aws-actions\/amazon-ecs-deploy-task-definition|google-github-actions\/(?:deploy-[a-z0-9-]+|upload-cloud-storage)|cloudflare\/(?:wrangler|pages)-action|azure\/(?:webapps-deploy|functions-action|k8s-deploy|static-web-apps-deploy)|peaceiris\/actions-gh-pages|svenstaro\/upload-release-action|actions\/upload-release-asset)$/;

function deploys({ source }: WorkflowFile, { steps }: JobPart): Hop | undefined {
  for (const step of steps) {
    const { uses } = step;
    if (uses?.kind !== 'repository') continue;
    const pushed =
      uses.repository === 'docker/build-push-action' &&
      !['', 'false'].includes(inputOf(step, 'push')?.text.trim().toLowerCase() ?? '');
    const drafted =
      uses.repository === 'release-drafter/release-drafter' &&
      inputOf(step, 'publish')?.text.trim().toLowerCase() === 'true';
    if (pushed || drafted || DEPLOYS.test(uses.repository))
      return { at: spanOf(source, uses.at, uses.text.length), what: 'publishes' };
  }
  return undefined;
}
