import { readFileSync } from 'node:fs';
import type { ProbeCheck, SandboxReceipt, WeakerLimit } from '../contract.ts';
import type { HostFacts } from '../plan/host-facts.ts';
import type { SandboxPlan } from '../plan/plan-sandbox.ts';

/**
 * Limits of each process in the place of a control group's, read back from the kernel: process 1 has set them for itself and so
 * for all that it starts.
 */
export function weakerLimitsCheck(planned: readonly WeakerLimit[], limits: string): readonly ProbeCheck[] {
  if (planned.length === 0) return [];
  const lines = planned.map(({ by, value }) => {
    const line = limits.split('\n').find((row) => row.startsWith(NAMES[by])) ?? '';
    const [soft, hard] = line.slice(NAMES[by].length).trim().split(/\s+/);
    return { by, seen: `${soft ?? 'nothing'}`, held: soft === String(value) && hard === String(value) };
  });
  return [
    {
      id: 'weaker-limits-as-planned',
      kind: 'state',
      held: lines.every(({ held }) => held),
      seen: lines.map(({ by, seen }) => `${by} ${seen}`).join(', '),
    },
  ];
}

/** What the limits that are held do not cover. */
export function uncountedBy(
  { socketsUncounted: why }: HostFacts,
  { limits }: Pick<SandboxPlan, 'limits'>,
): Pick<SandboxReceipt, 'uncounted'> {
  return why === undefined || limits.memoryBytes === undefined
    ? {}
    : { uncounted: [{ limit: 'memoryBytes', what: 'memory of sockets', why }] };
}

/** As in proc_pid_limits(5). */
const NAMES = { RLIMIT_NPROC: 'Max processes', RLIMIT_DATA: 'Max data size' } as const;

/** `/proc/PID/limits`; empty when it cannot be read. */
export function limitsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/limits`, 'utf8');
  } catch {
    return '';
  }
}
