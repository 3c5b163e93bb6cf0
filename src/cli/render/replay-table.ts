import { jsonLine } from './json-line.ts';
import { visible } from '../../audit/index.ts';
import type { Attack, PendingAttack, Replayed } from '../../replay/index.ts';
import type { Style } from './style.ts';

const WORDS = {
  contained: 'CONTAINED',
  'not-contained': 'NOT CONTAINED',
  broken: 'BROKEN',
  'not-applicable': 'DOES NOT APPLY',
} as const;
const COLUMNS = [14, 7, 40, 48] as const;

export function tableHead(style: Style): string {
  const [verdict, runtime, name, control] = COLUMNS;
  return style.faint(
    `${'verdict'.padEnd(verdict)}  ${'runtime'.padEnd(runtime)}  ${'attack/case'.padEnd(name)}  ${'control'.padEnd(control)}  event in the record\n`,
  );
}

/** A case in two lines: what it is and how it ended, and what was seen without the control and with it. */
export function rowOf(one: Replayed, style: Style): string {
  const [verdict, runtime, name, control] = COLUMNS;
  const word = WORDS[one.verdict].padEnd(verdict);
  const neutral = one.verdict === 'not-applicable' ? style.faint : style.bad;
  const painted = one.verdict === 'contained' ? style.good(word) : neutral(word);
  const cells = `${one.runtime.padEnd(runtime)}  ${`${one.attack}/${one.case}`.padEnd(name)}  ${one.control.padEnd(control)}  ${one.event}`;
  const seen =
    one.verdict === 'contained'
      ? `without it: ${visible(one.harmOff ?? '')}; with it: nothing`
      : visible(one.why);
  return [
    `${painted}  ${visible(cells)}`,
    `${' '.repeat(verdict + 2)}${style.faint(seen)}`,
    ...said('without it', one.saidOff),
    ...said('with it', one.saidOn),
    '',
  ].join('\n');
}

/** What an attack printed, line by line; it is as hostile as any output of a job. */
function said(side: string, text: string | undefined): readonly string[] {
  return (text ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `${' '.repeat(COLUMNS[0] + 2)}${side} | ${visible(line)}`);
}

export function pendingRow({ name, title, waitsFor }: PendingAttack, style: Style, json: boolean): string {
  if (json) return jsonLine({ attack: name, title, verdict: 'pending', why: `waits for ${waitsFor}` });
  return `${style.faint('PENDING'.padEnd(COLUMNS[0]))}  ${visible(name)}: ${visible(title)}, waits for ${visible(waitsFor)}\n`;
}

/** For each runtime: how many of the cases that were run are contained, and which are not. `asked`: cases in all. */
export function summaryOf(
  results: readonly Replayed[],
  pending: readonly PendingAttack[],
  asked: number,
  durationMs: number,
  style: Style,
): string {
  const lines = [...new Set(results.map((one) => one.runtime))].map((runtime) => {
    const mine = results.filter((one) => one.runtime === runtime);
    const ran = mine.filter((one) => one.verdict !== 'not-applicable');
    const contained = ran.filter((one) => one.verdict === 'contained').length;
    const senseless = mine.length - ran.length;
    const count = `${contained} of ${ran.length} contained`;
    return `${contained === ran.length ? style.good(count) : style.bad(count)} by ${runtime} (${mine[0]?.tier ?? ''})${senseless > 0 ? `, ${senseless} do not apply` : ''}`;
  });
  const bad = results.filter(({ verdict }) => verdict === 'broken' || verdict === 'not-contained');
  const last = [
    ...(results.length < asked ? [`${asked - results.length} were not run`] : []),
    ...(pending.length > 0 ? [`${pending.length} pending`] : []),
    `${Math.round(durationMs / 1_000)} s`,
  ];
  return [
    '',
    ...bad.map((one) => `${style.bad(WORDS[one.verdict])} ${one.attack}/${one.case} by ${one.runtime}`),
    ...lines,
    last.join(', '),
    '',
  ].join('\n');
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
        sources: sources.map(([what, page]) => ({ what, ...(page !== undefined && { page }) })),
        cases: cases.map((one) => ({
          name: one.name,
          control: one.control,
          event: one.event.name,
          ...(one.notWith !== undefined && { notWith: one.notWith }),
        })),
      })),
      ...pending.map(({ name, title, waitsFor }) => ({ attack: name, title, pending: waitsFor })),
    ]
      .map((line) => jsonLine(line))
      .join('');
  return [
    ...attacks.map(
      ({ name, title, story, sources, cases }) =>
        `${style.strong(name)}  ${title}\n  ${story}\n` +
        sources.map((source) => `  ${style.faint(source.join('  '))}\n`).join('') +
        cases.map((one) => `    ${one.name.padEnd(28)} ${one.control}\n`).join(''),
    ),
    ...pending.map(
      ({ name, title, waitsFor }) => `${style.strong(name)}  ${title}\n  pending: waits for ${waitsFor}\n`,
    ),
  ].join('\n');
}
