import type { YamlPath } from '../../../workflow/index.ts';
import type { MendPlan } from '../../fix/mend.ts';
import { isAt, sitesOf, stepPath, workflowOfFinding } from '../../fix/sites.ts';
import { isCommit } from '../../lock/pin.ts';
import { lockedUse } from '../../lock/agreement.ts';
import type { Finding } from '../../finding.ts';
import type { UsesPart } from '../../repository/model.ts';
import type { Subject } from '../../subject.ts';

/** Pins to what the lock says; nothing is asked of the network. */
export function mend(subject: Subject, finding: Finding): MendPlan | undefined {
  const place = placeOf(subject, finding);
  if (place?.uses.kind !== 'repository') return undefined;
  const { uses, path } = place;
  const locked = lockedUse(subject.repository.locks, `${uses.repository}@${uses.ref}`);
  if (locked === undefined || !isCommit(locked.commit)) return undefined;
  const start = uses.text.length - uses.ref.length;
  return {
    title: `pin to the commit that the lock has for ${uses.ref}, and run cofferdam lock again`,
    safety: 'safe',
    brings: ['lock-mismatch'],
    operations: [
      { kind: 'rewrite', path, pieces: [{ start, end: uses.text.length, text: locked.commit }] },
      ...(/^[\w.+/-]{1,100}$/.test(locked.version ?? '')
        ? [{ kind: 'comment' as const, path, text: locked.version ?? '' }]
        : []),
    ],
  };
}

function placeOf(
  subject: Subject,
  finding: Finding,
): { readonly path: YamlPath; readonly uses: UsesPart } | undefined {
  for (const site of sitesOf(subject, finding)) {
    const { uses } = site.step;
    if (uses !== undefined && isAt(uses.at, finding)) return { uses, path: [...stepPath(site), 'uses'] };
  }
  for (const { id, uses } of workflowOfFinding(subject, finding.at)?.jobs ?? [])
    if (uses !== undefined && isAt(uses.at, finding)) return { uses, path: ['jobs', id, 'uses'] };
  return undefined;
}
