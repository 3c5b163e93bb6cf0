import type { ProbeCheck } from '../contract.ts';
import type { SeLinux } from './kernel.ts';
import type { SeLinuxLabels } from './labels.ts';

/**
 * What is seen from outside of the wall: SELinux enforced, one thread of process 1 in its own context, one whose children the job's
 * processes are in the job's, none in anything else, and a policy that has no weakness.
 */
export function labelCheck(
  labels: SeLinuxLabels,
  seen: {
    readonly state: SeLinux;
    readonly contexts: readonly string[];
    readonly weakness: string | undefined;
  },
): ProbeCheck {
  const wrong = wrongOf(labels, seen);
  return {
    id: 'selinux',
    kind: 'state',
    held: wrong === undefined,
    seen: (wrong ?? `enforced: ${labels.job}`).replace(/[^ -~]/gu, '?').slice(0, 200),
  };
}

function wrongOf(
  { init, job }: SeLinuxLabels,
  { state, contexts, weakness }: Parameters<typeof labelCheck>[1],
): string | undefined {
  if (state !== 'enforces') return 'SELinux is not enforced';
  const other = contexts.find((context) => context !== init && context !== job);
  if (other !== undefined) return `a thread of process 1 is in ${other || 'nothing'}`;
  if (!contexts.includes(init) || !contexts.includes(job))
    return contexts.length === 0 ? 'nothing' : `process 1 is only in ${contexts.join(', ')}`;
  return weakness === undefined ? undefined : `the policy in force is weak: ${weakness}`;
}
