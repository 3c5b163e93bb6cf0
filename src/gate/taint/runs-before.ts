import type { ActionFile, WorkflowFile } from '../repository/model.ts';
import { textsIn, valueOf } from '../repository/tree.ts';
import type { Subject } from '../subject.ts';

const MAX_CALLS = 10;

/** The workflows whose end starts this one, by its own trigger; undefined: one of them is not here, and may be any. */
export function runsBefore(subject: Subject, file: WorkflowFile): readonly WorkflowFile[] | undefined {
  const trigger = file.triggers.find(({ event }) => event === 'workflow_run');
  const titles = textsIn(valueOf(trigger?.value, 'workflows')).map(({ text }) => text);
  const before = subject.repository.workflows.filter(({ name, source }) =>
    titles.includes(name?.text ?? source.path),
  );
  return before.length < titles.length || titles.length === 0 ? undefined : before;
}

/** Whether what `github.event.workflow_run` tells may be of a stranger's pull request, as far as workflows are here. */
export function afterStrangers(subject: Subject, file: WorkflowFile | ActionFile, depth = 0): boolean {
  const known = subject.once(newMap);
  const before = known.get(file);
  if (before !== undefined) return before;
  const found = looked(subject, file, depth);
  known.set(file, found);
  return found;
}

function newMap(): Map<WorkflowFile | ActionFile, boolean> {
  return new Map();
}

function looked(subject: Subject, file: WorkflowFile | ActionFile, depth: number): boolean {
  if (depth > MAX_CALLS) return true;
  const own = file.kind === 'workflow' && file.triggers.some(({ event }) => event === 'workflow_run');
  if (own) {
    const before = runsBefore(subject, file);
    if (before === undefined) return true;
    if (before.some((one) => subject.reaching(one).some(({ event }) => event.startsWith('pull_request'))))
      return true;
  }
  return subject.callsOf(file).some(({ scope }) => afterStrangers(subject, scope.file, depth + 1));
}
