import type { Found } from '../../finding.ts';
import type { JobPart, WorkflowFile } from '../../repository/model.ts';
import { textsIn, valueOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { jobsById } from '../../syntax/needs.ts';
import { allReferences } from '../../taint/references.ts';
import { taintsOf } from '../../taint/taint.ts';
import { inputOf } from '../../taint/workspace.ts';

export const rule: Rule = {
  id: 'approval-race',
  title: 'What is run may be another commit than the one that was approved',
  severity: 'high',
  confidence: 'medium',
  persona: 'default',
  guide: ['§2'],
  alsoKnownAs: ['codeql/actions/untrusted-checkout-toctou', 'codeql/actions/improper-access-control'],
  check,
};

function* check(subject: Subject): Iterable<Found> {
  const taints = taintsOf(subject);
  for (const file of subject.repository.workflows)
    for (const job of file.jobs) {
      const approval = approvalOf(subject, file, job);
      if (approval === undefined) continue;
      for (const filled of taints.filled({ file, job })) {
        if (filled.by !== 'checkout') continue;
        const ref = inputOf(filled.step, 'ref');
        const fixed =
          ref !== undefined &&
          isFixed(subject, file, ref.text, approval) &&
          !(approval === LABEL && staysLabeled(subject, file, job));
        if (fixed) continue;
        yield {
          at: filled.at,
          job: job.id,
          message: `the job ${job.id} is approved by ${approval}, and then fetches whatever the head is by then`,
          fix: 'check out the commit that was approved: github.event.pull_request.head.sha of that event',
          events: filled.taint.events,
          flow: filled.taint.hops,
        };
      }
    }
}

const LABEL = 'a label';

/** Whether a label that was once given holds for what is pushed afterwards as well. */
function staysLabeled(subject: Subject, file: WorkflowFile, job: JobPart): boolean {
  const pushed = file.triggers.some(({ event, value }) => {
    const types = textsIn(valueOf(value, 'types'));
    return (
      event === 'pull_request_target' &&
      (types.length === 0 || types.some(({ text }) => text === 'synchronize'))
    );
  });
  if (!pushed) return false;
  const tree = job.if === undefined ? undefined : subject.condition(job.if);
  const names = tree === undefined ? [] : allReferences(tree).map((one) => one.join('.'));
  const event = names.includes('github.event.action') || names.includes('github.event.label.name');
  if (event || !names.some((name) => name.startsWith('github.event.pull_request.labels'))) return false;
  // Somebody takes it away again when something is pushed.
  const text = file.source.text;
  return !/remove-?labels?|removeLabel/i.test(text.slice(0, 200_000));
}

/** By what somebody with rights lets the job run; undefined: by nothing that is seen. */
function approvalOf(subject: Subject, file: WorkflowFile, job: JobPart): string | undefined {
  const of = (wanted: RegExp): boolean =>
    [job, ...job.needs.flatMap(({ text }) => jobsById(file.jobs).get(text) ?? [])].some(
      ({ if: condition }) => {
        const tree = condition === undefined ? undefined : subject.condition(condition);
        return tree !== undefined && allReferences(tree).some((one) => wanted.test(one.join('.')));
      },
    );
  const labeled = file.triggers.some(
    ({ event, value }) =>
      event === 'pull_request_target' &&
      textsIn(valueOf(value, 'types')).some(({ text }) => text === 'labeled'),
  );
  if (of(/^github\.event\.(?:label\.name|pull_request\.labels)/) || labeled) return LABEL;
  if (of(/^github\.event\.(?:comment|review|issue|pull_request)\.author_association$/))
    return 'who wrote a comment';
  return job.environment === undefined ? undefined : 'the reviewers of its environment';
}

/** A commit by its own name, as the event of the approval holds it. */
function isFixed(subject: Subject, file: WorkflowFile, ref: string, approval: string): boolean {
  const trees = subject.expressions(file, { text: ref, at: { file: file.source.path } });
  const names = trees.flatMap(({ tree }) => allReferences(tree).map((one) => one.join('.')));
  const sha = names.some((name) =>
    [
      'github.event.pull_request.head.sha',
      'github.event.review.commit_id',
      'github.event.workflow_run.head_sha',
    ].includes(name),
  );
  // A comment's payload has no commit: what is asked for afterwards is what the head is then.
  return sha && approval !== 'who wrote a comment';
}
