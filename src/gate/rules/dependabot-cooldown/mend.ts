import type { MendPlan } from '../../fix/mend.ts';
import { isAt } from '../../fix/sites.ts';
import type { Finding } from '../../finding.ts';
import { entryOf, itemsOf, textOf, valueOf } from '../../repository/tree.ts';
import type { Subject } from '../../subject.ts';

const DAYS = 7;

/** Updates come later, and those of security as before. */
export function mend(subject: Subject, finding: Finding): MendPlan | undefined {
  const file = subject.repository.dependabot.find(({ source }) => source.path === finding.at.file);
  const updates = itemsOf(valueOf(file?.tree, 'updates'));
  const index = updates.findIndex((update) => {
    const cooldown = entryOf(update, 'cooldown');
    const places = [
      textOf(valueOf(update, 'package-ecosystem'))?.at,
      cooldown?.keyAt,
      textOf(valueOf(cooldown?.value, 'default-days'))?.at,
    ];
    return places.some((at) => at !== undefined && isAt(at, finding));
  });
  return index === -1
    ? undefined
    : {
        title: `wait ${DAYS} days for a new version`,
        safety: 'safe',
        operations: [{ kind: 'set', path: ['updates', index, 'cooldown', 'default-days'], value: DAYS }],
      };
}
