import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packed, unpacked } from './packed-json.ts';

const member = fc.string({ maxLength: 5 }).filter((name) => name !== '__proto__');
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.nat(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(member, tie('value'), { maxKeys: 4 }),
  ),
}));

describe('a packed value', () => {
  it('is the same when it is taken out, member by member in its order', () => {
    fc.assert(
      fc.property(value, (given) => {
        const held: unknown = JSON.parse(JSON.stringify(packed(given)));
        expect(JSON.stringify(unpacked(held))).toBe(JSON.stringify(given));
      }),
    );
  });

  it('holds what is alike once', () => {
    const given = Array.from({ length: 1_000 }, (_, line) => ({
      rule: 'a-rule',
      at: { file: 'a.yml', line },
    }));
    expect(JSON.stringify(packed(given)).length).toBeLessThan(JSON.stringify(given).length / 2);
  });

  it('is none of what could be taken for another: numbers that are no counts, and the name that makes no member', () => {
    for (const one of [-1, 0.5, Number.NaN, 2 ** 60, [[-3]], JSON.parse('{"__proto__":1}')])
      expect(packed(one)).toBeUndefined();
  });

  it('is not taken out of anything else, and nothing makes it fail', () => {
    const good = { texts: ['a'], names: [['x']], value: [1, -1] };
    expect(unpacked(good)).toEqual({ x: 'a' });
    for (const bad of [
      null,
      [],
      {},
      { ...good, value: -2 },
      { ...good, value: [2, -1] },
      { ...good, value: [1, -1, -1] },
      { ...good, value: [-1] },
      { ...good, value: { x: -1 } },
      { ...good, value: ['x'] },
      { ...good, texts: [1] },
      { ...good, names: [['__proto__']] },
      { ...good, value: Array.from({ length: 50 }).reduce((inner) => [0, inner], 1) },
    ])
      expect(unpacked(bad), JSON.stringify(bad)).toBeUndefined();
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (texts, names, held) => {
        unpacked({ texts, names, value: held });
      }),
    );
  });
});
