import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coversRule } from './covers-rule.ts';
import { parseDestination } from './destination.ts';
import { isPathPattern, matchesPath, normalisePath, pathBeyond } from './path-pattern.ts';
import { type EgressRule, METHODS, ruleText, contradictionIn } from './rule.ts';
import { isGitFetch } from './git-fetch.ts';
import { coversProgram, isProgramPath } from './program-rule.ts';
import { ruleFromText } from './written-rule.ts';

describe('the path of a request', () => {
  test.each([
    ['/', ['']],
    ['/a/b', ['a', 'b']],
    ['/a/b/', ['a', 'b', '']],
    ['/%61/b?x=%2F..', ['a', 'b']],
    ['/a%2bb', ['a%2Bb']],
    ['/@scope%40x/-/x-1.0.0.tgz', ['@scope%40x', '-', 'x-1.0.0.tgz']],
  ])('%s is read in one way', (target, segments) => {
    expect(normalisePath(target)).toEqual(segments);
  });

  test.each([
    '',
    'a',
    'http://good.test/a',
    '/a/../b',
    '/a/./b',
    '/..',
    '/a//b',
    '//a',
    '/a/%2e%2e/b',
    '/a/%2E/b',
    '/a%2fb',
    '/a%5cb',
    '/a\\b',
    '/a%00',
    '/a%252e',
    '/a;b',
    '/a%3bb',
    '/a%3Fb',
    '/a#b',
    '/a%2',
    '/a%zz',
    '/ä',
    '/a b',
    '/a\tb',
    '/a%7f',
    '/a/%c0%ae%c0%ae/b',
    '/a/%e0%80%af',
    '/a%ff',
    `/${'a'.repeat(9_000)}`,
  ])('%j is refused: two programs could read it as two', (target) => {
    expect(normalisePath(target)).toBeUndefined();
  });

  test('says the same in every spelling that means the same, and never holds a step', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        const path = normalisePath(`/${text}`);
        if (path === undefined) return;
        expect(normalisePath(`/${path.join('/')}`)).toEqual(path);
        expect(path.some((segment) => segment === '.' || segment === '..')).toBe(false);
      }),
    );
  });
});

const segment = fc.constantFrom('a', 'b', '*');
const pattern = fc
  .tuple(fc.array(segment, { maxLength: 3 }), fc.boolean())
  .map(([segments, open]) => `/${[...segments, ...(open || segments.length === 0 ? ['**'] : [])].join('/')}`);
const path = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 5 });

