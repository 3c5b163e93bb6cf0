import { expect, test } from 'vitest';
import { coversRule, isPathPattern, ruleFromText } from '../../src/config/index.ts';
import { decide } from '../../src/egress/decide.ts';
import { parseAllowlist } from '../../src/egress/index.ts';
import { hostName } from '../../src/egress/host-name.ts';
import { isPlainBelow } from '../../src/egress/wildcard.ts';
import { fuzz } from './mutate.fixture.ts';

// An input is lines: entries, then a line `> HOST PORT PROTOCOL METHOD PATH` that says what a job tries.

/** What an entry allows, read in another way than ours: by splitting, and by expressions of the language. */
interface Read {
  readonly host: string;
  readonly ports: readonly string[];
  readonly methods: readonly string[] | undefined;
  readonly path: RegExp | undefined;
}

function readAnew(line: string): Read {
  const blank = line.indexOf(' ');
  const methods = blank === -1 ? undefined : line.slice(0, blank).split(',');
  const rest = line.slice(blank + 1);
  const slash = rest.indexOf('/');
  const place = (slash === -1 ? rest : rest.slice(0, slash)).toLowerCase();
  const address = /^\[(.*)\](?::(\d+))?$/.exec(place);
  const [host = '', port] = address === null ? place.split(':') : [address[1] ?? '', address[2]];
  return {
    host: host.replace(/\.$/, ''),
    ports: port === undefined ? ['80', '443'] : [String(Number(port))],
    methods,
    path: slash === -1 ? undefined : expressionOf(rest.slice(slash)),
  };
}

