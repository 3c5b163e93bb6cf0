import { createHash } from 'node:crypto';

/** The contexts of one sandbox. Their types are those of `setup/selinux/cofferdam.cil`, their two categories the sandbox's own. */
export interface SeLinuxLabels {
  /** Of process 1, which the runtime enters it into. */
  readonly init: string;
  /** Of the thread of process 1 whose children the job's processes are: bounded by the one above. */
  readonly job: string;
  /** Of every file that the job may write. */
  readonly files: string;
  /** Of the root file system's own files. */
  readonly root: string;
  /** Of the program that process 1 is. */
  readonly program: string;
}

const CATEGORIES = 1_024;

/** Two of 1,024 categories, 523,776 pairs, by the container's name, which begins with random bits. Pure. */
export function seLinuxLabels(containerId: string): SeLinuxLabels {
  const digest = createHash('sha256').update(containerId).digest();
  const first = digest.readUInt32LE(0) % CATEGORIES;
  const other = digest.readUInt32LE(4) % (CATEGORIES - 1);
  const second = other < first ? other : other + 1;
  const level = `s0:c${Math.min(first, second)},c${Math.max(first, second)}`;
  return {
    init: `system_u:system_r:cofferdam_init_t:${level}`,
    job: `system_u:system_r:cofferdam_job_t:${level}`,
    files: `system_u:object_r:cofferdam_file_t:${level}`,
    root: `system_u:object_r:cofferdam_root_t:${level}`,
    program: `system_u:object_r:cofferdam_exec_t:${level}`,
  };
}

/** The same type in no sandbox's categories but all: what one job must never reach of another. */
export function ofAnother(label: string): string {
  return label.replace(/:s0:.*$/u, ':s0:c0.c1023');
}