describe('a pattern of paths', () => {
  test.each([
    ['/**', '/', true],
    ['/**', '/a/b/c', true],
    ['/a/**', '/a', true],
    ['/a/**', '/a/', true],
    ['/a/**', '/b', false],
    ['/a/*', '/a/b', true],
    ['/a/*', '/a/', false],
    ['/a/*', '/a/b/c', false],
    ['/a/*/c', '/a/b/c', true],
    ['/a', '/a/', false],
  ])('%s and %s: %s', (one, target, expected) => {
    expect(matchesPath(one, normalisePath(target) ?? [])).toBe(expected);
  });

  test.each(['a', '/a/**/b', '/a*', '/***', '/a//b', '/../a', '/%61', '/a?b', ''])('%j is none', (text) => {
    expect(isPathPattern(text)).toBe(false);
  });

  test('beyond another is shown by a path that the one has and the other has not, exactly when there is one', () => {
    fc.assert(
      fc.property(
        fc.array(pattern, { minLength: 1, maxLength: 3 }),
        fc.array(pattern, { maxLength: 3 }),
        path,
        (a, b, tried) => {
          const within = (patterns: readonly string[], at: readonly string[]): boolean =>
            patterns.some((one) => matchesPath(one, at));
          const found = pathBeyond(a, b);
          if (found === undefined) expect(within(a, tried) && !within(b, tried)).toBe(false);
          else {
            const segments = normalisePath(found) ?? [];
            expect(within(a, segments)).toBe(true);
            expect(within(b, segments)).toBe(false);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('a rule', () => {
  test.each([
    ['api.test', 'api.test', true],
    ['api.test', 'api.test:443', true],
    ['api.test', 'api.test:80', true],
    ['api.test:443', 'api.test', false],
    ['api.test', 'api.test:8443', false],
    ['*.test.test', 'a.test.test', true],
    ['*.test.test', 'a.b.test.test', true],
    ['*.test.test', '*.b.test.test', true],
    ['*.b.test.test', '*.test.test', false],
    ['*.test.test', 'test.test', false],
    ['*.test.test', 'eviltest.test', false],
    ['@npm', '@npm', true],
    ['@npm', 'registry.test', false],
    ['registry.test', '@npm', false],
    ['API.test', 'api.TEST.', true],
  ] as const)('%s covers %s: %s', (wider, narrower, expected) => {
    expect(coversRule(wider, narrower)).toBe(expected);
  });

  test('covers itself narrowed in any respect, and nothing that it narrows itself', () => {
    const narrowing = fc.record(
      {
        methods: fc.subarray([...METHODS], { minLength: 1 }),
        paths: fc.array(pattern, { minLength: 1, maxLength: 2 }),
        uploadBytes: fc.nat(1_000),
        downloadBytes: fc.nat(1_000),
        requests: fc.nat(1_000),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(narrowing, (some) => {
        const plain: EgressRule = { to: 'api.test' };
        const narrow: EgressRule = { ...plain, ...some };
        expect(coversRule(plain, narrow)).toBe(true);
        expect(coversRule(narrow, narrow)).toBe(true);
        const everyPath = some.paths?.some((one) => one === '/**') === true;
        const narrows =
          Object.keys(some).some((key) => key !== 'paths') || (some.paths !== undefined && !everyPath);
        if (narrows) expect(coversRule(narrow, plain)).toBe(false);
      }),
    );
  });

  test('names a destination in one of five ways, and in no other', () => {
    for (const wrong of [
      '',
      '*',
      '*.',
      '*.test',
      'http://a.test',
      'a.test/b',
      'a b',
      'a.test:0',
      'a.test:70000',
      '1.2',
      '0x7f.1',
      '@Npm',
      '127.1',
      '[::1%lo]',
    ]) {
      expect(parseDestination(wrong).kind, wrong).toBe('wrong');
    }
    expect(parseDestination('[2001:DB8::1]:443')).toEqual({ kind: 'host', host: '2001:db8::1', port: 443 });
  });
});

describe('a rule as it is typed', () => {
  test.each([
    ['api.test', 'api.test'],
    ['api.test:8443', 'api.test:8443'],
    ['@npm', '@npm'],
    ['GET api.test', { to: 'api.test', methods: ['GET'] }],
    ['GET,HEAD api.test:8443/v1/**', { to: 'api.test:8443', methods: ['GET', 'HEAD'], paths: ['/v1/**'] }],
    ['api.test/', { to: 'api.test', paths: ['/'] }],
    ['@npm/-/**', { to: '@npm', paths: ['/-/**'] }],
  ])('%s', (text, rule) => {
    expect(ruleFromText(text)).toEqual(rule);
  });

  test.each([
    '',
    'BREW api.test',

    'GET  api.test',
    'api.test/../x',
    'api.test/a/**/b',
    'api.test a',
    'GET,BREW api.test',
  ])('%j is none', (text) => {
    expect(ruleFromText(text)).toBeUndefined();
  });
});

describe('a program of a rule', () => {
  test.each(['/usr/bin/git', '/opt/a-1.2/bin/x_y+z'])('%s is a path of one', (text) => {
    expect(isProgramPath(text)).toBe(true);
  });

  test.each([
    'git',
    'usr/bin/git',
    '/',
    '/usr//bin',
    '/usr/../bin/x',
    '/usr/./x',
    '/a b',
    '/a/',
    '',
    `/${'a'.repeat(300)}`,
  ])('%j is none', (text) => {
    expect(isProgramPath(text)).toBe(false);
  });

  test('is typed behind the destination, and said in the same words', () => {
    const typed = ruleFromText('GET host.test/a/** by /usr/bin/node /opt/npm.js jit or /usr/bin/git nested');
    expect(typed).toEqual({
      to: 'host.test',
      methods: ['GET'],
      paths: ['/a/**'],
      programs: [
        { run: '/usr/bin/node', script: '/opt/npm.js', jit: true },
        { run: '/usr/bin/git', nested: true },
      ],
    });
    expect(ruleText(typed ?? '')).toBe(
      'host.test  by /usr/bin/node /opt/npm.js (jit) or /usr/bin/git (nested)  GET  /a/**',
    );
    for (const wrong of [
      'a.test by',
      'a.test by git',
      'a.test by /x fast',
      'a.test by /x by /y',
      'a.test by /x /y /z',
    ])
      expect(ruleFromText(wrong), wrong).toBeUndefined();
  });

  test('covers itself narrowed, and nothing that is more', () => {
    const node = { run: '/n' };
    expect(coversProgram(node, { run: '/n', script: '/s' })).toBe(true);
    expect(coversProgram({ run: '/n', script: '/s' }, node)).toBe(false);
    expect(coversProgram(node, { run: '/n', jit: true })).toBe(false);
    expect(coversProgram({ run: '/n', jit: true, nested: true }, node)).toBe(true);
    expect(coversProgram(node, { run: '/m' })).toBe(false);
    expect(coversRule('a.test', { to: 'a.test', programs: [node] })).toBe(true);
    expect(coversRule({ to: 'a.test', programs: [node] }, 'a.test')).toBe(false);
  });
});

describe('git', () => {
  test.each([
    ['GET', '/o/r.git/info/refs?service=git-upload-pack', true],
    ['POST', '/o/r.git/git-upload-pack', true],
    ['POST', '/o/r.git/%67it-upload-pack', true],
    ['GET', '/o/r.git/info/refs?service=git-receive-pack', false],
    ['GET', '/o/r.git/info/refs', false],
    ['GET', '/o/r.git/info/refs?service=git-upload-pack&service=git-receive-pack', false],
    ['GET', '/o/r.git/info/refs?service=git%2Dupload-pack', false],
    ['GET', '/o/r.git/info/refs?service=git-upload-pack?service=git-receive-pack', false],
    ['POST', '/o/r.git/git-receive-pack', false],
    ['POST', '/o/r.git/git-upload-pack/../git-receive-pack', false],
    ['POST', '/o/r.git/git-upload-pack?x=y', false],
    ['POST', '/o/r.git/git-upload-pack;git-receive-pack', false],
    ['POST', '/o/r.git/info/lfs/objects/batch', false],
    ['PUT', '/o/r.git/git-upload-pack', false],
    ['GET', '/o/r.git/git-upload-pack', false],
  ] as const)('%s %s is a fetch: %s', (method, path, fetch) => {
    expect(isGitFetch({ method, path })).toBe(fetch);
  });

  test('a WebSocket is more than the same entry without it, and is written in one word', () => {
    const sockets = { to: 'a.test', websocket: true } as const;
    expect(coversRule(sockets, 'a.test')).toBe(true);
    expect(coversRule('a.test', sockets)).toBe(false);
    expect(coversRule(sockets, { ...sockets, methods: ['GET'], paths: ['/ws'] })).toBe(true);
    expect(ruleFromText('WEBSOCKET a.test')).toEqual(sockets);
    expect(ruleFromText('GET,WEBSOCKET a.test/ws')).toEqual({ ...sockets, methods: ['GET'], paths: ['/ws'] });
    expect(ruleFromText('WEBSOCKETS a.test')).toBeUndefined();
  });

  test('over SSH is never taken for one that only fetches: the command is encrypted', () => {
    const key = 'ssh-ed25519 AAAA';
    for (const [rule, port] of [
      [{ to: 'git.test:22', git: 'read' }, 22],
      [{ to: 'git.test:22', methods: ['GET'] }, 22],
      [{ to: 'git.test:2222', git: 'read', hostKeys: [key] }, 2222],
      [{ to: 'git.test', hostKeys: [key] }, undefined],
      [{ to: 'git.test', git: 'read', methods: ['GET'] }, undefined],
      [{ to: 'git.test:22', websocket: true }, 22],
      [{ to: 'git.test', git: 'read', websocket: true }, undefined],
      [{ to: 'a.test', methods: ['POST'], websocket: true }, undefined],
    ] as const)
      expect(contradictionIn(rule, port)?.fix, JSON.stringify(rule)).toMatch(/HTTPS|port|methods|websocket/);
    expect(contradictionIn({ to: 'git.test', git: 'read' }, undefined)).toBeUndefined();
    expect(contradictionIn({ to: 'git.test:22', hostKeys: [key] }, 22)).toBeUndefined();
  });
});
