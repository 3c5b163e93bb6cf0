import type { Refusal } from '../../base/index.ts';
import { conditionSource, expressionRefusal } from '../expressions/evaluate-text.ts';
import { vocabularyOf } from '../expressions/evaluate.ts';
import { ExpressionFailure } from '../expressions/failure.ts';
import { type Arity, parseExpression } from '../expressions/parse.ts';
import { segmentsOf } from '../expressions/segments.ts';
import type {
  ActionMetadata,
  Assignment,
  Job,
  MatrixSource,
  MatrixValue,
  Step,
  Text,
  Workflow,
} from '../model.ts';

const NONE: ReadonlyMap<string, Arity> = new Map();
const STATUS = ['success', 'failure', 'cancelled', 'always'].map((name): readonly [string, Arity] => [
  name,
  { least: 0, most: 0 },
]);
const HASH: readonly [string, Arity] = ['hashfiles', { least: 1, most: 255 }];

const RUN = ['github', 'inputs', 'vars'];
const NEEDS = [...RUN, 'needs'];
const LEG = [...NEEDS, 'strategy', 'matrix'];
const RUNNING = [...LEG, 'steps', 'job', 'runner', 'env'];
const COMPOSITE = ['github', 'inputs', 'strategy', 'matrix', 'steps', 'job', 'runner', 'env'];

/** What an expression may name at one key (GitHub's contexts reference, "Context availability"). */
interface Available {
  readonly names: readonly string[];
  readonly functions: ReadonlyMap<string, Arity>;
}

const at = (names: readonly string[], functions: ReadonlyMap<string, Arity> = NONE): Available => ({
  names,
  functions,
});
const STEP = at([...RUNNING, 'secrets'], new Map([HASH]));
const STEP_IF = at(RUNNING, new Map([...STATUS, HASH]));
const COMPOSITE_STEP = at(COMPOSITE, new Map([HASH]));
const COMPOSITE_IF = at(COMPOSITE, new Map([...STATUS, HASH]));
const ACTION_INPUT = at(['github', 'strategy', 'matrix', 'job', 'runner'], new Map([HASH]));
const ACTION_IF = at(
  ['runner', 'github', 'job', 'strategy', 'matrix', 'env', 'inputs'],
  new Map([...STATUS, HASH]),
);
const NOWHERE = at([]);

/**
 * Every expression of a workflow that GitHub would refuse where it stands: malformed, or naming a context or a function
 * that does not exist there. Found before anything runs, each with its place; values are not looked at.
 */
export function checkExpressions(workflow: Workflow, concurrency: readonly Text[] = []): readonly Refusal[] {
  return [
    ...texts(concurrency, at(RUN)),
    ...texts([workflow.runName], at(RUN)),
    ...values(workflow.env, at([...RUN, 'secrets'])),
    ...texts([workflow.defaults.shell, workflow.defaults.workingDirectory], NOWHERE),
    ...workflow.jobs.flatMap(checkJob),
  ];
}

function checkJob(job: Job): readonly Refusal[] {
  return [
    ...condition(job.if, at(NEEDS, new Map(STATUS))),
    ...texts([job.name, job.timeoutMinutes, job.continueOnError, ...job.runsOn], at(LEG)),
    ...texts([job.failFast, job.maxParallel], at(NEEDS)),
    ...(job.matrix === undefined ? [] : matrixTexts(job.matrix, at(NEEDS))),
    ...values(job.env, at([...LEG, 'secrets'])),
    ...texts([job.environment?.name], at(LEG)),
    ...texts([job.environment?.url], at(RUNNING)),
    ...texts([job.defaults.shell, job.defaults.workingDirectory], at([...LEG, 'env'])),
    ...values(job.outputs, at([...RUNNING, 'secrets'])),
    ...job.steps.flatMap((step) => checkStep(step, STEP, STEP_IF)),
  ];
}

/** The same for an action's metadata: its steps see fewer contexts than a job's, and never a secret. */
export function checkActionExpressions(action: ActionMetadata): readonly Refusal[] {
  const { runs } = action;
  return [
    ...texts(
      action.inputs.map((input) => input.default),
      ACTION_INPUT,
    ),
    ...texts(
      action.outputs.map((output) => output.value),
      at(COMPOSITE),
    ),
    ...(runs.using === 'composite'
      ? runs.steps.flatMap((step) => checkStep(step, COMPOSITE_STEP, COMPOSITE_IF))
      : [runs.preIf, runs.postIf].flatMap((text) => condition(text, ACTION_IF))),
  ];
}

function checkStep(step: Step, available: Available, inCondition: Available): readonly Refusal[] {
  const own = step.kind === 'run' ? [step.run, step.shell, step.workingDirectory] : [];
  return [
    ...condition(step.if, inCondition),
    ...texts([step.name, step.continueOnError, step.timeoutMinutes, ...own], available),
    ...values(step.env, available),
    ...values(step.kind === 'action' ? step.with : [], available),
  ];
}

function values(assignments: readonly Assignment[], available: Available): readonly Refusal[] {
  return texts(
    assignments.map((assignment) => assignment.value),
    available,
  );
}

function texts(list: readonly (Text | undefined)[], available: Available): readonly Refusal[] {
  return list.flatMap((text) =>
    text === undefined
      ? []
      : refusals(
          text,
          () => segmentsOf(text.text).flatMap((part) => (part.kind === 'expression' ? part.source : [])),
          available,
        ),
  );
}

function condition(text: Text | undefined, available: Available): readonly Refusal[] {
  return text === undefined ? [] : refusals(text, () => [conditionSource(text.text)], available);
}

function matrixTexts(matrix: MatrixSource, available: Available): readonly Refusal[] {
  if (matrix.kind === 'expression') return texts([matrix.text], available);
  return texts(
    stringsIn(matrix.value).map((text) => ({ text, at: matrix.at })),
    available,
  );
}

function stringsIn(value: MatrixValue): readonly string[] {
  if (typeof value === 'string') return [value];
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(stringsIn);
}

function refusals(text: Text, sources: () => readonly string[], available: Available): readonly Refusal[] {
  try {
    for (const source of sources())
      parseExpression(source, vocabularyOf(available.names, available.functions));
    return [];
  } catch (failure) {
    if (!(failure instanceof ExpressionFailure)) throw failure;
    return [expressionRefusal(failure, text.at)];
  }
}
