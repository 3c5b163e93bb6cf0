import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, parseDuration, parseSize, ulid } from './index.ts';

describe('base', () => {
  it('serialises equal values to equal text whatever the order of members', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const shuffled = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(shuffled as never)).toBe(canonicalJson(value as never));
        expect(JSON.parse(canonicalJson(value as never))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('makes ids that sort by time', () => {
    const random = new Uint8Array(10).fill(255);
    expect(ulid(1, random) < ulid(2, new Uint8Array(10))).toBe(true);
    expect(ulid(1_700_000_000_000, random)).toHaveLength(26);
  });

  it('reads sizes and durations, and refuses everything else', () => {
    expect(parseSize('2MiB')).toBe(2_097_152);
    expect(parseSize('-1')).toBeUndefined();
    expect(parseSize('1 GB')).toBeUndefined();
    expect(parseDuration('90s')).toBe(90_000);
    expect(parseDuration('90')).toBeUndefined();
  });
});
