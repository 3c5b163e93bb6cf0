import { visible } from '../../audit/index.ts';
import { type Finding, SEVERITIES } from '../finding.ts';
import type { Sifted } from '../suppressions.ts';

/** GitHub takes a summary of 1 MiB of a step, and drops what is larger. */
const MAX_BYTES = 900_000;

/**
 * A summary for a step\u2019s page or a comment. Text of a stranger stands in code, and cannot end it, its cell or its row. Of more than
 * a page takes the heaviest are shown, and how many are not is said.
 */
export function markdownReport({ findings, suppressed }: Sifted, files: number): string {
  const weight = ({ severity }: Finding): number => SEVERITIES.indexOf(severity);
  const rows = new Map<Finding, string>();
  let bytes = 0;
  for (const finding of findings.toSorted((a, b) => weight(b) - weight(a))) {
    const { severity, rule, at, message, fix } = finding;
    const row = `| ${severity} | ${code(rule)} | ${code(`${at.file}:${at.line}`)} | ${code(message)}<br>${code(fix)} |`;
    bytes += Buffer.byteLength(row) + 1;
    if (bytes > MAX_BYTES) break;
    rows.set(finding, row);
  }
  const table = [
    '| severity | rule | where | what, and what mends it |',
    '| --- | --- | --- | --- |',
    ...findings.flatMap((finding) => rows.get(finding) ?? []),
  ];
  const left = findings.length - rows.size;
  return [
    `# cofferdam check`,
    '',
    `${counted(findings)} in ${files} ${files === 1 ? 'file' : 'files'}${suppressed.length === 0 ? '' : `, ${suppressed.length} suppressed`}.`,
    '',
    ...(rows.size === 0 ? [] : [...table, '']),
    ...(left === 0 ? [] : [`${left} more are not in this table.`, '']),
  ].join('\n');
}

export function counted(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'nothing found';
  const of = (['high', 'medium', 'low', 'info'] as const)
    .map(
      (severity) => [severity, findings.filter((finding) => finding.severity === severity).length] as const,
    )
    .filter(([, number]) => number > 0)
    .map(([severity, number]) => `${number} ${severity}`);
  return `${findings.length} found (${of.join(', ')})`;
}

/** A pipe is written so that it ends no cell; behind a backslash, which would take the mark away, it is one that looks like it. */
function code(text: string): string {
  const plain = visible(text, 2_000)
    .replaceAll('`', '\u02cb')
    .replaceAll(/(\\*)\|/g, (_, slashes: string) => (slashes === '' ? '\\|' : `${slashes}\u2223`));
  return `\`${plain.trim() === '' ? '-' : plain}\``;
}
