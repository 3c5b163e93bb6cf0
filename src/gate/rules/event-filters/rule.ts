import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { entriesOf, itemsOf, spanOf, textOf, valueOf, wordsOf } from '../../repository/tree.ts';

export const rule: Rule = {
  id: 'event-filters',
  title: 'A schedule or a filter never matches, or is refused',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  guide: ['§7'],
  alsoKnownAs: ['actionlint/events', 'actionlint/glob'],
  check,
};

const FIELDS: readonly (readonly [string, number, number])[] = [
  ['minute', 0, 59],
  ['hour', 0, 23],
  ['day of the month', 1, 31],
  ['month', 1, 12],
  ['day of the week', 0, 7],
];
const NAMES = /^(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)$/i;
const FILTERS = ['branches', 'branches-ignore', 'tags', 'tags-ignore', 'paths', 'paths-ignore'];

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows)
    for (const { event, value } of file.triggers) {
      for (const item of event === 'schedule' ? itemsOf(value) : []) {
        const cron = textOf(valueOf(item, 'cron'));
        const why = cron === undefined ? undefined : wrongCron(cron.text);
        if (cron !== undefined && why !== undefined)
          yield {
            at: spanOf(file.source, cron.at, cron.text.length),
            message: `the schedule ${JSON.stringify(cron.text.slice(0, 60))} is none: ${why}`,
            fix: 'write minute, hour, day, month, day of the week',
          };
      }
      for (const { key, value: list } of entriesOf(value)) {
        if (!FILTERS.includes(key)) continue;
        const words = wordsOf(list);
        for (const word of words) {
          const why = wrongPattern(word.text, key);
          if (why !== undefined)
            yield {
              at: spanOf(file.source, word.at, word.text.length),
              message: `the filter ${JSON.stringify(word.text.slice(0, 80))} ${why}`,
              fix: 'correct the pattern',
            };
        }
        if (words.length > 0 && words.every(({ text }) => text.startsWith('!')) && !key.endsWith('ignore'))
          yield {
            at: spanOf(file.source, words[0]?.at ?? list.at, words[0]?.text.length ?? 1),
            message: `${key} only takes away, so nothing is left that matches`,
            fix: `put '**' before it, or use ${key}-ignore`,
          };
      }
    }
}

function wrongCron(text: string): string | undefined {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 5) return `it has ${fields.length} fields and not 5`;
  for (const [index, field] of fields.entries()) {
    const [name, least, most] = FIELDS[index] ?? ['field', 0, 0];
    for (const part of field.split(',')) {
      const [range = '', every] = part.split('/');
      if (every !== undefined && !(/^\d{1,3}$/.test(every) && Number(every) > 0))
        return `/${every} is no step of the ${name}`;
      const ends = range === '*' ? [] : range.split('-');
      const bad = ends.find(
        (end) => !NAMES.test(end) && !(/^\d{1,2}$/.test(end) && Number(end) >= least && Number(end) <= most),
      );
      if (bad !== undefined || ends.length > 2) return `${JSON.stringify(bad ?? range)} is no ${name}`;
    }
  }
  const [minute = ''] = fields;
  const step = /^\*\/(\d+)$/.exec(minute)?.[1];
  return minute === '*' || (step !== undefined && Number(step) < 5)
    ? 'GitHub starts nothing more often than every 5 minutes'
    : undefined;
}

function wrongPattern(text: string, key: string): string | undefined {
  if (text === '') return 'is empty';
  if (key.startsWith('paths') && /^!?\.{0,2}\//.test(text))
    return 'matches no path: paths begin without / and ./';
  if (!key.startsWith('paths') && /^!?refs\/(?:heads|tags)\//.test(text))
    return 'matches no name: names stand without refs/heads/';
  if (/\s$|^\s/.test(text)) return 'begins or ends with a space';
  return /\[[^\]]*$/.test(text) ? 'opens a set with [ and does not close it' : undefined;
}
