/** What moves a cursor, hides text or reverses it (CVE-2021-42574), but for the two selectors that emoji are written with. */
const HIDDEN = /(?![\ufe0e\ufe0f])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\p{DI}]/gu;

/** Nearly all that is shown: nothing in it need be looked at by the character. */
const PLAIN = /^[\x20-\x7e]*$/;

/**
 * Text of a stranger, safe to show on a terminal: control and invisible characters are shown, not obeyed. A tab stays.
 * At most `max` characters are kept, and the cut is marked.
 */
export function visible(text: string, max = 4_000): string {
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  if (PLAIN.test(cut)) return cut;
  return cut.replaceAll(HIDDEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code === 9) return character;
    if (code === 0x1b) return '␛';
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    if (code === 0x7f) return '␡';
    return `\\u{${code.toString(16)}}`;
  });
}
