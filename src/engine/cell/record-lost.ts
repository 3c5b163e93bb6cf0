import { RecordLost } from '../../audit/index.ts';
import { err, type Refusal, refusal, type Result } from '../../base/index.ts';

/** Errors of a disk that is full, read-only or failing. */
const DISK = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EFBIG']);

/** The record cannot be written: without it nothing is granted any more. */
export function recordLost(why?: string): Refusal {
  return refusal(
    'machine',
    'record/lost',
    `the record cannot be written${why === undefined ? '' : `: ${why}`}, so nothing more was run`,
    'see that the state folder (COFFERDAM_STATE, else ~/.local/state/cofferdam) has room and is writable',
  );
}

/** Makes a refusal of what a failing state folder throws; anything else is a defect and thrown on. */
export async function refusedWhenLost<T>(
  act: () => Promise<Result<T, Refusal>>,
): Promise<Result<T, Refusal>> {
  try {
    return await act();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (error instanceof RecordLost || DISK.has(code)) return err(recordLost((error as Error).message));
    throw error;
  }
}
