import { describe, expect, test } from 'vitest';
import { resolveInside } from './bound-places.ts';

const links: Readonly<Record<string, string>> = {
  '/root/var/tmp': '/tmp',
  '/root/bin': 'usr/bin',
  '/root/up': '../../../../etc',
  '/root/chain': 'bin',
  '/root/loop': 'loop',
};
const inside = (path: string): string => resolveInside('/root', path, (at) => links[at]);

describe('a path behind the links of a root', () => {
  test('is where the kernel would find it, and never outside', () => {
    expect(inside('/var/tmp/a')).toBe('/tmp/a');
    expect(inside('/bin/sh')).toBe('/usr/bin/sh');
    expect(inside('/chain/sh')).toBe('/usr/bin/sh');
    expect(inside('/up/passwd')).toBe('/etc/passwd');
    expect(inside('/../../x')).toBe('/x');
    expect(inside('/plain//folder/')).toBe('/plain/folder');
    expect(inside('/')).toBe('/');
  });

  test('ends also for a link to itself', () => {
    expect(inside('/loop/a')).toContain('a');
  });
});
