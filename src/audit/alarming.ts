import type { RecordEvent } from './vocabulary.ts';

type Risk = Extract<RecordEvent, { readonly type: 'risk.attempted' }>;

/** They look at every process there is, and open its environment to know its name. */
const LISTING = ['ps', 'top', 'htop', 'pgrep', 'pkill'];

/**
 * Whether a person should hear of it. Libraries ask for io_uring and do without; where a profile gives namespaces, who is
 * root in one of his own changes users as he likes; and listings of processes open what they list. All of it is on record,
 * and no reason to be called. Whoever calls himself `ps` is on record as well.
 */
export function isAlarming({ call, operation, outcome, target, process }: Risk): boolean {
  if (operation === 'identity' && outcome === 'allowed') return false;
  const program = process.argv[0]?.split('/').at(-1) ?? '';
  if (target?.endsWith('/environ') === true && LISTING.includes(program)) return false;
  return call !== 'io_uring_setup';
}
