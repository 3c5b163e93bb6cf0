import type { Finding } from '../finding.ts';
import type { Sifted } from '../suppressions.ts';

/** A summary for a step\u2019s page or a comment. Text of a stranger stands in code, and cannot end it. */
export function markdownReport({ findings, suppressed }: Sifted, files: number): string {
  const rows = findings.map(
    ({ severity, rule, at, message, fix }) =>
      `| ${severity} | \`${rule}\` | ${code(`${at.file}:${at.line}`)} | ${code(message)}<br>${code(fix)} |`,
  );
  const table = [
    '| severity | rule | where | what, and what mends it |',
    '| --- | --- | --- | --- |',
    ...rows,
  ];
  return [
    `# cofferdam check`,
    '',
    `${counted(findings)} in ${files} files${suppressed.length === 0 ? '' : `, ${suppressed.length} suppressed`}.`,
    '',
    ...(rows.length === 0 ? [] : [...table, '']),
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

function code(text: string): string {
  const plain = text.replaceAll(/[\r\n|]/g, (one) => (one === '|' ? '\\|' : ' ')).replaceAll('`', '\u02cb');
  return `\`${plain}\``;
}
