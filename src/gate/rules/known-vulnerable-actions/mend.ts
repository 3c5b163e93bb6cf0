import type { MendPlan } from '../../fix/mend.ts';
import { stepPath } from '../../fix/sites.ts';
import type { Finding } from '../../finding.ts';
import type { Subject } from '../../subject.ts';
import { repositoryUses } from '../../uses.ts';

/** Whether the tag is there, and what else it changes, is not known here: only for a whole version, and only to look at. */
export function mend(subject: Subject, finding: Finding): MendPlan | undefined {
  const [, fixed] = /^use v?(\d+\.\d+\.\d+) or later/.exec(finding.fix) ?? [];
  const one = repositoryUses(subject).find(
    ({ at }) => at.file === finding.at.file && at.line === finding.at.line && at.column === finding.at.column,
  );
  const [, mark] = /^(v?)\d+\.\d+\.\d+$/.exec(one?.uses.ref ?? '') ?? [];
  if (one === undefined || fixed === undefined || mark === undefined) return undefined;
  const { file, job, step, uses } = one;
  const above =
    step === undefined
      ? (['jobs', job?.id ?? ''] as const)
      : stepPath({ file, step, ...(job !== undefined && { job }) });
  return {
    title: `use ${mark}${fixed}, in which it is mended; look whether there is such a tag, and run cofferdam lock again`,
    safety: 'unsafe',
    brings: ['lock-mismatch'],
    operations: [
      {
        kind: 'rewrite',
        path: [...above, 'uses'],
        pieces: [
          { start: uses.text.length - uses.ref.length, end: uses.text.length, text: `${mark}${fixed}` },
        ],
      },
    ],
  };
}
