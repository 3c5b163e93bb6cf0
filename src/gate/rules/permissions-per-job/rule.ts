import type { Found } from '../../finding.ts';
import type { WorkflowFile } from '../../repository/model.ts';
import { entryOf, spanOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';

export const rule: Rule = {
  id: 'permissions-per-job',
  title: 'Rights are granted to a workflow, and not to the job that needs them',
  severity: 'info',
  confidence: 'high',
  persona: 'pedantic',
  looksAt: 'connected',
  guide: ['§2', 'checklist'],
  alsoKnownAs: ['zizmor/excessive-permissions'],
  check,
};

function* check({ repository }: Subject): Iterable<Found> {
  for (const file of repository.workflows) {
    const { permissions } = file;
    if (permissions === undefined) yield* unsaid(file);
    else
      for (const { scope, level, at } of permissions.scopes)
        if (level === 'write')
          yield {
            at,
            message: `${scope}: write stands at the top: a job that is added later may write as well`,
            fix: 'write permissions: {} at the top, and what is needed in the job that needs it',
          };
  }
}

/** Where each job says its own, one that is added later gets the repository’s default; what is only called, all that its caller has. */
function* unsaid({ source, tree, jobs, triggers }: WorkflowFile): Iterable<Found> {
  const on = entryOf(tree, 'on') ?? entryOf(tree, 'jobs');
  if (jobs.length === 0 || on === undefined) return;
  const at = spanOf(source, on.keyAt, on.key.length);
  const called = triggers.length > 0 && triggers.every(({ event }) => event === 'workflow_call');
  if (!called && jobs.some(({ permissions }) => permissions === undefined)) return;
  yield {
    at,
    message: called
      ? 'the called workflow says nothing of its token: it has all that its caller has'
      : 'only the jobs say what their tokens may do: one that is added later gets the repository’s default',
    fix: 'write permissions: {} at the top',
  };
  if (called)
    for (const { id, permissions, at: job } of jobs)
      if (permissions === undefined)
        yield {
          at: job,
          job: id,
          persona: 'auditor',
          message: `the job ${id} has all that the caller of its workflow has`,
          fix: 'say what it needs',
        };
}
