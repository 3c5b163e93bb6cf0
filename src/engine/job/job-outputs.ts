import { ok, type Refusal, type Result } from '../../base/index.ts';
import { evaluateText } from '../../workflow/index.ts';
import type { Leg } from '../schedule/job-graph.ts';
import type { JobState, jobScope } from './job-state.ts';

/** The job's outputs, evaluated when its steps are over. */
export function jobOutputs(
  leg: Leg,
  state: JobState,
  scope: ReturnType<typeof jobScope>,
): Result<Readonly<Record<string, string>>, Refusal> {
  const outputs: Record<string, string> = {};
  for (const { name, value } of leg.job.outputs) {
    const text = evaluateText(value, state.contexts(scope));
    if (!text.ok) return text;
    outputs[name] = text.value;
  }
  return ok(outputs);
}
