import type { Expression } from '../../../workflow/index.ts';
import type { JobPart, StepPart, WorkflowFile } from '../../repository/model.ts';
import { textsIn, valueOf } from '../../repository/tree.ts';
import type { Subject } from '../../subject.ts';
import { jobsById } from '../../syntax/needs.ts';
import { shutsOut } from '../../taint/conditions.ts';
import { allReferences } from '../../taint/references.ts';
import { inputOf } from '../../taint/workspace.ts';

const LABEL = 'a label';
export const ENVIRONMENT = 'the reviewers of its environment';

/** Whether a label that was once given holds for what is pushed afterwards as well. */
function staysLabeled(subject: Subject, file: WorkflowFile, job: JobPart, step: StepPart): boolean {
  const pushed = file.triggers.some(({ event, value }) => {
    const types = textsIn(valueOf(value, 'types'));
    return (
      event === 'pull_request_target' &&
      (types.length === 0 || types.some(({ text }) => text === 'synchronize'))
    );
  });
  if (!pushed) return false;
  const names = [job.if, step.if].flatMap((condition) => {
    const tree = condition === undefined ? undefined : subject.condition(condition);
    return tree === undefined ? [] : allReferences(tree).map((one) => one.join('.'));
  });
  const event = names.includes('github.event.action') || names.includes('github.event.label.name');
  if (event || !names.some((name) => name.startsWith('github.event.pull_request.labels'))) return false;
  // Somebody takes it away again when something is pushed.
  const text = file.source.text;
  return !/remove-?labels?|removeLabel/i.test(text.slice(0, 200_000));
}

/** By what somebody with rights lets the job run; undefined: by nothing that is seen. */
export function approvalOf(
  subject: Subject,
  file: WorkflowFile,
  job: JobPart,
  step?: StepPart,
): string | undefined {
  const of = (wanted: RegExp): boolean =>
    [
      job,
      ...(step === undefined ? [] : [step]),
      ...job.needs.flatMap(({ text }) => jobsById(file.jobs).get(text) ?? []),
    ].some(({ if: condition }) => {
      const tree = condition === undefined ? undefined : subject.condition(condition);
      return tree !== undefined && demands(tree, wanted);
    });
  const pulls = file.triggers.filter(({ event }) => event === 'pull_request_target');
  const labeled =
    pulls.length > 0 &&
    pulls.every(({ value }) => {
      const types = textsIn(valueOf(value, 'types'));
      return types.length > 0 && types.every(({ text }) => text === 'labeled');
    });
  if (of(/^github\.event\.(?:label\.name|pull_request\.labels)/) || labeled) return LABEL;
  if (of(/^github\.event\.(?:comment|review|issue|pull_request)\.author_association$/))
    return 'who wrote a comment';
  return job.environment === undefined ? undefined : ENVIRONMENT;
}

/** Whether a condition is true only where such a name is compared, or is in what is asked for. */
function demands(tree: Expression, wanted: RegExp): boolean {
  const names = (): boolean => allReferences(tree).some((one) => wanted.test(one.join('.')));
  switch (tree.kind) {
    case 'logical':
      return tree.operator === '&&'
        ? tree.operands.some((one) => demands(one, wanted))
        : // What lets no stranger past is no other way for one.
          tree.operands.every((one) => shutsOut(one, 'pull_request_target') || demands(one, wanted));
    case 'compare':
      return tree.operator === '==' && names();
    case 'call':
      return ['contains', 'startswith', 'endswith'].includes(tree.name.toLowerCase()) && names();
    default:
      return false;
  }
}

/** Whether what a step checks out is the commit that was approved, and no other. */
export function isApprovedCommit(
  subject: Subject,
  file: WorkflowFile,
  job: JobPart,
  step: StepPart,
  approval: string,
): boolean {
  const ref = inputOf(step, 'ref');
  return (
    ref !== undefined &&
    isFixed(subject, file, ref.text, approval) &&
    !(approval === LABEL && staysLabeled(subject, file, job, step))
  );
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
