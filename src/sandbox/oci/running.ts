import { readFileSync } from 'node:fs';
import type { RunningNow } from '../contract.ts';

const MAX_PROCESSES = 4_096;
const MAX_ARGUMENTS_BYTES = 1_024;
/** Clock ticks of proc(5): USER_HZ, which is 100 on every architecture that is supported. */
const TICK_MS = 10;

/**
 * Which processes of a sandbox run now, seen from outside: `processes` are those of its control group. One that has ended and
 * is only waited for is none. What they say of themselves is bounded and hostile.
 */
export function runningOf(initPid: number, processes: readonly number[]): readonly RunningNow[] {
  const now = Number(read('/proc/uptime')?.split(' ')[0] ?? 0) * 1_000;
  return processes
    .slice(0, MAX_PROCESSES)
    .filter((pid) => pid !== initPid)
    .flatMap((pid) => {
      const stat = read(`/proc/${pid}/stat`);
      // The name is in brackets and may hold any byte but NUL.
      const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
      const [state = 'X'] = fields;
      if (state === 'Z' || state === 'X') return [];
      const status = read(`/proc/${pid}/status`) ?? '';
      const inner = /^NSpid:.*\s(\d+)$/m.exec(status)?.[1];
      if (inner === undefined) return [];
      const line = read(`/proc/${pid}/cmdline`)?.slice(0, MAX_ARGUMENTS_BYTES) ?? '';
      return [
        {
          id: `${pid} ${fields[19] ?? ''}`,
          pid: Number(inner),
          argv: line.replace(/\0$/, '').split('\0'),
          runningMs: Math.max(0, Math.round(now - Number(fields[19] ?? 0) * TICK_MS)),
        },
      ];
    });
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
