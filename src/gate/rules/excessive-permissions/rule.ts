import type { Found } from '../../finding.ts';
import type { JobPart, PermissionsPart, WorkflowFile } from '../../repository/model.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { PRIVILEGED_EVENTS } from '../../taint/sources.ts';
import { type Least, leastOf } from '../../token/least.ts';
import { mend } from './mend.ts';

export const rule: Rule = {
  id: 'excessive-permissions',
  title: 'A job\u2019s token may do more than it is for',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§2', 'checklist'],
  alsoKnownAs: [
    'zizmor/excessive-permissions',
    'codeql/actions/missing-workflow-permissions',
    'poutine/default_permissions_on_risky_events',
    'scorecard/Token-Permissions',
  ],
  check,
  mend,
};

/** With any of these a token changes what others get. */
const STRONG = new Set([
  'actions',
  'attestations',
  'contents',
  'deployments',
  'id-token',
  'packages',
  'pages',
]);

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows) {
    // What a fork starts by its pull request has a token that only reads.
    const strange = subject.reaching(file).some(({ event }) => PRIVILEGED_EVENTS.has(event));
    const { permissions } = file;
    if (permissions !== undefined) yield* all(permissions, 'every job', strange);
    const jobs = file.jobs.filter((job) => job.steps.length > 0 || job.uses !== undefined);
    const inheriting = jobs.filter((job) => job.permissions === undefined);
    if (permissions?.all === undefined && inheriting.length > 1)
      for (const { scope, level, at } of permissions?.scopes ?? [])
        if (level === 'write')
          yield {
            at,
            severity: STRONG.has(scope) ? (strange ? 'high' : 'medium') : 'low',
            message: `every job of the workflow may write ${scope}`,
            fix: `grant ${scope}: write in the one job that needs it`,
          };
    const onlyCalled =
      file.triggers.length > 0 && file.triggers.every(({ event }) => event === 'workflow_call');
    for (const job of file.jobs) {
      if (job.permissions !== undefined) {
        yield* all(job.permissions, `the job ${job.id}`, strange, job.id);
        yield* unused(subject, file, job, job.permissions);
        continue;
      }
      if (permissions !== undefined && jobs.length === 1) yield* unused(subject, file, job, permissions);
      // What is only called has the rights of its caller at most.
      if (permissions !== undefined || onlyCalled) continue;
      yield {
        at: job.at,
        job: job.id,
        confidence: 'medium',
        message: `neither the job ${job.id} nor its workflow says what its token may do: it gets the repository\u2019s default, which may be all`,
        fix: enough(leastOf(subject, file, job)),
      };
    }
  }
}

function* all(permissions: PermissionsPart, who: string, strange: boolean, job?: string): Iterable<Found> {
  if (permissions.all === undefined) return;
  const write = permissions.all === 'write';
  yield {
    at: permissions.at,
    severity: write ? 'high' : 'low',
    persona: write || strange ? 'default' : 'pedantic',
    message: `${who} may ${permissions.all} everything`,
    fix: 'name the scopes that are needed, one by one',
    ...(job !== undefined && { job }),
  };
}

/** What is granted to a job of which every step is known, and none uses it. */
function* unused(
  subject: Subject,
  file: WorkflowFile,
  job: JobPart,
  granted: PermissionsPart,
): Iterable<Found> {
  const { scopes, whole } = leastOf(subject, file, job);
  if (!whole || job.steps.length === 0) return;
  for (const { scope, level, at } of granted.scopes)
    if (level === 'write' && scopes.get(scope) !== 'write')
      yield {
        at,
        job: job.id,
        severity: STRONG.has(scope) ? 'medium' : 'low',
        message: `the job ${job.id} may write ${scope}, and none of its steps does`,
        fix: scopes.get(scope) === 'read' ? `grant ${scope}: read` : `take ${scope}: write away`,
      };
}

function enough({ scopes, whole }: Least): string {
  if (!whole) return 'write permissions: {} or permissions: { contents: read } at the top of the workflow';
  const list = [...scopes].toSorted().map(([scope, level]) => `${scope}: ${level}`);
  return `write permissions: ${list.length === 0 ? '{}' : `{ ${list.join(', ')} }`} in the job, which is all that its steps use`;
}