/** A pattern as an expression over decoded paths. */
function expressionOf(pattern: string): RegExp {
  const parts = decodeURIComponent(pattern).slice(1).split('/');
  const open = parts.at(-1) === '**';
  const fixed = (open ? parts.slice(0, -1) : parts).map((part) =>
    part === '*' ? '[^/]+' : part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`),
  );
  return new RegExp(`^${fixed.map((part) => `/${part}`).join('')}${open ? '(?:/.*)?' : ''}$`, 's');
}

function coversNaively({ host }: Read, name: string): boolean {
  const [wanted, asked] = [host.split('.').toReversed(), name.split('.').toReversed()];
  if (wanted.at(-1) !== '*') return host === name;
  const fixed = wanted.slice(0, -1);
  return asked.length > fixed.length && fixed.every((label, at) => asked[at] === label);
}

/** The path that a browser would ask for, decoded; a server may take any other for another. */
function browserPath(path: string): string | undefined {
  const url = `http://h.test${path}`;
  if (!URL.canParse(url)) return undefined;
  try {
    return decodeURIComponent(new URL(url).pathname);
  } catch {
    return undefined;
  }
}

const PROTOCOLS = ['tls', 'http', 'tcp'] as const;

test('no allowlist makes its readers fail, or allows what none of its lines says', () => {
  const seeds = [
    'api.test\n> api.test 443 tls - -',
    'api.test:8443\n*.cdn.test\n> a.b.cdn.test 443 tls - -',
    'GET,HEAD api.test/v1/**\nPOST api.test/up\n> api.test 80 http GET /v1/items?x=/y',
    'api.test/v1/*/files\n> api.test 80 http POST /v1/%61/files',
    '[2001:db8::1]:443\n192.0.2.1\n> 192.0.2.1 80 http GET /',
    'git.test:22\nx.test:9000\n> x.test 9000 tcp - -',
    '*.test.test\nAPI.test.\n> api.test 443 tls - -',
  ];
  const words = [
    '*',
    '**',
    '*.',
    '.',
    ':',
    '/',
    '\n',
    ' ',
    ',',
    'GET ',
    'POST',
    '%2e',
    '%2F',
    '..',
    '//',
    '> ',
    '443',
    '80',
    '22',
    '[',
    ']',
    'test',
    'api',
    '0x7f',
    'http',
    'tcp',
    'tls',
    ' by /usr/bin/git',
  ];
  let allowed = 0;
  const seen = fuzz(
    'allowlist',
    seeds.map((text) => Buffer.from(text)),
    words,
    (input) => {
      const lines = input.toString('utf8').split('\n');
      const [, asked = '', port = '', protocol = '', method = '', path = ''] =
        /^> (\S+) (\d{1,5}) (tls|http|tcp) (\S+) (\S+)$/.exec(lines.at(-1) ?? '') ?? [];
      const spoken = PROTOCOLS.find((one) => one === protocol);
      const written = lines.slice(0, -1);
      const rules = written.map(ruleFromText);
      const policy = parseAllowlist(
        rules.filter((rule) => rule !== undefined),
        {},
      );
      if (spoken === undefined || !policy.ok) return `none ${spoken} ${policy.ok} ${rules.length}`;
      const host = hostName(asked) ?? asked;
      const verdict = decide(
        { allow: policy.value, allowRanges: [] },
        {
          host,
          port: Number(port),
          protocol: spoken,
          claimed: host,
          inspectable: false,
          ...(spoken === 'http' && { request: { method, path } }),
        },
      );
      const outcome = `${verdict.allowed ? 'allowed' : verdict.reason} ${spoken} ${host.includes(':')} ${written.length} ${rules.filter((rule) => typeof rule === 'object').length} ${verdict.allowed && verdict.entry.host.startsWith('*')}`;
      if (!verdict.allowed) return outcome;
      allowed += 1;
      const says = written.some((line, at) => {
        const rule = rules[at];
        if (rule === undefined) return false;
        // Who may reach it is asked elsewhere; here nobody known asks.
        if (line.includes(' by ')) return false;
        const read = readAnew(line);
        if (!coversNaively(read, host) || !read.ports.includes(String(Number(port)))) return false;
        if (read.methods === undefined && read.path === undefined) return true;
        if (spoken !== 'http') return false;
        const decoded = browserPath(path);
        return (
          (read.methods?.includes(method) ?? true) &&
          (read.path === undefined || (decoded !== undefined && read.path.test(decoded)))
        );
      });
      expect(says, `${JSON.stringify(lines)} under ${verdict.entry.entry}`).toBe(true);
      return outcome;
    },
  );
  expect(seen).toBeGreaterThan(20);
  expect(allowed).toBeGreaterThan(10);
});

test('no two entries make one cover the other that allows a request which the first does not', () => {
  const seeds = ['/v1/**\n/v1/*/a\n/v1/b/a', '/a/*\n/a/b\n/a/', '/\n/**\n/x', '/%20/*\n/a\n/%20/z'];
  const words = ['/', '*', '**', '/*', '/**', '\n', 'a', '%20', '%2e', '.', '%41', '/a/b'];
  let covered = 0;
  const seen = fuzz(
    'patterns',
    seeds.map((text) => Buffer.from(text)),
    words,
    (input) => {
      const [wide = '', narrow = '', path = ''] = input.toString('latin1').split('\n');
      const patterns = isPathPattern(wide) && isPathPattern(narrow);
      if (!patterns) return `none ${isPathPattern(wide)}`;
      const covers = coversRule({ to: 'h.test', paths: [wide] }, { to: 'h.test', paths: [narrow] });
      const decoded = browserPath(path);
      const [inWide, inNarrow] = [wide, narrow].map(
        (pattern) => decoded !== undefined && expressionOf(pattern).test(decoded),
      );
      if (covers && path.startsWith('/')) {
        covered += 1;
        if (inNarrow === true) expect(inWide, JSON.stringify([wide, narrow, path])).toBe(true);
      }
      return `${covers} ${inWide} ${inNarrow} ${wide.split('/').length} ${narrow.split('/').length}`;
    },
  );
  expect(seen).toBeGreaterThan(10);
  expect(covered).toBeGreaterThan(10);
});

/** What the guide of the wildcard promises, counted by hand. */
function isPlainNaively(labels: readonly string[]): boolean {
  if (labels.length > 4 || labels.join('.').length > 80) return false;
  return labels.every((label) => {
    let run = '';
    for (const character of `${label}-`) {
      if (character !== '-' && character !== '_') run += character;
      else if (run.length >= 32 && [...run].some((one) => one >= '0' && one <= '9')) return false;
      else run = '';
    }
    return true;
  });
}

test('no name below a wildcard is taken for one that is as names are, and is not', () => {
  const seeds = [
    'cdn.test a.cdn.test',
    'cdn.test 0123456789abcdef0123456789abcdef.cdn.test',
    'a.b.c.test x-y_z.a.b.c.test',
  ];
  const words = ['.', '-', '_', 'a.', '.cdn.test', '0123456789abcdef', 'xn--', ' ', 'a'.repeat(30), '.x.y.z'];
  let plain = 0;
  const seen = fuzz(
    'wildcard',
    seeds.map((text) => Buffer.from(text)),
    words,
    (input) => {
      const [under = '', asked = ''] = input.toString('latin1').split(' ');
      const [suffix, name] = [hostName(under), hostName(asked)];
      if (suffix === undefined || name === undefined) return `none ${suffix === undefined}`;
      const policy = parseAllowlist([`*.${suffix}`], {});
      const [entry] = policy.ok ? policy.value : [];
      if (entry === undefined) return 'no entry';
      const verdict = decide(
        { allow: [entry], allowRanges: [] },
        { host: name, port: 443, protocol: 'tls', claimed: name },
      );
      const [labels, wanted] = [name.split('.'), suffix.split('.')];
      const below = labels.length > wanted.length && labels.slice(-wanted.length).join() === wanted.join();
      expect(verdict.allowed, JSON.stringify([suffix, name])).toBe(below);
      if (!below) return 'elsewhere';
      const isPlain = isPlainBelow(entry.host, name);
      if (isPlain) plain += 1;
      expect(isPlain, name).toBe(isPlainNaively(labels.slice(0, -wanted.length)));
      return `${isPlain} ${labels.length - wanted.length} ${Math.ceil(name.length / 20)}`;
    },
  );
  expect(seen).toBeGreaterThan(5);
  expect(plain).toBeGreaterThan(10);
});
