import { readFileSync } from 'node:fs';

const NOBODY = 65_534;
const SETS = ['CapPrm', 'CapEff', 'CapAmb'] as const;

/**
 * Which user a process is, as this user namespace sees it, and whether it has any capability. Of one that cannot be read
 * the worst is said.
 */
export function rightsOf(pid: string): { readonly uid: number; readonly any: boolean } {
  const status = read(`/proc/${pid}/status`);
  const uid = /^Uid:\t\d+\t(\d+)\t/m.exec(status)?.[1];
  const none = SETS.every((set) => new RegExp(`^${set}:\\t0+$`, 'm').test(status));
  return { uid: Number(uid ?? 0), any: !none };
}

/** Whether this user namespace has an id for nobody: one that maps a single id has none. */
export function hasNobody(map = read('/proc/self/uid_map')): boolean {
  return map.split('\n').some((row) => {
    const [inside = 0, , length = 0] = row.trim().split(/\s+/).map(Number);
    return inside <= NOBODY && NOBODY < inside + length;
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
