import { sha256 } from '../base/index.ts';
import type { Finding } from './finding.ts';

/**
 * What stays of a finding when lines are added above it: its rule, file, job, what it says, and how many like it come before.
 * `lineOf` gives the text of the line that it is at; what is said of a whole file stands at some first character.
 */
export function fingerprints(
  findings: readonly Finding[],
  lineOf: (finding: Finding) => string,
): ReadonlyMap<Finding, string> {
  const before = new Map<string, number>();
  const found = new Map<Finding, string>();
  for (const finding of findings) {
    const { rule, at, job = '', message } = finding;
    const isWhole = at.column === 1 && at.length <= 1;
    const key = [rule, at.file, job, message, isWhole ? '' : lineOf(finding).trim()].join('\0');
    const number = before.get(key) ?? 0;
    before.set(key, number + 1);
    found.set(finding, sha256(Buffer.from(`${key}\0${number}`)));
  }
  return found;
}
