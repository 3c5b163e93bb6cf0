import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { isTimezone, wrongCron } from './cron.ts';
import { wrongPattern } from './pattern.ts';
import {
  entriesOf,
  itemsOf,
  offsetOf,
  spanAt,
  spanOf,
  textOf,
  valueOf,
  wordsOf,
} from '../../repository/tree.ts';
import type { Text } from '../../../workflow/index.ts';
import type { Span } from '../../finding.ts';
import type { Source } from '../../repository/model.ts';

export const rule: Rule = {
  id: 'event-filters',
  title: 'A schedule or a filter never matches, or is refused',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§7'],
  alsoKnownAs: ['actionlint/events', 'actionlint/glob'],
  check,
};

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
        const zone = textOf(valueOf(item, 'timezone'));
        if (zone !== undefined && !isTimezone(zone.text))
          yield {
            at: spanOf(file.source, zone.at, zone.text.length),
            message: `${JSON.stringify(zone.text.slice(0, 60))} is no timezone`,
            fix: 'use a name of the IANA database: Europe/Berlin',
          };
      }
      for (const { key, value: list } of entriesOf(value)) {
        if (!FILTERS.includes(key)) continue;
        const words = wordsOf(list);
        for (const word of words) {
          const wrong = wrongPattern(word.text, { paths: key.startsWith('paths') });
          if (wrong !== undefined)
            yield {
              at: signSpan(file.source, word, wrong.at),
              message: `the filter ${JSON.stringify(word.text.slice(0, 80))} ${wrong.why}`,
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

/** A sign of a text where the file has the text as it is, in quotes or not; else all of it. */
function signSpan(source: Source, { text, at }: Text, sign: number | undefined): Span {
  const begin = offsetOf(source, at);
  const quoted = /["']/.test(source.text.charAt(begin)) ? 1 : 0;
  const isPlain = source.text.slice(begin + quoted, begin + quoted + text.length) === text;
  return sign === undefined || !isPlain
    ? spanOf(source, at, text.length)
    : spanAt(source, begin + quoted + sign, 1);
}
