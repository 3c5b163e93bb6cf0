import type { RecordEvent } from './vocabulary.ts';

type Risk = Extract<RecordEvent, { readonly type: 'risk.attempted' }>;

/**
 * Whether a person should hear of it. libuv asks for io_uring at every start of Node.js and does without; that is on
 * record and no reason to be called.
 */
export function isAlarming({ call }: Risk): boolean {
  return call !== 'io_uring_setup';
}
