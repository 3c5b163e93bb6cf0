import { visible } from '../../audit/index.ts';
import { type Assessment, STATE_WORD, summary } from '../../posture/index.ts';
import type { Style } from './style.ts';

const MAX_PLACES = 3;
const WIDTH = 20;

/** The checklist with its evidence, and what to do first. */
export function renderAssessment({ facts, items, plan }: Assessment, style: Style): string {
  const lines: string[] = [`${summary(items)}\n`];
  for (const { title, state, evidence, findings } of items) {
    const word = STATE_WORD[state].padEnd(WIDTH);
    const coloured =
      state === 'open' ? style.bad(word) : state === 'met' ? style.good(word) : style.note(word);
    lines.push(`${coloured}  ${title}`);
    for (const one of evidence) lines.push(style.faint(`${' '.repeat(WIDTH + 2)}${visible(one, 300)}`));
    for (const { at, message } of findings.slice(0, MAX_PLACES))
      lines.push(
        style.faint(
          `${' '.repeat(WIDTH + 2)}${visible(`${at.file}:${at.line}`, 200)}  ${visible(message, 160)}`,
        ),
      );
  }
  lines.push('', 'what to do first, by exposure removed for effort:', '');
  for (const [index, { title, phase, effort, exposure, done, first }] of plan.entries()) {
    lines.push(
      done
        ? style.faint(` –  ${title} (done, as far as is seen)`)
        : `${String(index + 1).padStart(2)}  ${title}  ${style.faint(`exposure ${exposure}, ${effort}, by day ${phase}`)}`,
    );
    if (!done) lines.push(style.faint(`    ${visible(first, 300)}`));
  }
  lines.push(
    '',
    `from ${facts.workflows} workflows, ${facts.jobs} jobs, ${facts.records.runs} recorded runs`,
  );
  return `${lines.join('\n')}\n`;
}
