import type { Tree } from '../../../workflow/index.ts';

/** Why a value that is written out is not of an input's type; undefined when it is, or when an expression makes it. */
export function typeMismatch(type: string, value: Tree): string | undefined {
  if (value.kind !== 'scalar') return 'this is no plain value';
  if (value.text.includes('${{')) return undefined;
  if (type === 'number') {
    const good =
      typeof value.value === 'number' || (value.text.trim() !== '' && !Number.isNaN(Number(value.text)));
    return good ? undefined : `${JSON.stringify(value.text.slice(0, 60))} is none`;
  }
  if (type === 'boolean')
    return /^(?:true|false)$/i.test(value.text)
      ? undefined
      : `${JSON.stringify(value.text.slice(0, 60))} is none`;
  if (value.value === null) return 'null is none';
  return typeof value.value === 'boolean' ? `${value.text} is a truth value: quote it` : undefined;
}
