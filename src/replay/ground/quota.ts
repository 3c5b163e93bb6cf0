import type { ProcessorTime } from './scene.ts';

const PERIOD_MS = 100;
/** What a job that tries to get more has at least, on the busiest machine. */
const LEAST_MS = 50;
/** The first period had begun and the last was cut; and the kernel hands time out in slices of 5 ms to each processor. */
const EDGES = 3;
const SLACK = 1.2;

/**
 * Whether a job had more processor time than its limit gives; undefined when it had not. By the kernel's own counts and by none of
 * a clock: on an overloaded machine a job without a limit has little too, and one with a limit is looked at late.
 */
export function beyondQuota({ cpuMs, periods }: ProcessorTime, cpus: number): string | undefined {
  if (cpuMs < LEAST_MS) return undefined;
  if (periods === 0)
    return `it had ${Math.round(cpuMs)} ms of processor time, and nothing held it to ${cpus} processors`;
  const most = (periods + EDGES) * PERIOD_MS * cpus * SLACK;
  return cpuMs > most
    ? `it had ${Math.round(cpuMs)} ms of processor time in ${periods} periods of ${PERIOD_MS} ms, of ${cpus} processors each`
    : undefined;
}
