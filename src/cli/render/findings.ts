import { visible } from '../../audit/index.ts';
import type { Finding, Severity, Span } from '../../gate/index.ts';
import { type Mark, sourceFrame } from './source-frame.ts';
import type { Style } from './style.ts';

const MAX_HOPS = 12;

/**
 * A finding with its lines, as a compiler shows it: where it is, and each step of the way there below the line at which it happens,
 * by number. All text from files is made visible.
 */
export function renderFinding(
  finding: Finding,
  lineOf: (at: Span) => string,
  style: Style,
  width: number,
): string {
  const { severity, rule, at, message, fix, flow = [] } = finding;
  const marks = marksOf(finding);
  const gutter = ' '.repeat(
    String(Math.max(...marks.map((mark) => mark.at.end?.line ?? mark.at.line))).length,
  );
  const sign = style.faint('=');
  const more = flow.length - MAX_HOPS;
  return [
    `${paint(severity, style)(severity)}${style.strong(`[${rule}]`)} ${visible(message, 600)}`,
    `${gutter}${style.faint('-->')} ${visible(`${at.file}:${at.line}:${at.column}`, 1_000)}${finding.job === undefined ? '' : style.faint(`  job ${visible(finding.job, 100)}`)}`,
    ...sourceFrame(marks, { lineOf, style, width }),
    ...(more > 0 ? [`${gutter} ${sign} \u2026 and ${more} more steps`] : []),
    `${gutter} ${sign} fix  ${visible(fix, 400)}`,
    '',
    '',
  ].join('\n');
}

/** The finding itself, and the steps of its way; the last step may be the finding. */
function marksOf({ at, flow = [] }: Finding): readonly Mark[] {
  const steps = flow.slice(0, MAX_HOPS).map((hop, index): Mark => {
    const isPrimary = hop.at.file === at.file && hop.at.line === at.line && hop.at.column === at.column;
    return { at: hop.at, label: `${index + 1}. ${hop.what}`, isPrimary };
  });
  return steps.some(({ isPrimary }) => isPrimary)
    ? byPrimary(steps, at.file)
    : [{ at, label: '', isPrimary: true }, ...byPrimary(steps, at.file)];
}

/** The file of the finding comes first. */
function byPrimary(marks: readonly Mark[], file: string): readonly Mark[] {
  return marks.toSorted((a, b) => Number(b.at.file === file) - Number(a.at.file === file));
}

function paint(severity: Severity, style: Style): (text: string) => string {
  return severity === 'high' ? style.bad : severity === 'medium' ? style.note : style.faint;
}
