import { visible } from '../../audit/index.ts';
import type { Finding, Severity, Span } from '../../gate/index.ts';
import type { Style } from './style.ts';

const MAX_LINE = 160;
const MAX_HOPS = 12;

/** A finding with the line that it is at, as a compiler shows it. All text from files is made visible. */
export function renderFinding(finding: Finding, lineOf: (at: Span) => string, style: Style): string {
  const { severity, rule, at, message, fix, flow = [] } = finding;
  const gutter = ' '.repeat(String(at.line).length);
  const faint = (text: string): string => style.faint(text);
  const hops = flow
    .slice(0, MAX_HOPS)
    .map((hop) => `${gutter} ${faint('=')} way  ${place(hop.at)}  ${visible(hop.what, 200)}`);
  return [
    `${paint(severity, style)(severity)}${style.strong(`[${rule}]`)} ${visible(message, 600)}`,
    `${gutter}${faint('-->')} ${place(at)}${finding.job === undefined ? '' : faint(`  job ${visible(finding.job, 100)}`)}`,
    ...frame(at, lineOf(at), gutter, style),
    ...hops,
    ...(flow.length > MAX_HOPS ? [`${gutter} ${faint('=')} \u2026 and ${flow.length - MAX_HOPS} more`] : []),
    `${gutter} ${faint('=')} fix  ${visible(fix, 400)}`,
    '',
    '',
  ].join('\n');
}

function frame(at: Span, line: string, gutter: string, style: Style): readonly string[] {
  if (line === '') return [];
  const cut = at.column > MAX_LINE - 40 ? at.column - 40 : 0;
  // Each character of a line that is shown has the width of one, so that the mark stands below what it marks.
  const shown = flat(line.slice(cut, cut + MAX_LINE));
  const before = ' '.repeat(Math.max(0, at.column - 1 - cut));
  const length = Math.max(1, Math.min(at.length, shown.length - before.length));
  return [
    `${gutter} ${style.faint('|')}`,
    `${style.faint(`${at.line} |`)} ${visible(shown)}`,
    `${gutter} ${style.faint('|')} ${before}${style.bad('^'.repeat(length))}`,
  ];
}

function flat(line: string): string {
  return line
    .replaceAll('\t', ' ')
    .replaceAll(/[\u0000-\u001f\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
      '\ufffd'.repeat(character.length),
    );
}

function place(at: Span): string {
  return visible(`${at.file}:${at.line}:${at.column}`, 1_000);
}

function paint(severity: Severity, style: Style): (text: string) => string {
  return severity === 'high' ? style.bad : severity === 'medium' ? style.note : style.faint;
}
