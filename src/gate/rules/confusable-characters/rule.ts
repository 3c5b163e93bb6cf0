import type { Found } from '../../finding.ts';
import type { Source } from '../../repository/model.ts';
import { lineAt, spanOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { everyUses } from '../../uses.ts';

export const rule: Rule = {
  id: 'confusable-characters',
  title: 'A character looks like another, or turns the text around',
  severity: 'high',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§6', '§7'],
  alsoKnownAs: [],
  check,
};

/** What changes the order in which text is shown, and what is not shown at all (CVE-2021-42574). */
const TURNS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const HIDDEN = /[\u00ad\u180e\u200b-\u200d\u2060-\u2064\u3164\ufeff\uffa0]|[\u{e0000}-\u{e007f}]/u;
/** Letters of the Cyrillic and the Greek alphabet, and wide ones, that are drawn as Latin ones are. */
const ALIKE =
  /^[\u0391\u0392\u0395-\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03b1\u03b9\u03bd\u03bf\u03c1\u03c5\u0405\u0406\u0408\u0410\u0412\u0415\u041a\u041c-\u041e\u0420-\u0423\u0425\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u04bb\u04cf\u0501\u051b\u051d\uff21-\uff3a\uff41-\uff5a]$/u;
const MAX_LINES = 20_000;

function* check(subject: Subject): Iterable<Found> {
  const named = new Set<string>();
  for (const { uses, at, job } of everyUses(subject)) {
    const [odd] = /[^\u0020-\u007e]/u.exec(uses.text.split('${{', 1)[0] ?? '') ?? [];
    if (odd === undefined) continue;
    named.add(`${at.file}:${at.line}`);
    yield {
      at,
      message: `${uses.text} is named with ${shown(odd)}, which no name of an action has: it is another one than it seems`,
      fix: 'type the name anew',
      ...(job !== undefined && { job: job.id }),
    };
  }
  const { workflows, actions, dependabot, policies } = subject.repository;
  for (const { source } of [...workflows, ...actions, ...dependabot, ...policies])
    for (const found of inFile(source)) if (!named.has(`${found.at.file}:${found.at.line}`)) yield found;
}

function* inFile(source: Source): Iterable<Found> {
  if (!/[^\u0000-\u007f]/u.test(source.text)) return;
  for (let line = 1; line <= Math.min(source.starts.length, MAX_LINES); line += 1) {
    const text = lineAt(source, line).slice(0, 10_000);
    if (!/[^\u0000-\u007f]/u.test(text)) continue;
    const [turns] = TURNS.exec(text) ?? [];
    if (turns !== undefined) {
      yield {
        at: spanOf(source, { line, column: text.indexOf(turns) + 1 }, turns.length),
        message: `${shown(turns)} turns the line around: it is read in another order than it is run`,
        fix: 'take the character out',
      };
      continue;
    }
    const word = text.match(/\p{L}{2,200}/gu)?.find(isMixed);
    if (word !== undefined) {
      yield {
        at: spanOf(source, { line, column: text.indexOf(word) + 1 }, word.length),
        confidence: 'medium',
        message: `${word} has letters of two alphabets that are drawn alike`,
        fix: 'type the word anew',
      };
      continue;
    }
    const hidden = HIDDEN.exec(line === 1 ? text.replace(/^\ufeff/, '') : text);
    // Emoji are joined by a character that is not shown.
    if (hidden !== null && !/(?:\p{Extended_Pictographic}|\ufe0f|\p{Emoji_Modifier})\u200d/u.test(text))
      yield {
        at: spanOf(source, { line, column: text.indexOf(hidden[0]) + 1 }, hidden[0].length),
        severity: 'medium',
        message: `${shown(hidden[0])} is in the line, and is not shown`,
        fix: 'take the character out',
      };
  }
}

/** Latin letters, and others that are each drawn as one. */
function isMixed(word: string): boolean {
  const others = [...word].filter(
    (letter) => !/\p{Script=Latin}/u.test(letter) || /[\uff21-\uff5a]/u.test(letter),
  );
  return (
    others.length > 0 && others.length < [...word].length && others.every((letter) => ALIKE.test(letter))
  );
}

function shown(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
