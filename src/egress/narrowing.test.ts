import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AllowEntry } from '../config/index.ts';
import { parseAllowlist } from './allowlist.ts';
import type { EgressPolicy } from './contract.ts';
import { decide } from './decide.ts';
import { narrow } from './narrowing.ts';

function policy(entries: readonly AllowEntry[], allowRanges: readonly string[] = []): EgressPolicy {
  const allow = parseAllowlist(entries, {});
  if (!allow.ok) throw new Error(allow.error.why);
  return { allow: allow.value, allowRanges };
}

const left = (before: readonly AllowEntry[], after: readonly AllowEntry[]) => {
  const { policy: found, closed, notGiven } = narrow(policy(before), policy(after));
  return { left: found.allow.map(({ entry }) => entry), closed, notGiven };
};

describe('a policy that is narrowed by another', () => {
  test('keeps what both allow, closes what the other does not, and gives nothing that it has beyond', () => {
    expect(left(['a.test', 'b.test:8443'], ['a.test', 'c.test'])).toEqual({
      left: ['a.test'],
      closed: ['b.test:8443'],
      notGiven: ['c.test'],
    });
    expect(left(['a.test'], [])).toEqual({ left: [], closed: ['a.test'], notGiven: [] });
    expect(left([], ['a.test'])).toEqual({ left: [], closed: [], notGiven: ['a.test'] });
  });

  test('takes the narrower of two entries for one destination', () => {
    const get = { to: 'a.test', methods: ['GET'] } as const;
    expect(left(['a.test'], [get]).left).toEqual(['a.test  GET']);
    expect(left([get], ['a.test'])).toMatchObject({ left: ['a.test  GET'], notGiven: ['a.test'] });
    expect(left(['*.a.test'], ['x.a.test']).left).toEqual(['x.a.test']);
    expect(left(['a.test'], ['a.test:443']).left).toEqual(['a.test:443']);
    // They only overlap: neither stays.
    const some = { to: 'a.test', paths: ['/x/**'] } as const;
    expect(left([get], [some])).toMatchObject({ left: [], closed: ['a.test  GET'] });
  });

  test('keeps a range that both name in the same words', () => {
    const { policy: found, closed } = narrow(
      policy([], ['10.0.0.0/8', '127.0.0.0/8']),
      policy([], ['127.0.0.0/8']),
    );
    expect(found.allowRanges).toEqual(['127.0.0.0/8']);
    expect(closed).toEqual(['10.0.0.0/8']);
  });

  test('never allows what either of the two denies', () => {
    const host = fc.constantFrom('a.test', '*.a.test', 'x.a.test', '*.x.a.test', 'b.test');
    const rule = fc.record(
      {
        to: fc.tuple(host, fc.constantFrom('', ':443', ':8443')).map(([name, port]) => `${name}${port}`),
        methods: fc.subarray(['GET', 'POST'] as const, { minLength: 1 }),
        paths: fc.subarray(['/**', '/x/**', '/x/y'], { minLength: 1 }),
      },
      { requiredKeys: ['to'] },
    );
    const list = fc.array(rule, { maxLength: 4 }).map((entries) => policy(entries));
    const asked = fc.record({
      host: fc.constantFrom('a.test', 'x.a.test', 'y.x.a.test', 'b.test'),
      port: fc.constantFrom(443, 80, 8443),
      protocol: fc.constantFrom('tls' as const, 'http' as const, 'tcp' as const),
      method: fc.constantFrom('GET', 'POST', 'PUT'),
      path: fc.constantFrom('/', '/x/', '/x/y', '/z'),
    });
    fc.assert(
      fc.property(list, list, asked, (before, after, { method, path, ...to }) => {
        const of = (one: EgressPolicy): boolean =>
          decide(one, {
            ...to,
            claimed: to.host,
            ...(to.protocol === 'http' && { request: { method, path } }),
          }).allowed;
        if (of(narrow(before, after).policy)) {
          expect(of(before)).toBe(true);
          expect(of(after)).toBe(true);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
