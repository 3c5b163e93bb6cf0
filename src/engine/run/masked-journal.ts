import type { RecordEvent } from '../../audit/index.ts';
import type { Masker } from '../../secrets/index.ts';
import type { Journal } from '../cell/journal.ts';

/** Words of ours, which decide what an event says. */
const OURS = new Set(['type', 'job', 'step', 'verdict', 'result', 'limit', 'control', 'rule']);

/**
 * A journal in which no event shows the value of a secret that was delivered: a program's arguments, a host or a message
 * may carry one. Only the operator's secrets are given to it. What a job asks to have masked stays in the record: it could
 * hide the destination that it reached.
 */
export function maskedJournal(journal: Journal, secrets: Masker): Journal {
  if (secrets.idle) return journal;
  return {
    write: (event, options) => journal.write(masked(event, secrets) as RecordEvent, options),
  };
}

function masked(value: unknown, secrets: Masker): unknown {
  if (typeof value === 'string') return secrets.text(value);
  if (Array.isArray(value)) return value.map((item) => masked(item, secrets));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, OURS.has(key) ? item : masked(item, secrets)]),
  );
}
