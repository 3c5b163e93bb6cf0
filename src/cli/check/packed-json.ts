/**
 * A value of JSON in few characters, for thousands of objects that are alike: each text and each list of names stands once. A text is
 * the number -1 - its index, a list is `[0, ...items]`, an object `[1 + its index of names, ...values]`. Names keep their order.
 */
export interface Packed {
  readonly texts: readonly string[];
  readonly names: readonly (readonly string[])[];
  readonly value: unknown;
}

const MAX_DEPTH = 20;

/** Packs a value; undefined for one with a number that is no count, which a text could be taken for. */
export function packed(value: unknown): Packed | undefined {
  const texts = new Map<string, number>();
  const names = new Map<string, number>();
  const lists: string[][] = [];
  let fits = true;
  const put = (one: unknown): unknown => {
    if (typeof one === 'string') {
      const index = texts.get(one) ?? texts.size;
      if (index === texts.size) texts.set(one, index);
      return -1 - index;
    }
    if (typeof one === 'number' && !(Number.isSafeInteger(one) && one >= 0)) fits = false;
    if (typeof one !== 'object' || one === null) return one;
    if (Array.isArray(one)) return [0, ...one.map(put)];
    const members = Object.entries(one).filter(([, member]) => member !== undefined);
    const own = members.map(([name]) => name);
    if (own.includes('__proto__')) fits = false;
    const key = JSON.stringify(own);
    const index = names.get(key) ?? names.size;
    if (index === names.size) {
      names.set(key, index);
      lists.push(own);
    }
    return [1 + index, ...members.map(([, member]) => put(member))];
  };
  const all = put(value);
  return fits ? { texts: [...texts.keys()], names: lists, value: all } : undefined;
}

/** The value that was packed; undefined for what none was packed to. */
export function unpacked(of: unknown): unknown {
  if (typeof of !== 'object' || of === null || !('texts' in of && 'names' in of && 'value' in of))
    return undefined;
  const { texts, names, value } = of;
  if (!areTexts(texts) || !Array.isArray(names) || !names.every(areNames)) return undefined;
  const lists: readonly (readonly string[])[] = names;
  let fits = true;
  const take = (one: unknown, depth: number): unknown => {
    if (typeof one === 'number' && one < 0) {
      const text = texts[-1 - one];
      if (text === undefined) fits = false;
      return text;
    }
    if (!Array.isArray(one)) {
      if (typeof one === 'object' && one !== null) fits = false;
      return one;
    }
    const [kind, ...held] = one as readonly unknown[];
    if (typeof kind !== 'number' || depth > MAX_DEPTH) {
      fits = false;
      return undefined;
    }
    if (kind === 0) return held.map((item) => take(item, depth + 1));
    const own = lists[kind - 1];
    if (own?.length !== held.length) {
      fits = false;
      return undefined;
    }
    const made: Record<string, unknown> = {};
    for (const [index, name] of own.entries()) made[name] = take(held[index], depth + 1);
    return made;
  };
  const all = take(value, 0);
  return fits ? all : undefined;
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

/** This one name given to an object makes it no member, but what the object is made like. */
function areNames(value: unknown): value is readonly string[] {
  return areTexts(value) && !value.includes('__proto__');
}
