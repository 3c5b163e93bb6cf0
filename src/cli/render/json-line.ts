/**
 * What JSON leaves as it is and a terminal does not: C1 controls (U+009B begins a sequence), the delete character, and what
 * reorders or hides text.
 */
const UNSAFE = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\p{DI}]/gu;

/**
 * One value as a line of JSON that is safe to show: the same value to whoever parses it, and no byte of a stranger's acts
 * on the terminal of who reads it as it is.
 */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(value).replaceAll(UNSAFE, (character) =>
    Array.from({ length: character.length }, (_, at) => escaped(character.charCodeAt(at))).join(''),
  );
  // In a step's log on GitHub a command may stand anywhere in a line.
  if (text.includes('##[')) return `${text.replaceAll('##[', String.raw`\u0023#[`)}\n`;
  return `${text}\n`;
}

function escaped(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}

/** An escape as `JSON.stringify` and `jsonLine` write it: of a backslash, of both halves of a character, of half a one. */
const HALVES = /\\\\|\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|\\ud[89a-f][0-9a-f]{2}/g;

/**
 * The same line for readers that are strict: half a character, which YAML lets a stranger write, is replaced, as a parser that
 * holds to Unicode refuses all of the text for it (RFC 7493 section 2.1).
 */
export function wellFormedLine(line: string): string {
  if (!line.includes(String.raw`\ud`)) return line;
  return line.replaceAll(HALVES, (escape) => (/^\\u....$/.test(escape) ? String.raw`\ufffd` : escape));
}
