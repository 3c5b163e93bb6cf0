import { type Finding, SEVERITIES } from './finding.ts';

/**
 * At most about `most` findings, of which what one file has too many takes nothing from another: a file with few keeps them all. Of one
 * with more than its share the heaviest stay, and that there are more is a finding itself. Order stays.
 */
export function shared(findings: readonly Finding[], most: number): readonly Finding[] {
  if (findings.length <= most) return findings;
  const byFile = Map.groupBy(findings, ({ at }) => at.file);
  const share = shareOf(
    [...byFile.values()].map(({ length }) => length),
    most,
  );
  return [...byFile.values()].flatMap((of) => (of.length <= share ? of : heaviest(of, share)));
}

/** The largest share with which all of them together are no more than `most`; one at least. */
function shareOf(sizes: readonly number[], most: number): number {
  let left = most;
  for (const [index, size] of sizes.toSorted((a, b) => a - b).entries()) {
    const share = Math.floor(left / (sizes.length - index));
    if (size > share) return Math.max(1, share);
    left -= size;
  }
  return most;
}

function heaviest(findings: readonly Finding[], share: number): readonly Finding[] {
  const weight = ({ severity }: Finding): number => SEVERITIES.indexOf(severity);
  const kept = new Set(findings.toSorted((a, b) => weight(b) - weight(a)).slice(0, share - 1));
  const { file } = findings[0]?.at ?? { file: '' };
  return [
    {
      rule: 'unread-file',
      severity: 'high',
      confidence: 'high',
      persona: 'default',
      at: { file, line: 1, column: 1, length: 1 },
      message: `${findings.length - kept.size} more findings of ${file} are not told: it has too many`,
      fix: 'mend or take away what is told, and check again',
    },
    ...findings.filter((one) => kept.has(one)),
  ];
}
