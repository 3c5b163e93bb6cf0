import type { Controls, Limits } from '../../zone/index.ts';

const MIB = 2 ** 20;
/** Of the guest's kernel itself: its code, its tables (64 bytes for each page of 4 KiB), and the files of its first root. */
const KERNEL_BYTES = 128 * MIB;
const PAGE_TABLE_SHARE = 1 / 32;
/** Of the monitor: translated code, and what it holds of devices and requests on their way. */
const MONITOR_BYTES = 512 * MIB;
const EXCHANGE_BYTES = 64 * MIB;
/** Threads of the monitor: one for each processor, and those that answer for the shares. */
const MONITOR_PIDS = 160;
/** Each open file of the guest is one of the monitor's. */
const MONITOR_FILES = 4_096;
const MONITOR_TMP_BYTES = 16 * MIB;

/** What the guest gets: the job's limit holds inside, for its container; the kernel around it needs some itself. */
export function guestMemory({ memoryBytes }: Limits): number {
  return Math.ceil((memoryBytes * (1 + PAGE_TABLE_SHARE) + KERNEL_BYTES) / MIB) * MIB;
}

/** Whole processors; the time that they get is the machine's limit. */
export function guestProcessors({ cpus }: Limits, available: number): number {
  return Math.max(1, Math.min(available, Math.ceil(cpus)));
}

/**
 * What holds the machine as a whole, outside. Its memory holds the guest's, the monitor's, and what the job writes to its
 * workspace, which lies on the host. It boots on all processors; the job's limit is set before the job begins.
 */
export function machineControls(controls: Controls, available: number): Controls {
  const { limits, isolation } = controls;
  // A profile is of the job, and its price is paid in the guest.
  const { profile: _ofTheJob, ...ordinary } = isolation;
  return {
    ...controls,
    isolation: ordinary,
    secondWalls: [],
    limits: {
      ...limits,
      memoryBytes: guestMemory(limits) + MONITOR_BYTES + limits.workspaceBytes + EXCHANGE_BYTES,
      cpus: Math.max(limits.cpus, available),
      pids: MONITOR_PIDS,
      openFiles: MONITOR_FILES,
      tmpBytes: MONITOR_TMP_BYTES,
    },
  };
}
