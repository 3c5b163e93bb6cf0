import type { MendPlan } from '../../fix/mend.ts';
import { scriptPlan } from '../../fix/script-piece.ts';
import type { Finding } from '../../finding.ts';
import type { Subject } from '../../subject.ts';

/** Whether the lockfile is there, and agrees, is not in the workflow. */
export function mend(subject: Subject, finding: Finding): MendPlan | undefined {
  return scriptPlan(
    subject,
    finding,
    { title: 'install what the lockfile holds', safety: 'unsafe' },
    (text) => {
      const [all = '', before = '', word = ''] = /^(npm )(install|i)(?=\s|$)/.exec(text) ?? [];
      return all === ''
        ? undefined
        : [{ start: before.length, end: before.length + word.length, text: 'ci' }];
    },
  );
}
