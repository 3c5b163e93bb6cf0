import type { MendPlan } from '../../fix/mend.ts';
import { isAt } from '../../fix/sites.ts';
import type { Finding } from '../../finding.ts';
import { entryOf, itemsOf, valueOf } from '../../repository/tree.ts';
import type { Subject } from '../../subject.ts';

const KEY = 'insecure-external-code-execution';

/** Updates that need code of the packages fail afterwards: a person should know. */
export function mend(subject: Subject, finding: Finding): MendPlan | undefined {
  const file = subject.repository.dependabot.find(({ source }) => source.path === finding.at.file);
  const index = itemsOf(valueOf(file?.tree, 'updates')).findIndex((update) => {
    const entry = entryOf(update, KEY);
    return entry !== undefined && isAt(entry.keyAt, finding);
  });
  return index === -1
    ? undefined
    : {
        title: 'let Dependabot run no code of packages',
        safety: 'unsafe',
        operations: [{ kind: 'set', path: ['updates', index, KEY], value: 'deny' }],
      };
}
