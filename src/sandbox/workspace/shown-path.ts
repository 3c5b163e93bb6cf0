const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/**
 * Control characters, and what reorders or hides text on a terminal (Trojan Source, CVE-2021-42574): format characters, among
 * them the tags that spell a whole text unseen, and whatever else is drawn as nothing, but for the two selectors that emoji
 * and symbols are written with.
 */
const UNSAFE = /(?![\ufe0e\ufe0f])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\p{DI}\\]/gu;

/**
 * A job's path as text that is safe to show, and that names the bytes exactly: control and hidden characters and bytes
 * that are not UTF-8 are escaped (`\n`, `\x1b`, `\u202e`), and so is the backslash, so that no two paths are shown alike.
 */
export function shownPath(path: Uint8Array): string {
  try {
    return STRICT.decode(path).replaceAll(UNSAFE, escapeCharacter);
  } catch {
    // Not UTF-8: byte by byte.
    let text = '';
    for (const byte of path) {
      const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x5c;
      text += plain
        ? String.fromCharCode(byte)
        : byte === 0x5c
          ? '\\\\'
          : `\\x${byte.toString(16).padStart(2, '0')}`;
    }
    return text;
  }
}

/** Text of a job's on one line of ours: every unsafe character escaped, tabs kept. */
export function shownText(text: string): string {
  return text.replaceAll(UNSAFE, (character) =>
    character === '\t' || character === '\\' ? character : escapeCharacter(character),
  );
}

function escapeCharacter(character: string): string {
  if (character === '\\') return '\\\\';
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  if (character === '\t') return '\\t';
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x1_0000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
}
