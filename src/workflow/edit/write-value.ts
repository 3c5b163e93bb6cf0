import type { PlainValue } from './operation.ts';

/** How a value is to be written: within braces or in lines, with which line end, how deep, and how much deeper what is in it. */
export interface Manner {
  readonly flow: boolean;
  readonly eol: string;
  readonly indent: string;
  readonly step: string;
}

/** Words and numbers that YAML 1.1 or 1.2 reads as something else than text. */
const OTHER = /^(?:true|false|null|yes|no|on|off|y|n|~|[-+.]?[0-9][0-9_.,:eExXoO+-]*|[-+]?\.(?:inf|nan))$/i;
const PLAIN = /^[A-Za-z0-9_$./(!@][^\u0000-\u001f\u007f-\uffff]*$/;

/** Whether a text may stand without quotes. It may say no where it could. */
export function isPlain(text: string, flow: boolean): boolean {
  return (
    PLAIN.test(text) &&
    !/^[!@]/.test(text) &&
    !OTHER.test(text) &&
    !/: |:$| #|\s$/.test(text) &&
    !(flow && /[,[\]{}]/.test(text))
  );
}

export function writeText(text: string, flow: boolean): string {
  if (isPlain(text, flow)) return text;
  return /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]/.test(text)
    ? JSON.stringify(text).replaceAll(
        /[\u007f-\u009f\u2028\u2029\ufeff]/g,
        (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )
    : `'${text.replaceAll("'", "''")}'`;
}

/** `key: value`, or `key:` and lines below it; the lines after the first are indented. */
export function writeEntry(key: string, value: PlainValue, manner: Manner): string {
  const name = writeText(key, manner.flow);
  const isEmpty = value === null || typeof value !== 'object' || Object.keys(value).length === 0;
  return manner.flow || isEmpty || Array.isArray(value)
    ? `${name}: ${writeInline(value, manner.flow)}`
    : `${name}:${writeBelow(value, manner)}`;
}

/** The lines of a mapping that stands below its key, each after a line end. */
export function writeBelow(value: PlainValue, manner: Manner): string {
  const inner = { ...manner, indent: manner.indent + manner.step };
  return Object.entries(value ?? {})
    .map(([key, one]) => `${manner.eol}${inner.indent}${writeEntry(key, one as PlainValue, inner)}`)
    .join('');
}

/** A value on one line. */
export function writeInline(value: PlainValue, flow: boolean): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return writeText(value, flow);
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[${value.map((one: PlainValue) => writeInline(one, true)).join(', ')}]`;
  const entries = Object.entries(value).map(
    ([key, one]) => `${writeText(key, true)}: ${writeInline(one as PlainValue, true)}`,
  );
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}
