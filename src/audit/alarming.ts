import type { RecordEvent } from './vocabulary.ts';

type Risk = Extract<RecordEvent, { readonly type: 'risk.attempted' }>;

/**
 * Whether a person should hear of it. Libraries ask for io_uring and do without; and where a profile gives namespaces, who
 * is root in one of his own changes users as he likes. Both are on record, and no reason to be called.
 */
export function isAlarming({ call, operation, outcome }: Risk): boolean {
  return call !== 'io_uring_setup' && !(operation === 'identity' && outcome === 'allowed');
}
