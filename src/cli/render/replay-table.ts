import { visible } from '../../audit/index.ts';
import type { Attack, PendingAttack, Replayed } from '../../replay/index.ts';
import type { Style } from './style.ts';

const WORDS = { contained: 'CONTAINED', 'not-contained': 'NOT CONTAINED', broken: 'BROKEN' } as const;
const COLUMNS = [14, 38, 48] as const;

export function tableHead(style: Style): string {
  const [verdict, name, control] = COLUMNS;
  return style.faint(
    `${'verdict'.padEnd(verdict)}  ${'attack/case'.padEnd(name)}  ${'control'.padEnd(control)}  event in the record\n`,
  );
}

/** A case in two lines: what it is and how it ended, and what was seen without the control and with it. */
export function rowOf(one: Replayed, style: Style): string {
  const [verdict, name, control] = COLUMNS;
  const word = WORDS[one.verdict].padEnd(verdict);
  const painted = one.verdict === 'contained' ? style.good(word) : style.bad(word);
  const cells = `${`${one.attack}/${one.case}`.padEnd(name)}  ${one.control.padEnd(control)}  ${one.event}`;
  const seen =
    one.verdict === 'contained'
      ? `without it: ${visible(one.harmOff ?? '')}; with it: nothing`
      : visible(one.why);
  return `${painted}  ${visible(cells)}\n${' '.repeat(verdict + 2)}${style.faint(seen)}\n`;
}

/** What there is to replay. */
export function listOf(
  attacks: readonly Attack[],
  pending: readonly PendingAttack[],
  style: Style,
  json: boolean,
): string {
  if (json)
    return [
      ...attacks.map(({ name, title, story, sources, cases }) => ({
        attack: name,
        title,
        story,
        sources,
        cases: cases.map((one) => ({ name: one.name, control: one.control, event: one.event.name })),
      })),
      ...pending.map(({ name, title, waitsFor }) => ({ attack: name, title, pending: waitsFor })),
    ]
      .map((line) => `${JSON.stringify(line)}\n`)
      .join('');
  return [
    ...attacks.map(
      ({ name, title, story, sources, cases }) =>
        `${style.strong(name)}  ${title}\n  ${story}\n  ${style.faint(sources.join('; '))}\n` +
        cases.map((one) => `    ${one.name.padEnd(24)} ${one.control}\n`).join(''),
    ),
    ...pending.map(
      ({ name, title, waitsFor }) => `${style.strong(name)}  ${title}\n  pending: waits for ${waitsFor}\n`,
    ),
  ].join('\n');
}
