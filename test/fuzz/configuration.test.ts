import { expect, test } from 'vitest';
import { isDeepStrictEqual } from 'node:util';
import { parseConfiguration } from '../../src/config/parse-configuration.ts';
import { fuzzLater } from './mutate.fixture.ts';

type Plain = string | readonly Plain[] | { readonly [key: string]: Plain };

interface Line {
  readonly indent: number;
  readonly key: string | undefined;
  readonly item: boolean;
  readonly value: string;
}

const LINE =
  /^( *)(- )?(?:([A-Za-z0-9-]+):(?: +|$))?([A-Za-z0-9@*/][A-Za-z0-9@*./:_-]*[A-Za-z0-9/*]|[0-9A-Za-z])?$/;

/**
 * Reads the plainest YAML there is, lines of `key: word`, `- word` and nothing else, in another way than the library: undefined
 * for all that it does not know for certain.
 */
function readPlain(text: string): Plain | undefined {
  const lines: Line[] = [];
  for (const line of text.split('\n')) {
    if (/^ *(?:#.*)?$/.test(line)) continue;
    const found = LINE.exec(line);
    if (found === null) return undefined;
    const [, indent = '', dash, key, value = ''] = found;
    if (key === undefined && (dash === undefined || value === '')) return undefined;
    // As a value these are something else than a text, or begin one that goes on.
    if (/^(?:[*@]|~$|null$|true$|false$)/i.test(value) || /[:]$/.test(value)) return undefined;
    lines.push({ indent: indent.length, key, item: dash !== undefined, value });
  }
  let at = 0;
  const block = (indent: number): Plain | undefined => {
    const first = lines[at];
    if (first === undefined || first.indent !== indent) return undefined;
    if (first.item) {
      const list: Plain[] = [];
      for (let line = lines[at]; line !== undefined && line.indent >= indent; line = lines[at]) {
        if (line.indent !== indent || !line.item) return undefined;
        if (line.key === undefined) {
          if (line.value === '') return undefined;
          at += 1;
          const next = lines[at];
          // It would go on in the next line.
          if (next !== undefined && next.indent > indent) return undefined;
          list.push(line.value);
          continue;
        }
        lines[at] = { ...line, indent: indent + 2, item: false };
        const inner = block(indent + 2);
        if (inner === undefined) return undefined;
        list.push(inner);
      }
      return list;
    }
    const map = new Map<string, Plain>();
    for (let line = lines[at]; line !== undefined && line.indent >= indent; line = lines[at]) {
      if (line.indent !== indent || line.item || line.key === undefined || map.has(line.key))
        return undefined;
      at += 1;
      const next = lines[at];
      if (line.value !== '') {
        if (next !== undefined && next.indent > indent) return undefined;
        map.set(line.key, line.value);
        continue;
      }
      const deeper = next !== undefined && (next.indent > indent || (next.indent === indent && next.item));
      const inner = deeper ? block(next.indent) : undefined;
      if (inner === undefined) return undefined;
      map.set(line.key, inner);
      const after = lines[at];
      if (after !== undefined && after.indent === indent && after.item) return undefined;
    }
    return Object.fromEntries(map);
  };
  const whole = block(lines[0]?.indent ?? 0);
  return at === lines.length ? whole : undefined;
}

const ZONES = ['untrusted', 'internal', 'release'] as const;
const NARROWING = ['methods', 'paths', 'programs', 'git', 'hostKeys', 'upload', 'download', 'requests'];

function within(value: Plain | undefined, ...path: readonly string[]): Plain | undefined {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || Array.isArray(at) || !Object.hasOwn(at, key)) return undefined;
    at = (at as Readonly<Record<string, Plain>>)[key];
  }
  return at;
}

test('no text makes the reader of a repository\u2019s cofferdam.yaml fail, grant what it does not say, or leave out what narrows it', async () => {
  const seeds = [
    'version: 1\nzones:\n  untrusted:\n    egress:\n      allow:\n        - api.test\n        - b.test:8443\n',
    'version: 1\nzones:\n  internal:\n    egress:\n      allow:\n        - to: api.test\n          methods:\n            - GET\n            - HEAD\n          paths:\n            - /v1/**\n          requests: 5\n        - c.test\n  untrusted:\n    egress:\n      allow: []\n',
    'version: 1\nzones:\n  internal:\n    egress:\n      allow:\n        - to: api.test\n          methods:\n            - GET\n          paths:\n            - /v1/**\n          requests: 5\n        - to: b.test\n          upload: 5KB\n        - c.test\n',
    'version: 1\nzones:\n  untrusted:\n    limits:\n      memory: 512MB\n      pids: 64\n    egress:\n      # allow: [evil.test]\n      allow: ["@npm", {to: x.test, methods: [GET], upload: 5KB}]\n',
    'version: 1\nzones:\n  release:\n    secrets:\n      allow: [TOKEN]\n    egress:\n      allow: [git.test:443]\n      allowRanges: [10.1.0.0/16]\n',
  ];
  const words = [
    '\n',
    '  ',
    '- ',
    ': ',
    '#',
    '\n        - evil.test',
    'allow:',
    'egress:',
    '    ',
    'untrusted:',
    '\n---\n',
    '&a ',
    '*a',
    '<<: ',
    '!!str ',
    '|',
    '>',
    '"',
    "'",
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    '? ',
    'trust:',
    'proxy:',
    'waivers:',
    'secrets:',
    'permissions:',
    'publication:',
    'deploy: true',
    '\t',
    '\r',
    '\u0085',
    '~',
    'null',
    'methods:',
    'to: ',
    '%YAML 1.1\n',
    '__proto__:',
    'constructor:',
    '0x1',
    '1e3',
    '\uFEFF',
  ];
  let granted = 0;
  let compared = 0;
  const seen = await fuzzLater(
    'configuration',
    seeds.map((text) => Buffer.from(text)),
    words,
    async (input) => {
      const parsed = await parseConfiguration(input, 'cofferdam.yaml', 'head');
      if (!parsed.ok) return `refused ${parsed.error[0]?.rule} ${parsed.error.length > 1}`;
      const text = input.toString('utf8');
      const { zones = {}, ...rest } = parsed.value;
      const others = Object.keys(rest).filter((key) => rest[key as keyof typeof rest] !== undefined);
      // Whom to trust, by which proxy, what is waived: never a repository's to say.
      expect(others.filter((key) => !['version', 'policyChanges'].includes(key))).toEqual([]);
      const { untrusted } = zones;
      expect(untrusted?.secrets?.allow ?? []).toEqual([]);
      expect(untrusted?.publication?.deploy ?? false).toBe(false);
      expect(untrusted?.publication?.packages ?? false).toBe(false);
      expect(Object.values(untrusted?.permissions ?? {})).not.toContain('write');
      const plain = readPlain(text);
      let entries = 0;
      for (const zone of ZONES) {
        const allow = zones[zone]?.egress?.allow;
        entries += allow?.length ?? 0;
        for (const entry of allow ?? []) {
          granted += 1;
          const to = typeof entry === 'string' ? entry : entry.to;
          // Without escapes and texts of several lines, what is granted stands there as it is.
          if (!/["\\]/.test(text)) expect(text).toContain(to);
        }
        if (plain === undefined) continue;
        compared += 1;
        const said = within(plain, 'zones', zone, 'egress', 'allow');
        const meant = (Array.isArray(said) ? said : []) as readonly Plain[];
        expect((allow ?? []).length).toBe(meant.length);
        for (const [at, entry] of (allow ?? []).entries()) {
          const one = meant[at];
          expect(typeof entry === 'string' ? entry : entry.to).toBe(
            typeof one === 'string' ? one : within(one, 'to'),
          );
          const narrowed = NARROWING.filter((key) => within(one, key) !== undefined).length;
          expect(Object.keys(typeof entry === 'string' ? {} : entry).length).toBe(
            typeof one === 'string' ? 0 : narrowed + 1,
          );
          if (typeof entry === 'string') continue;
          for (const key of ['methods', 'paths'] as const)
            expect(isDeepStrictEqual(entry[key], within(one, key)), text).toBe(true);
          expect(Number(entry.requests)).toBe(Number(within(one, 'requests')));
        }
      }
      return `ok ${Object.keys(zones).length} ${entries} ${plain === undefined}`;
    },
  );
  expect(seen).toBeGreaterThan(10);
  expect(granted).toBeGreaterThan(10);
  expect(compared).toBeGreaterThan(10);
});
