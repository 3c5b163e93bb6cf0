import { visible } from '../../../audit/index.ts';
import { row } from '../../known/row.ts';

const ENTITY: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text of a stranger as text of a page: nothing in it is markup, ends an attribute, is hidden, or turns what follows around. */
export function escaped(text: string, max = 4_000): string {
  return visible(text, max).replaceAll(/[&<>"']/g, (character) => row(ENTITY, character) ?? '');
}
