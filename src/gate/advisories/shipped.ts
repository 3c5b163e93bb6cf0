import { type AdvisorySnapshot, readAdvisories } from './read-osv.ts';
import shipped from './snapshot.json' with { type: 'json' };

/** The advisories that this version was shipped with. That they can be read is held by a test. */
export function shippedAdvisories(): AdvisorySnapshot {
  const read = readAdvisories(JSON.stringify(shipped));
  if (!read.ok) throw new Error(read.error.why);
  return read.value;
}

/** Two snapshots as one: what the later says of an advisory counts, and what it has taken back is gone. */
export function mergedAdvisories(
  own: AdvisorySnapshot,
  users: AdvisorySnapshot | undefined,
): AdvisorySnapshot {
  if (users === undefined) return own;
  const [older, newer] = own.date <= users.date ? [own, users] : [users, own];
  const gone = new Set([...newer.withdrawn, ...newer.advisories.map(({ id }) => id)]);
  return {
    ...newer,
    advisories: [...newer.advisories, ...older.advisories.filter(({ id }) => !gone.has(id))],
  };
}
