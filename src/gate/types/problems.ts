import { readExpression, type Text } from '../../workflow/index.ts';
import { actionFacts } from '../known/popular-actions.ts';
import type { ActionFile, JobPart, StepPart, WorkflowFile } from '../repository/model.ts';
import { entriesOf, lineAt, valueOf } from '../repository/tree.ts';
import type { Subject } from '../subject.ts';
import { checkAction } from '../syntax/action-checks.ts';
import { WORKFLOW } from '../syntax/job-shapes.ts';
import type { Wanted } from '../syntax/shape.ts';
import { type SyntaxProblem, Walk } from '../syntax/walk.ts';
import { checkWorkflow } from '../syntax/workflow-checks.ts';
import { checkSlot, type ExpressionProblem } from './check-slot.ts';
import { type Outputs, ScopeContexts } from './scope-contexts.ts';

/** Everything that is wrong with how a file is written, found in one walk. */
export interface FileProblems {
  readonly syntax: readonly SyntaxProblem[];
  readonly expressions: readonly ExpressionProblem[];
}

const MAX_PROBLEMS = 2_000;

export function problemsOf(subject: Subject, file: WorkflowFile | ActionFile): FileProblems {
  const walk = new Walk();
  if (file.kind === 'workflow') {
    walk.visit(file.tree, WORKFLOW, { name: 'workflow', at: file.tree.at });
    checkWorkflow(walk, file);
  } else checkAction(walk, file);
  const contexts = new ScopeContexts(file, {
    outputsOf: (step, job) => outputsOf(subject, file, step, job),
    callOutputsOf: (job) => callOutputsOf(subject, job),
    inherits: subject.callsOf(file).some(({ scope }) => scope.job?.inheritsSecrets !== undefined),
  });
  const expressions: ExpressionProblem[] = [];
  const wanted = file.kind === 'workflow' ? wantedByCalls(subject, file) : undefined;
  for (const slot of walk.slots) {
    const asked = { ...slot, wanted: wanted?.get(slot.text) ?? slot.wanted };
    for (const problem of checkSlot(asked, {
      source: file.source,
      contextsAt: (one) => contexts.at(one),
      read: (source) => {
        const tree = subject.tree(source);
        return tree === undefined ? readExpression(source) : { tree };
      },
    }))
      expressions.push(problem);
    if (expressions.length > MAX_PROBLEMS) break;
  }
  return { syntax: walk.problems, expressions };
}

/** What an input of a called workflow must be made of, by the text that gives it. */
function wantedByCalls(subject: Subject, file: WorkflowFile): ReadonlyMap<Text, Wanted> {
  const wanted = new Map<Text, Wanted>();
  for (const job of file.jobs) {
    const trigger = subject.calledWorkflow(job)?.triggers.find(({ event }) => event === 'workflow_call');
    if (trigger === undefined) continue;
    const types = new Map(trigger.inputs.map(({ name, type }) => [name.toLowerCase(), type]));
    for (const { key, value } of entriesOf(valueOf(job.tree, 'with'))) {
      const type = types.get(key.toLowerCase());
      if (value.kind === 'scalar' && (type === 'number' || type === 'boolean'))
        wanted.set(value, type === 'number' ? 'number' : 'truth value');
    }
  }
  return wanted;
}

function outputsOf(
  subject: Subject,
  file: WorkflowFile | ActionFile,
  step: StepPart,
  job: JobPart | undefined,
): Outputs | undefined {
  const { uses } = step;
  if (uses === undefined || uses.kind === 'docker' || uses.kind === 'unknown') return undefined;
  if (uses.kind === 'repository') {
    const names = actionFacts(uses, lineAt(file.source, uses.at.line ?? 0))?.outputs;
    return names === undefined ? undefined : { names, all: true };
  }
  const called = subject.calledAction(step, job);
  if (called === undefined) return undefined;
  const names = entriesOf(valueOf(called.tree, 'outputs')).map(({ key }) => key);
  return { names, all: called.using === 'composite' };
}

function callOutputsOf(subject: Subject, job: JobPart): readonly string[] | undefined {
  const called = subject.calledWorkflow(job);
  const trigger = called?.triggers.find(({ event }) => event === 'workflow_call');
  return called === undefined
    ? undefined
    : entriesOf(valueOf(trigger?.value, 'outputs')).map(({ key }) => key);
}
