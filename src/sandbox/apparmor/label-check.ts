import type { ProbeCheck } from '../contract.ts';
import { type AppArmorNames, stacked } from './profile.ts';

/**
 * What the labels of the threads of process 1 prove: one of them in its own profile, one with the job's stacked upon it, whose children the job's
 * processes will be, and none in anything else; all of them enforced.
 */
export function labelCheck(names: AppArmorNames, labels: readonly string[]): ProbeCheck {
  const wanted = [`${names.init} (enforce)`, `${stacked(names)} (enforce)`];
  const other = labels.find((label) => !wanted.includes(label));
  const lacking = wanted.find((label) => !labels.includes(label));
  const held = other === undefined && lacking === undefined;
  return {
    id: 'apparmor',
    kind: 'state',
    held,
    seen: held
      ? 'enforced'
      : `${other ?? (labels.length === 0 ? 'nothing' : labels.join(', '))}`.slice(0, 200),
  };
}

/** The wall is named as lacking, and that is no fault of the sandbox's: `why` begins with `absent`. */
export function absentCheck(why: string): ProbeCheck {
  return { id: 'apparmor', kind: 'state', held: true, seen: why };
}
