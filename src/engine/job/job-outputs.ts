import { ok, type Refusal, type Result } from '../../base/index.ts';
import { type EvaluationWork, evaluateText } from '../../workflow/index.ts';
import type { Leg } from '../schedule/job-graph.ts';
import type { JobState, jobScope } from './job-state.ts';

export interface JobOutputs {
  readonly values: Readonly<Record<string, string>>;
  /** Names of outputs that held a masked value: GitHub leaves them out, with a warning. */
  readonly dropped: readonly string[];
}

/** The job's outputs, evaluated when its steps and posts are over, however they ended. */
export function jobOutputs(
  leg: Leg,
  state: JobState,
  scope: ReturnType<typeof jobScope>,
  masked: (text: string) => string,
  work: EvaluationWork,
): Result<JobOutputs, Refusal> {
  const values: Record<string, string> = {};
  const dropped: string[] = [];
  for (const { name, value } of leg.job.outputs) {
    const text = evaluateText(value, state.contexts(scope), { work });
    if (!text.ok) return text;
    if (masked(text.value) === text.value) values[name] = text.value;
    else dropped.push(name);
  }
  return ok({ values, dropped });
}
