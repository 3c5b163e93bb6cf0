import { existsSync, readFileSync } from 'node:fs';
import type { SandboxReceipt } from '../contract.ts';
import type { SandboxPlan } from '../plan/plan-sandbox.ts';
import type { JobGroup } from './job-group.ts';
import { limitsUnheld } from './limits-held.ts';
import { namespaceChecks } from './namespaces.ts';
import type { SecondWalls } from './second-walls.ts';

const EVERY_MS = 500;

export interface HeldBy {
  readonly receipt: SandboxReceipt;
  readonly plan: SandboxPlan;
  readonly group: JobGroup;
  readonly initPid: number;
  readonly walls: SecondWalls;
  readonly ownKernel: boolean;
}

/**
 * Looks again, from outside and as long as a job runs, at what its receipt says. Nothing inside can take a wall down; root of the
 * machine can, mostly by accident: a profile removed by a reload of AppArmor, a limit raised by hand, a process moved to another
 * group. `fell` settles with the first that is less than the receipt says, within half a second.
 */
export class StillHeld {
  readonly fell: Promise<{ readonly why: string }>;
  readonly #timer: NodeJS.Timeout;

  constructor(by: HeldBy) {
    const before = fixedOf(by.initPid);
    let tell: (fallen: { readonly why: string }) => void = () => undefined;
    this.fell = new Promise((resolve) => {
      tell = resolve;
    });
    this.#timer = setInterval(() => {
      const why = lessThan(by, before);
      if (why === undefined) return;
      clearInterval(this.#timer);
      tell({ why });
    }, EVERY_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** What of process 1 the kernel never changes by itself: its filter, its capabilities, its ids, its mounts. */
function fixedOf(pid: number): Readonly<Record<'status' | 'mounts', string>> | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kept = /^(?:Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):.*$/gm;
    return {
      status: (status.match(kept) ?? []).join('\n'),
      mounts: readFileSync(`/proc/${pid}/mountinfo`, 'utf8'),
    };
  } catch {
    return undefined;
  }
}

function lessThan(by: HeldBy, before: ReturnType<typeof fixedOf>): string | undefined {
  const { plan, group, initPid, walls, ownKernel } = by;
  const network = plan.config.linux.namespaces.find(({ type }) => type === 'network')?.path ?? '';
  const now = fixedOf(initPid);
  const proven = new Set(by.receipt.checks.map(({ id }) => id));
  const checks = [...walls.checks(initPid), ...namespaceChecks(initPid, network)].filter(({ id }) =>
    proven.has(id),
  );
  const inGroup = group.processes().includes(initPid);
  const found = [
    limitsUnheld(plan.limits, { ...by.receipt.limits, ...emptied(by), ...group.limits() })?.why,
    inGroup || plan.limits.pids === undefined ? undefined : 'process 1 is outside of its control group',
    ...checks.filter(({ held }) => !held).map(({ id, seen }) => `${id} is now ${seen}`),
    now?.status === before?.status ? undefined : 'the rights of process 1 are others',
    ownKernel || now?.mounts === before?.mounts ? undefined : 'the mounts of process 1 are others',
  ].find((one) => one !== undefined);
  // One that has ended holds nothing, and that it has is told elsewhere.
  return found !== undefined && isRunning(initPid) ? found : undefined;
}

/** The limits of the control group count as held only as far as they are read now. */
function emptied({ plan }: HeldBy): Partial<Record<'memoryBytes' | 'pids' | 'cpus', number>> {
  return Object.fromEntries(
    (['memoryBytes', 'pids', 'cpus'] as const)
      .filter((name) => plan.limits[name] !== undefined)
      .map((name) => [name, Number.NaN]),
  );
}

function isRunning(pid: number): boolean {
  try {
    return (
      existsSync(`/proc/${pid}/ns/pid`) &&
      !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    );
  } catch {
    return false;
  }
}
