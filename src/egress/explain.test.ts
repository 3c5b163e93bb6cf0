import { describe, expect, test } from 'vitest';
import type { AllowEntry } from '../config/index.ts';
import { parseAllowlist } from './allowlist.ts';
import { askedPlace, explain } from './explain.ts';

function of(allow: readonly AllowEntry[], asked: Parameters<typeof explain>[2]) {
  const resolved = parseAllowlist(allow, { '@npm': [{ host: 'registry.test', entry: '@npm' }] });
  if (!resolved.ok) throw new Error(resolved.error.why);
  return explain(allow, resolved.value, asked);
}

describe('why a destination is allowed or denied', () => {
  test('names the entry that decides, as it was written', () => {
    expect(of(['a.test', '@npm'], { host: 'registry.test', port: 443 })).toMatchObject({
      allowed: true,
      entry: '@npm',
    });
  });

  test.each([
    [['a.test:8443'], 'a.test', 'port 8443 only'],
    [['*.a.test'], 'a.test', 'names below'],
    [['a.test'], 'b.a.test', '*.a.test'],
    [['x.a.test'], 'b.a.test', 'same domain'],
  ] as const)('shows what %j lacks for %s', (allow, host, lacks) => {
    const found = of(allow as readonly AllowEntry[], { host, port: 443 });
    expect(found.allowed).toBe(false);
    expect(found.nearly[0]?.lacks).toContain(lacks);
  });

  test('allows a request to a host whose requests are read, on the port of TLS too', () => {
    const found = of([{ to: 'a.test', methods: ['GET'] }], { host: 'a.test', port: 443, method: 'GET' });
    expect(found.allowed).toBe(true);
  });

  test('shows what a rule of requests lacks for another request', () => {
    const found = of([{ to: 'a.test', methods: ['GET'] }], {
      host: 'a.test',
      port: 443,
      method: 'POST',
      path: '/x',
    });
    expect(found.nearly[0]?.lacks).toBe('it is for GET only, and this is POST /x');
  });

  test('gives the smallest line that would do, with exactly what it opens besides', () => {
    const found = of(['a.test'], { host: 'b.test', port: 443 });
    expect(found.smallest).toBe('b.test:443');
    expect(new Set(found.opens.map(({ host, port }) => `${host}:${port}`))).toEqual(new Set(['b.test:443']));
    const request = of([], { host: 'b.test', port: 80, method: 'GET', path: '/x?q=1' });
    expect(request.smallest).toEqual({ to: 'b.test:80', methods: ['GET'], paths: ['/x'] });
    expect(request.opens).toHaveLength(1);
  });

  test('gives a line under which the answer is another', () => {
    for (const asked of [
      { host: 'b.test', port: 443 },
      { host: 'b.test', port: 9_999 },
      { host: '203.0.113.7', port: 443 },
      { host: 'b.test', port: 80, method: 'POST', path: '/a/b' },
    ]) {
      const { smallest } = of(['a.test'], asked);
      expect(smallest).toBeDefined();
      if (smallest !== undefined)
        expect(of(['a.test', smallest], asked).allowed, JSON.stringify(asked)).toBe(true);
    }
  });

  test('offers no line for a path that could be read as two', () => {
    const found = of([{ to: 'a.test:80', paths: ['/x/**'] }], { host: 'a.test', port: 80, path: '/x/../y' });
    expect(found).toMatchObject({ allowed: false, reason: 'path-not-clear' });
    expect(found.smallest).toBeUndefined();
  });

  test('is asked about places only', () => {
    expect(askedPlace('A.test')).toEqual({ host: 'a.test', port: 443 });
    expect(askedPlace('[2001:db8::1]:22')).toEqual({ host: '2001:db8::1', port: 22 });
    for (const wrong of ['*.a.test', '@npm', 'https://a.test/', ''])
      expect(askedPlace(wrong)).toBeUndefined();
  });

  test('asks as the program that is meant, and says for whom an entry is', () => {
    const git = { run: '/usr/bin/git' };
    const npm = { run: '/usr/bin/node', script: '/usr/lib/npm.js', jit: true };
    const allow = [{ to: 'a.test', programs: [git] }];
    expect(of(allow, { host: 'a.test', port: 443, program: git }).allowed).toBe(true);
    const other = of(allow, { host: 'a.test', port: 443, program: npm });
    expect(other).toMatchObject({ allowed: false, reason: 'program-not-allowed' });
    expect(other.nearly[0]?.lacks).toBe('it is for /usr/bin/git only');
    expect(other.smallest).toEqual({ to: 'a.test:443', programs: [npm] });
    expect(new Set(other.opens.map(({ program }) => program))).toEqual(
      new Set(['/usr/bin/node /usr/lib/npm.js (jit)']),
    );
    expect(of(allow, { host: 'a.test', port: 443 }).reason).toBe('program-not-known');
  });
});
