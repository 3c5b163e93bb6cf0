import type { SeenProgram } from '../../audit/index.ts';
import type { ProgramRule } from '../../config/index.ts';
import type { Observed } from './observed.ts';

/** Which programs a line is to be for. */
export interface ProgramsBehind {
  /** Absent: it cannot be said, and the line is for every program. */
  readonly programs?: readonly ProgramRule[];
  /** Why it cannot be said. */
  readonly unknown?: string;
  /** Why nothing is to be learned from them. */
  readonly suspicion?: string;
}

/** What a program did so that it counts as none, where that is how code of the workspace reaches out. */
const OF_THE_JOB = /lies where the job can write|executes |was started with|traces it/;
const MAX_PROGRAMS = 8;

/** The programs of some observations, when each of these has one that is known. */
export function programsBehind(observed: readonly Observed[]): ProgramsBehind {
  const seen = observed.flatMap((one) => one.seenPrograms);
  const foreign = seen.find(({ why }) => why !== undefined && OF_THE_JOB.test(why));
  if (foreign?.why !== undefined)
    return { suspicion: `asked for by a program that the job could change: ${foreign.why}` };
  const unknown = seen.find(({ run, why }) => why !== undefined || run === undefined)?.why;
  if (unknown !== undefined) return { unknown };
  if (observed.some(({ request, seenPrograms }) => request === undefined && seenPrograms.length === 0))
    return { unknown: 'the record does not say it' };
  const programs = merged(seen);
  if (programs.length === 0) return { unknown: 'the record does not say it' };
  return programs.length > MAX_PROGRAMS ? { unknown: `${programs.length} programs` } : { programs };
}

/** Each executable with each script once, with every mark that was seen of it. */
function merged(seen: readonly SeenProgram[]): readonly ProgramRule[] {
  const rules = new Map<string, ProgramRule>();
  for (const { run, script, jit, nested } of seen) {
    if (run === undefined) continue;
    const key = JSON.stringify([run, script]);
    const known = rules.get(key);
    rules.set(key, {
      run,
      ...(script !== undefined && { script }),
      ...((jit === true || known?.jit === true) && { jit: true }),
      ...((nested === true || known?.nested === true) && { nested: true }),
    });
  }
  const all = [...rules.values()];
  // A rule without a script is for every script.
  return all.filter(
    (one) =>
      one.script === undefined || !all.some(({ run, script }) => run === one.run && script === undefined),
  );
}
