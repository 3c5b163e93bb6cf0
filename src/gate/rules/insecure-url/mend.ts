import type { MendPlan } from '../../fix/mend.ts';
import { scriptPlan } from '../../fix/script-piece.ts';
import type { Finding } from '../../finding.ts';
import type { Subject } from '../../subject.ts';

/** Whether the server speaks TLS is not in the workflow. */
export function mend(subject: Subject, finding: Finding): MendPlan | undefined {
  return scriptPlan(subject, finding, { title: 'fetch it by https://', safety: 'unsafe' }, (text) =>
    [...text.matchAll(/\bhttp:\/\/(?!localhost\b|127\.|\[)/g)].map(({ index }) => ({
      start: index,
      end: index + 'http'.length,
      text: 'https',
    })),
  );
}
