/** The characters of YAML's syntax that the quick reader looks at (YAML 1.2.2 §5.3), and no character at all. */
export const END = -1;
export const TAB = 0x09;
export const BREAK = 0x0a;
export const SPACE = 0x20;
export const QUOTATION = 0x22;
export const HASH = 0x23;
export const APOSTROPHE = 0x27;
export const PLUS = 0x2b;
export const COMMA = 0x2c;
export const DASH = 0x2d;
export const DOT = 0x2e;
export const COLON = 0x3a;
export const GREATER = 0x3e;
export const QUESTION = 0x3f;
export const OPEN_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const PIPE = 0x7c;
export const CLOSE_BRACE = 0x7d;

/** What an indicator must be followed by to be one: white space, or the end. */
export function isBlank(code: number): boolean {
  return code === SPACE || code === BREAK || code === TAB || code === END;
}

/** `c-flow-indicator` (§7.4). */
export function isFlowIndicator(code: number): boolean {
  return (
    code === COMMA ||
    code === CLOSE_BRACKET ||
    code === CLOSE_BRACE ||
    code === OPEN_BRACKET ||
    code === OPEN_BRACE
  );
}
