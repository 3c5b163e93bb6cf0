import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import {
  type Combination,
  type EvaluationWork,
  evaluateText,
  evaluateValue,
  expandMatrix,
  isChosen,
  type Job,
  type MatrixChoice,
  matrixName,
  type Workflow,
} from '../../workflow/index.ts';
import type { Leg, Needs } from '../schedule/job-graph.ts';
import { planContexts } from './prepare-job.ts';

/**
 * A job as the legs that its matrix makes of it, without those that whoever started the run left out; one without a
 * matrix. Fails when its strategy cannot be evaluated, and when nothing of it is left.
 */
export function legsOf(
  ground: Parameters<typeof planContexts>[0] & {
    readonly matrix: MatrixChoice;
    readonly work: EvaluationWork;
  },
  job: Job,
  needs: Needs,
): Result<readonly Leg[], Refusal> {
  const contexts = planContexts(ground, needs, job.id);
  const combinations = job.matrix === undefined ? ok([{}]) : expandMatrix(job.matrix, contexts, ground.work);
  if (!combinations.ok) return combinations;
  const failFast =
    job.failFast === undefined ? ok(true) : evaluateValue(job.failFast, contexts, { work: ground.work });
  if (!failFast.ok) return failFast;
  const most =
    job.maxParallel === undefined
      ? ok(combinations.value.length)
      : evaluateValue(job.maxParallel, contexts, { work: ground.work });
  if (!most.ok) return most;
  const total = combinations.value.length;
  const places = Number(most.value);
  const maxParallel = Number.isSafeInteger(places) && places > 0 ? places : total;
  const quick = failFast.value !== false && failFast.value !== 'false';
  const legs: Leg[] = [];
  for (const [index, matrix] of combinations.value.entries()) {
    if (!isChosen(matrix, ground.matrix)) continue;
    const strategy = {
      'fail-fast': quick,
      'job-index': index,
      'job-total': total,
      'max-parallel': maxParallel,
    };
    const name =
      job.name === undefined
        ? ok(undefined)
        : evaluateText(job.name, { ...contexts, matrix, strategy }, { work: ground.work });
    if (!name.ok) return name;
    legs.push({
      job,
      id: total === 1 ? job.id : legId(ground.workflow, job.id, index + 1),
      displayName: name.value ?? matrixName(job.id, matrix),
      matrix,
      index,
      total,
      failFast: quick,
      maxParallel,
    });
  }
  return legs.length > 0 ? ok(legs) : err(nothingLeft(job, combinations.value));
}

function nothingLeft(job: Job, combinations: readonly Combination[]): Refusal {
  const names = combinations.slice(0, 20).map((matrix) => matrixName(job.id, matrix));
  const why = `--matrix leaves nothing of the job ${job.id}`;
  return refusal('usage', 'run/matrix', why, `choose among ${names.join(', ')}`, job.matrix?.at ?? job.at);
}

/** No other job's id, which may end in a number as well. */
function legId(workflow: Workflow, job: string, number: number): string {
  const id = `${job}-${number}`;
  return workflow.jobs.some((other) => other.id.toLowerCase() === id.toLowerCase())
    ? `${job}--${number}`
    : id;
}
