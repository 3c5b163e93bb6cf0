import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConfiguration } from './parse-configuration.ts';

const parse = (text: string, origin: 'operator' | 'head' = 'operator') =>
  parseConfiguration(Buffer.from(text), 'cofferdam.yaml', origin);

async function refusals(text: string, origin: 'operator' | 'head' = 'operator') {
  const found = await parse(text, origin);
  return found.ok ? [] : found.error;
}

describe('cofferdam.yaml', () => {
  test('gives sizes in bytes and durations in milliseconds', async () => {
    const found = await parse(
      'version: 1\nzones:\n  untrusted:\n    limits: {memory: 2GB, stepTimeout: 10m}\n    egress:\n      allow: [registry.test, "*.cdn.test:8443", "@npm"]\n',
    );
    expect(found).toMatchObject({
      ok: true,
      value: { zones: { untrusted: { limits: { memory: 2e9, stepTimeout: 600_000 } } } },
    });
  });

  test('names an unknown key with its line', async () => {
    const [why] = await refusals('version: 1\nzones:\n  untrusted:\n    egres:\n      allow: []\n');
    expect(why).toMatchObject({
      rule: 'config/unknown-key',
      why: 'there is no key "egres" in zones.untrusted',
      where: { line: 5, pointer: '/zones/untrusted/egres' },
    });
  });

  test.each([
    ['a second document', 'version: 1\n---\nversion: 1\n'],
    ['a duplicate key', 'version: 1\nversion: 1\n'],
    ['an alias', 'version: 1\nzones: &z {}\ntrust: *z\n'],
    ['no version', 'zones: {}\n'],
    ['another version', 'version: 2\n'],
    ['a secret for zone untrusted', 'version: 1\nzones: {untrusted: {secrets: {allow: [TOKEN]}}}\n'],
    [
      'a writing token for zone untrusted',
      'version: 1\nzones: {untrusted: {permissions: {contents: write}}}\n',
    ],
    ['a cache of a lower zone', 'version: 1\nzones: {release: {caches: {read: [untrusted]}}}\n'],
    [
      'a wildcard that is not a whole label',
      'version: 1\nzones: {internal: {egress: {allow: ["a*.test"]}}}\n',
    ],
    ['an address as a URL', 'version: 1\nzones: {internal: {egress: {allow: ["https://a.test"]}}}\n'],
    ['nothing', ''],
    ['a list', '- a\n'],
  ])('refuses %s', async (_name, text) => {
    const found = await refusals(text);
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]?.where?.file).toBe('cofferdam.yaml');
  });

  test('of a repository may not say whom to trust', async () => {
    const text =
      'version: 1\ntrust: {repositories: [{name: o/r, path: /srv/r, protectedBranches: [main]}]}\n';
    expect(await refusals(text)).toEqual([]);
    expect(await refusals(text, 'head')).toMatchObject([{ rule: 'config/trust', where: { line: 2 } }]);
  });

  test('refuses any text that is wrong, and never throws', async () => {
    const words = fc.constantFrom(
      'version: 1',
      'zones:',
      '  untrusted:',
      '    limits:',
      '      memory: 9',
      '- x',
      '*a',
      '&a',
      '? ',
      '!!js/function x',
      '{',
      ']',
      '\t',
      '\0',
      '<<: *a',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(words, { maxLength: 12 }), fc.string(), async (lines, tail) => {
        const found = await parse(`${lines.join('\n')}\n${tail}`, 'head');
        if (!found.ok) for (const why of found.error) expect(why.where?.file).toBe('cofferdam.yaml');
      }),
      { numRuns: 300 },
    );
  });
});
