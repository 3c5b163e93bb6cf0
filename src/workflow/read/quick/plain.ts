import {
  APOSTROPHE,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  DASH,
  END,
  GREATER,
  HASH,
  isBlank,
  OPEN_BRACE,
  OPEN_BRACKET,
  PIPE,
  QUESTION,
  QUOTATION,
} from './characters.ts';
import type { Cursor } from './cursor.ts';

/** Whether a plain scalar may begin here (`ns-plain-first`, YAML 1.2.2 §7.3.3). */
export function beginsPlain(cursor: Cursor, at: number): boolean {
  const code = cursor.code(at);
  switch (code) {
    case END:
    case HASH:
    case QUOTATION:
    case APOSTROPHE:
    case COMMA:
    case GREATER:
    case PIPE:
    case OPEN_BRACE:
    case CLOSE_BRACE:
    case OPEN_BRACKET:
    case CLOSE_BRACKET:
    case 0x21: // !
    case 0x25: // %
    case 0x26: // &
    case 0x2a: // *
    case 0x40: // @
    case 0x60: // `
      return false;
    case DASH:
    case QUESTION:
    case COLON:
      return !isBlank(cursor.code(at + 1));
    default:
      return !isBlank(code);
  }
}
