import type { ProgramRule } from '../config/index.ts';
import type { AllowedDestination, DecidingProgram, ProgramFiles, ProgramSeen } from './contract.ts';

/** Whether a program is one that an entry is for. Absence never grants: one that is not known is none. */
export function fitsPrograms(
  rules: readonly ProgramRule[] | undefined,
  program: ProgramSeen | undefined,
): boolean {
  if (rules === undefined) return true;
  if (program?.known !== true) return false;
  const below = program.above.some((one) => rules.some((rule) => isOf(rule, one)));
  return rules.some(
    (rule) => isOf(rule, program) && (!program.jit || rule.jit === true) && (!below || rule.nested === true),
  );
}

function isOf(rule: ProgramRule, { run, script }: ProgramFiles): boolean {
  return run.includes(rule.run) && (rule.script === undefined || script?.includes(rule.script) === true);
}

/** Every path that these entries name, once; none when no entry is for certain programs. */
export function programNames(entries: readonly AllowedDestination[]): readonly string[] {
  const named = entries.flatMap(({ programs = [] }) => programs);
  return [...new Set(named.flatMap(({ run, script }) => (script === undefined ? [run] : [run, script])))];
}

/** What the record says of a program; with what it lacks when `entries` are those for which it is not the one. */
export function decidingProgram(
  program: ProgramSeen,
  entries: readonly AllowedDestination[] = [],
): DecidingProgram {
  if (!program.known) return { why: program.why, ...(program.run !== undefined && { run: program.run }) };
  const [run] = program.run;
  const [script] = program.script ?? [];
  const why = entries.length === 0 ? undefined : lackOfProgram(program, entries);
  return {
    ...(run !== undefined && { run }),
    ...(script !== undefined && { script }),
    ...(program.jit && { jit: true as const }),
    ...(program.above.some((one) => one.run[0] === run && one.script?.[0] === script) && {
      nested: true as const,
    }),
    ...(why !== undefined && { why }),
  };
}

function lackOfProgram(
  program: Extract<ProgramSeen, { readonly known: true }>,
  entries: readonly AllowedDestination[],
): string {
  const rules = entries.flatMap(({ programs = [] }) => programs);
  const same = rules.filter((rule) => program.run.includes(rule.run));
  if (same.length === 0) return 'no entry for this place is for this program';
  const fitting = same.filter((rule) => isOf(rule, program));
  if (fitting.length === 0) return 'the entries are for this program with another script';
  if (program.jit && !fitting.some((rule) => rule.jit === true))
    return 'code is executed in it that is of no file, and the entry does not say jit';
  return 'a program of the same entry started it, and what that starts does not count (nested)';
}
