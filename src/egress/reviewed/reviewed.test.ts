import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type AllowEntry, isPathPattern, parseDestination, readsRequests } from '../../config/index.ts';
import { parseAllowlist } from '../allowlist.ts';
import { decide } from '../decide.ts';
import { PRESETS, resolvePresets } from '../presets.ts';
import { EXPOSURES, REVIEWED_PRESETS } from './index.ts';

const NO_CLIENTS = { environment: { PATH: '/nonexistent' }, home: undefined };

async function policy(...entries: readonly AllowEntry[]) {
  const names = entries.map((entry) => (typeof entry === 'string' ? entry : entry.to));
  const presets = await resolvePresets(names, NO_CLIENTS);
  if (!presets.ok) throw new Error(presets.error.why);
  const destinations = Object.fromEntries(
    Object.entries(presets.value).map(([name, preset]) => [name, preset.destinations]),
  );
  return parseAllowlist(entries, destinations);
}

async function allows(entry: AllowEntry, method: string, url: string): Promise<boolean> {
  const allow = await policy(entry);
  if (!allow.ok) throw new Error(allow.error.why);
  const { hostname, pathname, search } = new URL(url);
  return decide(
    { allow: allow.value, allowRanges: [] },
    {
      host: hostname,
      port: 443,
      protocol: 'http',
      claimed: hostname,
      request: { method, path: `${pathname}${search}` },
    },
  ).allowed;
}

describe('the reviewed presets', () => {
  test('each name something, say what they expose and by which source, and stand on their page', () => {
    const page = readFileSync(new URL('../../../docs/presets.md', import.meta.url), 'utf8');
    expect(Object.keys(EXPOSURES).toSorted()).toEqual([...PRESETS].toSorted());
    for (const [name, { exposes, source }] of Object.entries(EXPOSURES)) {
      expect(parseDestination(name)).toEqual({ kind: 'preset', name });
      expect(exposes.length, name).toBeGreaterThan(60);
      expect(source).toMatch(/^https:\/\//);
      expect(page, name).toContain(`| \`${name}\` |`);
      expect(page, name).toContain(source);
    }
  });

  test('let nothing pass that is not read, and write no path that is none', () => {
    for (const [name, { allow }] of Object.entries(REVIEWED_PRESETS)) {
      expect(allow.length, name).toBeGreaterThan(0);
      for (const one of allow) {
        expect(readsRequests(one), name).toBe(true);
        expect(one.methods?.every((method) => method === 'GET' || method === 'HEAD') ?? true, name).toBe(
          true,
        );
        expect(one.paths?.every(isPathPattern) ?? true, name).toBe(true);
        expect(parseDestination(one.host), name).toEqual({ kind: 'host', host: one.host });
      }
    }
  });

  test.each([
    ['@github', 'GET', 'https://github.com/o/r.git/info/refs?service=git-upload-pack', true],
    ['@github', 'POST', 'https://github.com/o/r.git/git-upload-pack', true],
    ['@github', 'GET', 'https://github.com/o/r/archive/refs/tags/v1.tar.gz', true],
    ['@github', 'POST', 'https://github.com/o/r.git/git-receive-pack', false],
    ['@github', 'GET', 'https://github.com/o/r.git/info/refs?service=git-receive-pack', false],
    ['@github', 'POST', 'https://github.com/o/r/issues', false],
    ['@github', 'GET', 'https://github.com/search?q=secret', false],
    ['@github', 'PUT', 'https://raw.githubusercontent.com/o/r/main/x', false],
    ['@github', 'GET', 'https://api.github.com/repos/o/r', false],
    ['@github-api', 'GET', 'https://api.github.com/repos/o/r', true],
    ['@github-api', 'POST', 'https://api.github.com/gists', false],
    ['@gitlab', 'POST', 'https://gitlab.com/a/b/c/r.git/git-upload-pack', true],
    ['@gitlab', 'GET', 'https://gitlab.com/a/b/r/-/archive/v1/r.tar.gz', true],
    ['@gitlab', 'GET', 'https://gitlab.com/api/v4/projects/1/packages', false],
    ['@github-releases', 'GET', 'https://github.com/o/r/releases/download/v1/x.tar.gz', true],
    ['@github-releases', 'POST', 'https://github.com/o/r.git/git-upload-pack', false],
    ['@node-dist', 'GET', 'https://nodejs.org/dist/v24.0.0/SHASUMS256.txt', true],
    ['@node-dist', 'GET', 'https://nodejs.org/api/', false],
    ['@rust-dist', 'GET', 'https://static.rust-lang.org/dist/channel-rust-stable.toml', true],
  ])('%s: %s %s %s', async (name, method, url, expected) => {
    expect(await allows(name, method, url)).toBe(expected);
  });

  test('are narrowed by an entry and never widened', async () => {
    const post = { to: '@github-api', methods: ['GET', 'POST'] } as const;
    expect(await allows(post, 'POST', 'https://api.github.com/gists')).toBe(false);
    expect(await allows(post, 'GET', 'https://api.github.com/x')).toBe(true);
    expect(await allows(post, 'HEAD', 'https://api.github.com/x')).toBe(false);
    const only = { to: '@github', methods: ['GET'] } as const;
    expect(await allows(only, 'POST', 'https://github.com/o/r.git/git-upload-pack')).toBe(false);
    expect((await policy({ to: '@go-dist', paths: ['/**'] })).ok).toBe(false);
    const paths = { to: '@github-api', paths: ['/repos/o/r/**'] } as const;
    expect(await allows(paths, 'GET', 'https://api.github.com/repos/o/r/tags')).toBe(true);
    expect(await allows(paths, 'GET', 'https://api.github.com/user')).toBe(false);
  });
});
