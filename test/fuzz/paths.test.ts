import { isIPv6 } from 'node:net';
import { expect, test } from 'vitest';
import {
  isPathPattern,
  matchesPath,
  normalisePath,
  parseDestination,
  ruleFromText,
} from '../../src/config/index.ts';
import { fuzz } from './mutate.fixture.ts';

const WORDS = [
  '/',
  '//',
  '/../',
  '/./',
  '%2e',
  '%2E%2E',
  '%2f',
  '%5c',
  '\\',
  '%25',
  '%00',
  ';',
  '?',
  '#',
  '*',
  '**',
  'a',
  '%',
  '%zz',
  ' ',
  '\u00e4',
  '@',
  ':',
];

test('no path is read otherwise than a browser reads it, and none leaves the tree of its pattern', () => {
  const seeds = ['/', '/a/b', '/a/b/?q=1', '/%61/b%20c', '/v1/items/7'].map((text) => Buffer.from(text));
  let read = 0;
  const seen = fuzz('paths', seeds, WORDS, (input) => {
    const text = input.toString('latin1');
    const path = normalisePath(text);
    if (path === undefined) return `none ${text.startsWith('/')}`;
    read += 1;
    const spelling = `/${path.join('/')}`;
    expect(normalisePath(spelling)).toEqual(path);
    // The WHATWG's reader resolves steps: one that changes anything but an encoding read another path.
    const theirs = new URL(`http://h.test${text}`).pathname;
    expect(decodeURIComponent(theirs)).toBe(decodeURIComponent(spelling));
    expect(matchesPath('/v1/**', path)).toBe(path[0] === 'v1');
    return `path ${path.length} ${isPathPattern(spelling)} ${spelling.includes('%')}`;
  });
  expect(seen).toBeGreaterThan(5);
  expect(read).toBeGreaterThan(0);
});

/** The IPv6 addresses of a text, each in its one spelling (RFC 5952), as a browser reads them. */
function addressesIn(text: string): readonly string[] {
  const candidates = text.match(/[0-9a-f:.]{2,45}/gi) ?? [];
  return candidates.filter(isIPv6).map((one) => new URL(`http://[${one}]/`).hostname.slice(1, -1));
}

test('no text makes the reader of an allowlist fail, or name a host that is not in it', () => {
  const seeds = [
    'api.test',
    'api.test:8443',
    '*.cdn.test',
    '@npm',
    '[2001:db8::1]:443',
    'GET,HEAD api.test/v1/**',
    '192.0.2.1',
  ];
  const words = [
    '*',
    '.',
    ':',
    '[',
    ']',
    '@',
    '/',
    ' ',
    'GET ',
    '0x7f.1',
    '127.1',
    '%00',
    '\0',
    'xn--',
    '\u3002',
    ':443',
    '..',
    '-',
  ];
  const seen = fuzz(
    'destinations',
    seeds.map((text) => Buffer.from(text)),
    words,
    (input) => {
      const text = input.toString('utf8');
      const rule = ruleFromText(text);
      const to = parseDestination(rule === undefined ? text : typeof rule === 'string' ? rule : rule.to);
      if (to.kind !== 'host') return `${to.kind} ${rule === undefined}`;
      const host = to.host.replace(/^\*\./, '');
      if (host.includes(':')) expect(addressesIn(text)).toContain(host);
      else expect(text.toLowerCase()).toContain(host);
      expect(to.host).toMatch(/^(?:\*\.)?[a-z0-9_:.-]+$/);
      // What a program could take for an address in another spelling is none, or that very address.
      const url = URL.canParse(`http://${to.host.replace(/^\*\./, '')}/`)
        ? new URL(`http://${to.host.replace(/^\*\./, '')}/`).hostname
        : undefined;
      if (url !== undefined && !to.host.includes(':')) expect(url).toBe(to.host.replace(/^\*\./, ''));
      return `host ${to.port === undefined} ${to.host.startsWith('*')} ${to.host.includes(':')} ${to.host.split('.').length}`;
    },
  );
  expect(seen).toBeGreaterThan(5);
});
