import type { Finding } from '../finding.ts';

/** Why the mends of some findings of a file may not stay, from what is found before and after; undefined when they may. */
export function whyNot(
  before: readonly Finding[],
  after: readonly Finding[],
  path: string,
  mended: readonly Finding[],
  brings: ReadonlySet<string> = new Set(),
): string | undefined {
  const was = counts(before, path);
  const is = counts(after, path);
  for (const finding of mended) {
    const key = keyOf(finding);
    const number = mended.filter((one) => keyOf(one) === key).length;
    if ((is.get(key) ?? 0) > (was.get(key) ?? 0) - number) return 'the finding would still be there';
  }
  for (const finding of after) {
    // What only few want to read is no reason to leave what everybody does.
    if (finding.at.file !== path || finding.persona !== 'default' || brings.has(finding.rule)) continue;
    const key = keyOf(finding);
    if ((is.get(key) ?? 0) > (was.get(key) ?? 0)) return `it would bring a finding of ${finding.rule}`;
  }
  return undefined;
}

function counts(findings: readonly Finding[], path: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const finding of findings)
    if (finding.at.file === path) found.set(keyOf(finding), (found.get(keyOf(finding)) ?? 0) + 1);
  return found;
}

/** What a finding is called while lines move. */
export function keyOf({ rule, job = '', message }: Finding): string {
  return [rule, job, message].join('\0');
}
