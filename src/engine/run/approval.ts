import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { Leg } from '../schedule/job-graph.ts';
import type { JobZone } from '../trust/job-zones.ts';
import type { RunGround } from './run-ground.ts';

/** Gets the approvals that a job's zone requires (guide §3), or says why it may not start. */
export async function approvalFor(
  ground: Pick<RunGround, 'approve' | 'journal'>,
  leg: Leg,
  granted: JobZone,
): Promise<Result<undefined, Refusal>> {
  const { required } = granted.controls.approvals;
  if (required === 0) return ok(undefined);
  const people = [...new Set(await ground.approve(leg.job.id, granted.zone))];
  for (const by of people) await ground.journal.write({ type: 'approval.given', job: leg.id, by });
  if (people.length >= required) return ok(undefined);
  const each = required === 1 ? 'one person' : `${required} people`;
  return err(
    refusal(
      'policy',
      'zone/approval',
      `job ${leg.job.id} in zone ${granted.zone} must be approved by ${each}, and was by ${people.length}`,
      required === 1
        ? `answer yes on the terminal, or approve it with --approve ${leg.job.id}`
        : 'lower approvals.required in the operator\u2019s cofferdam.yaml: a run on one machine has one operator',
      leg.job.at,
    ),
  );
}
