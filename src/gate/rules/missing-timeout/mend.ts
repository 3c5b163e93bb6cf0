import type { MendPlan } from '../../fix/mend.ts';
import { jobOfFinding } from '../../fix/sites.ts';
import type { Finding } from '../../finding.ts';
import type { Subject } from '../../subject.ts';

/** An hour is enough for most jobs, and ends those that need more: how long one takes is not in the files. */
const MINUTES = 60;

export function mend(subject: Subject, finding: Finding): MendPlan | undefined {
  const found = jobOfFinding(subject, finding);
  return found === undefined
    ? undefined
    : {
        title: `end the job after ${MINUTES} minutes`,
        safety: 'unsafe',
        operations: [
          {
            kind: 'set',
            path: ['jobs', found.job.id, 'timeout-minutes'],
            value: MINUTES,
            after: ['runs-on', 'needs', 'name'],
          },
        ],
      };
}
