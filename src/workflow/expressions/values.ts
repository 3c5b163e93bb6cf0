import type { ContextValue } from '../model.ts';

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const HEXADECIMAL = /^0x[0-9a-fA-F]+$/;
const OCTAL = /^0o[0-7]+$/;

export type ContextArray = readonly ContextValue[];
export interface ContextObject {
  readonly [key: string]: ContextValue;
}

export function isArray(value: ContextValue): value is ContextArray {
  return Array.isArray(value);
}

export function isObject(value: ContextValue): value is ContextObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A string as a number: surrounding space is ignored, empty is 0, anything odd is NaN. */
export function parseNumber(text: string): number {
  const trimmed = text.trim();
  if (trimmed === '') return 0;
  if (DECIMAL.test(trimmed) || HEXADECIMAL.test(trimmed) || OCTAL.test(trimmed)) return Number(trimmed);
  if (trimmed === 'Infinity' || trimmed === '+Infinity') return Number.POSITIVE_INFINITY;
  if (trimmed === '-Infinity') return Number.NEGATIVE_INFINITY;
  return Number.NaN;
}

export function toNumber(value: ContextValue): number {
  if (value === null) return 0;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? parseNumber(value) : Number.NaN;
}

export function toText(value: ContextValue): string {
  if (value === null) return '';
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  return isArray(value) ? 'Array' : 'Object';
}

export function isTrue(value: ContextValue): boolean {
  if (typeof value === 'number') return value !== 0 && !Number.isNaN(value);
  return value !== null && value !== false && value !== '';
}

/** As .NET's `G15`, which GitHub's runner uses: at most 15 significant digits, `1E+20` from 15 digits on. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return '0';
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  const [mantissa = '', exponentText = '0'] = value.toExponential(14).split('e');
  const exponent = Number(exponentText);
  if (exponent >= -5 && exponent < 15)
    return String(Number(value.toPrecision(15)).toFixed(Math.max(0, 14 - exponent)))
      .replace(/(\.\d*?)0+$/, '$1')
      .replace(/\.$/, '');
  const digits = mantissa.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
  const size = String(Math.abs(exponent)).padStart(2, '0');
  return `${digits}E${exponent < 0 ? '-' : '+'}${size}`;
}

/** Upper case by single characters, as .NET's ordinal comparison without case has it. */
export function fold(text: string): string {
  if (/^[\u0000-\u007f]*$/.test(text)) return text.toUpperCase();
  let folded = '';
  for (const character of text) {
    const upper = character.toUpperCase();
    const stays = upper.length !== character.length || (upper < '\u0080' && character >= '\u0080');
    folded += stays ? character : upper;
  }
  return folded;
}

/** `==`: kinds that differ meet as numbers; arrays and objects are equal only to themselves. */
export function isEqual(left: ContextValue, right: ContextValue): boolean {
  if (typeof left === 'string' && typeof right === 'string') return fold(left) === fold(right);
  if (left === null && right === null) return true;
  if (isComposite(left) || isComposite(right)) return left === right;
  return toNumber(left) === toNumber(right);
}

/** Negative, zero or positive; NaN when they have no order. */
export function order(left: ContextValue, right: ContextValue): number {
  if (typeof left === 'string' && typeof right === 'string') {
    const [a, b] = [fold(left), fold(right)];
    if (a === b) return 0;
    return a < b ? -1 : 1;
  }
  if (isComposite(left) || isComposite(right)) return Number.NaN;
  const [a, b] = [toNumber(left), toNumber(right)];
  if (a === b) return 0;
  return a - b;
}

export function isComposite(value: ContextValue): value is ContextArray | ContextObject {
  return typeof value === 'object' && value !== null;
}
