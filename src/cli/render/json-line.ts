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
  return `${text}\n`;
}

function escaped(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}
