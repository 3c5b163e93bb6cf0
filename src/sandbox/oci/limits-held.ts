import { type Refusal, refusal } from '../../base/index.ts';
import type { LimitName } from '../../zone/index.ts';

const PAGE = 4_096;

/** The kernel rounds memory down to pages, a file system's size up to pages, and a quota to microseconds. */
const UNDER = { memoryBytes: PAGE, pids: 0, cpus: 0.01, workspaceBytes: 0, workspaceInodes: 0 } as const;
const OVER = { memoryBytes: 0, pids: 0, cpus: 0, workspaceBytes: PAGE, workspaceInodes: 16 } as const;

/** The first limit that the kernel does not hold as planned; undefined when all are held. */
export function limitsUnheld(
  planned: Readonly<Partial<Record<LimitName, number>>>,
  held: Readonly<Partial<Record<LimitName, number>>>,
): Refusal | undefined {
  for (const limit of ['memoryBytes', 'pids', 'cpus', 'workspaceBytes', 'workspaceInodes'] as const) {
    const wanted = planned[limit];
    if (wanted === undefined) continue;
    const value = held[limit];
    if (value !== undefined && value <= wanted + OVER[limit] && value >= wanted - UNDER[limit]) continue;
    return refusal(
      'machine',
      'sandbox/limit-not-held',
      `the limit ${limit} was set to ${wanted}, and the kernel says ${value ?? 'nothing'}`,
      'see what cofferdam doctor says of this machine',
    );
  }
  return undefined;
}

export function notOwned(): Refusal {
  return refusal(
    'machine',
    'sandbox/outside-its-cgroup',
    'the sandbox runs outside the control group that was made for it',
    'see what cofferdam doctor says of this machine',
  );
}
