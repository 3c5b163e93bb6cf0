import type { PlaceName } from './availability.ts';

/** What the value of an expression is made of where it stands alone. */
export type Wanted =
  | 'text'
  | 'words'
  | 'truth value'
  | 'number'
  | 'condition'
  | 'list'
  | 'mapping'
  | 'anything';

/**
 * What may stand at a key. `place`: expressions are evaluated there; without it they are not. `empty`: the key may stand
 * without a value. `idle`: without anything in it, it is taken and of no use.
 */
export type Shape =
  | {
      readonly kind: 'text';
      readonly place?: PlaceName;
      readonly wanted?: Wanted;
      readonly filled?: true;
      readonly oneOf?: readonly string[];
      /** Nothing but an expression. */
      readonly whole?: true;
    }
  | {
      readonly kind: 'truth value' | 'number' | 'whole number';
      readonly place?: PlaceName;
      readonly empty?: true;
      /** Text that reads as one counts as well. */
      readonly quoted?: true;
    }
  | {
      readonly kind: 'mapping';
      readonly what: string;
      readonly keys: Readonly<Record<string, Shape>>;
      readonly required?: readonly string[];
      readonly place?: PlaceName;
      readonly empty?: true;
      readonly idle?: true;
    }
  | {
      readonly kind: 'names';
      readonly what: string;
      readonly values: Shape;
      readonly name: 'id' | 'variable' | 'any';
      readonly place?: PlaceName;
      readonly empty?: true;
      readonly idle?: true;
      readonly filled?: true;
    }
  | {
      readonly kind: 'list';
      readonly what: string;
      readonly items: Shape;
      readonly place?: PlaceName;
      readonly empty?: true;
      readonly filled?: true;
    }
  | {
      readonly kind: 'either';
      readonly what: string;
      readonly scalar?: Shape;
      readonly sequence?: Shape;
      readonly mapping?: Shape;
      readonly empty?: true;
    }
  /** Any value, each text of it with expressions. */
  | { readonly kind: 'anything'; readonly place?: PlaceName }
  /** Decided by what stands there. */
  | { readonly kind: 'job' | 'step' | 'composite step' | 'event list' | 'permissions' };

export const text = (
  place?: PlaceName,
  more: { readonly filled?: true; readonly oneOf?: readonly string[] } = {},
): Shape => ({
  kind: 'text',
  ...(place !== undefined && { place }),
  ...more,
});
export const FILLED: Shape = { kind: 'text', filled: true };

/** One text, or a list of them. */
export function words(what: string, place?: PlaceName): Shape {
  const one = text(place, { filled: true });
  return {
    kind: 'either',
    what,
    scalar: place === undefined ? one : { kind: 'text', place, filled: true, wanted: 'words' },
    sequence: { kind: 'list', what, items: one, filled: true },
  };
}
