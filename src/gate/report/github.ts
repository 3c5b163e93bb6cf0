import { visible } from '../../audit/index.ts';
import type { Finding, Severity } from '../finding.ts';

const COMMAND: Readonly<Record<Severity, string>> = {
  high: 'error',
  medium: 'warning',
  low: 'notice',
  info: 'notice',
};

/**
 * Workflow commands that GitHub shows as annotations. No text in them can begin another command, end a property, act on a
 * terminal, or turn what follows around.
 */
export function githubReport(findings: readonly Finding[]): string {
  return findings
    .map(({ severity, rule, at, message, fix }) => {
      const properties = [
        `file=${property(at.file)}`,
        `line=${at.line}`,
        `col=${at.column}`,
        // A column is taken only where it all stands on one line.
        ...(at.end === undefined ? [`endColumn=${at.column + at.length}`] : [`endLine=${at.end.line}`]),
        `title=${property(rule)}`,
      ].join(',');
      return `::${COMMAND[severity]} ${properties}::${data(`${message}. Fix: ${fix}`)}\n`;
    })
    .join('');
}

function data(text: string): string {
  return visible(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
