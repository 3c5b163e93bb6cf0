import type { Locks, OwnLock } from '../gate/index.ts';

/** What a new lock has that the old one had not, one line for each action and each image that has a digest now. */
export function lockChanges({ own }: Locks, made: OwnLock): readonly string[] {
  const before = own?.actions ?? new Map<string, { commit: string }>();
  const lines: string[] = [];
  for (const [pin, { commit }] of made.actions) {
    const old = before.get(pin)?.commit;
    if (old === undefined) lines.push(`+ ${pin}  ${commit}`);
    else if (old !== commit) lines.push(`~ ${pin}  ${old} -> ${commit}`);
  }
  for (const pin of before.keys()) if (!made.actions.has(pin)) lines.push(`- ${pin}`);
  for (const [name, digest] of made.images) {
    const old = own?.images.get(name);
    if (digest === undefined || digest === old || name.endsWith(digest)) continue;
    lines.push(old === undefined ? `+ ${name}  ${digest}` : `~ ${name}  ${old} -> ${digest}`);
  }
  return lines.toSorted((a, b) => (a.slice(2) < b.slice(2) ? -1 : 1));
}
