const INTEGER = /^[-+]?[0-9]+$/;
const HEXADECIMAL = /^0x[0-9a-fA-F]+$/;
const OCTAL = /^0o[0-7]+$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const INFINITE = /^[-+]?\.(?:inf|Inf|INF)$/;

/** What a plain scalar of one line stands for in the core schema (YAML 1.2.2 §10.3.2). */
export function plainValue(text: string): string | number | boolean | null {
  switch (text.charCodeAt(0)) {
    case 0x7e: // ~
      return text === '~' ? null : text;
    case 0x6e: // n
      return text === 'null' ? null : text;
    case 0x4e: // N
      return text === 'Null' || text === 'NULL' ? null : text;
    case 0x74: // t
      return text === 'true' ? true : text;
    case 0x54: // T
      return text === 'True' || text === 'TRUE' ? true : text;
    case 0x66: // f
      return text === 'false' ? false : text;
    case 0x46: // F
      return text === 'False' || text === 'FALSE' ? false : text;
    case 0x2b: // +
    case 0x2d: // -
    case 0x2e: // .
    case 0x30:
    case 0x31:
    case 0x32:
    case 0x33:
    case 0x34:
    case 0x35:
    case 0x36:
    case 0x37:
    case 0x38:
    case 0x39:
      return number(text) ?? text;
    default:
      return text;
  }
}

function number(text: string): number | undefined {
  if (INTEGER.test(text)) return Number.parseInt(text, 10);
  if (FLOAT.test(text)) return Number.parseFloat(text);
  if (HEXADECIMAL.test(text)) return Number.parseInt(text.slice(2), 16);
  if (OCTAL.test(text)) return Number.parseInt(text.slice(2), 8);
  if (INFINITE.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return text === '.nan' || text === '.NaN' || text === '.NAN' ? Number.NaN : undefined;
}
