import { constants } from 'node:os';
import { REFUSAL_STATUS } from '../../base/index.ts';
import type { ExecOutcome } from './exec.ts';

/** What `exec` gives when it refused or failed itself, as env(1) and timeout(1) do. */
export const EXEC_FAILED = 125;

/** What a shell says of a process that a signal ended. */
export function signalStatus(signal: string): number {
  return 128 + ((constants.signals as Readonly<Record<string, number>>)[signal] ?? 0);
}

/** The status of `cofferdam exec`: the command's own, but for what ended or kept it otherwise. It is also what the record says. */
export function execStatus(
  { broken, timedOut, exit, denied }: Pick<ExecOutcome, 'broken' | 'timedOut' | 'exit' | 'denied'>,
  strict: boolean,
): number {
  if (broken !== undefined) return EXEC_FAILED;
  if (timedOut) return 124;
  const { code, signal, failure } = exit;
  if (failure !== undefined) return failure === 'ENOENT' ? 127 : 126;
  if (signal !== null) return signalStatus(signal);
  if (code === 0 && strict && denied > 0) return REFUSAL_STATUS.limit;
  return code ?? EXEC_FAILED;
}
