import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFilePatterns } from './file-patterns.ts';

const FILES = ['a.lock', 'b/a.lock', 'b/c/d.lock', 'b/c/e.txt', 'b.x/z', '.hidden/f', '.env', 'x y/[1].txt'];

function chosen(...patterns: readonly string[]): readonly string[] | string {
  const read = readFilePatterns(patterns, '/home/runner/work/r/r');
  const files = read.ok ? read.value.choose(FILES) : read;
  return files.ok ? files.value : files.error.rule;
}

describe('the patterns of hashFiles', () => {
  it.each([
    [['**/*.lock'], ['a.lock', 'b/a.lock', 'b/c/d.lock']],
    [['*.lock'], ['a.lock']],
    [['b'], ['b/a.lock', 'b/c/d.lock', 'b/c/e.txt']],
    [['b/'], ['b/a.lock', 'b/c/d.lock', 'b/c/e.txt']],
    [['a.lock/'], []],
    [['b/**'], ['b/a.lock', 'b/c/d.lock', 'b/c/e.txt']],
    [['**/c/**/*.lock'], ['b/c/d.lock']],
    [['**'], ['.env', '.hidden/f', 'a.lock', 'b/a.lock', 'b/c/d.lock', 'b/c/e.txt', 'b.x/z', 'x y/[1].txt']],
    [
      ['**', '!b/**'],
      ['.env', '.hidden/f', 'a.lock', 'b.x/z', 'x y/[1].txt'],
    ],
    [['**', '!**/*.*', 'a.*'], ['a.lock']],
    [
      ['b/c/*', 'a.lock'],
      ['b/c/d.lock', 'b/c/e.txt', 'a.lock'],
    ],
    [
      ['?.lock', 'b/c/[!d]*'],
      ['a.lock', 'b/c/e.txt'],
    ],
    [['b/c/[a-d].lock\n# a comment\n./a.lock'], ['b/c/d.lock', 'a.lock']],
    [['x y/\\[1\\].txt'], ['x y/[1].txt']],
    [['/home/runner/work/r/r/a.lock', '/etc/passwd', '~/x'], ['a.lock']],
    [['A.LOCK', '{a,b}.lock', 'a.+(lock)'], []],
  ])('%j take %j', (patterns, expected) => {
    expect(chosen(...patterns)).toEqual(expected);
  });

  it('cannot leave the workspace', () => {
    for (const pattern of ['../x', 'a/../../x', 'a/./b']) expect(chosen(pattern)).toBe('workflow/hash-files');
  });

  it('match a long path in bounded time, whatever they hold', () => {
    const files = Array.from({ length: 200 }, (_, i) => `${'a/'.repeat(50)}${'a'.repeat(150)}${i}`);
    const read = readFilePatterns([`${'**/a*'.repeat(60)}`, `**/${'*a'.repeat(100)}b`], '/w');
    const started = performance.now();
    expect(read.ok && read.value.choose(files)).toEqual({ ok: true, value: [] });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('are given up where they would take hours on as many files as a workspace may hold', () => {
    const files = Array.from({ length: 500_000 }, (_, i) => `d/${'a'.repeat(200)}${i}`);
    const patterns = Array.from({ length: 255 }, (_, i) => `**/${'*a'.repeat(200)}${i}b`);
    const read = readFilePatterns(patterns, '/w');
    expect(read.ok && read.value.choose(files)).toMatchObject({
      ok: false,
      error: { rule: 'workflow/hash-files' },
    });
    // Ordinary ones take a small part of what there is for them.
    const plain = readFilePatterns(['**/package-lock.json', '**/*.csproj', 'src/**', '!**/*.md'], '/w');
    const usual = files.map((_, i) => `packages/part-${i % 300}/lib/file-${i}.ts`);
    expect(plain.ok && plain.value.choose(usual)).toEqual({ ok: true, value: [] });
  });

  it('take a file by its own name, escaped', () => {
    const part = fc.stringMatching(/^[a-z*?[\]! \\.-]{1,8}$/).filter((text) => text !== '.' && text !== '..');
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
        const path = parts.join('/');
        const read = readFilePatterns([`./${path.replaceAll(/[\\*?[\]!-]/g, '\\$&')}`], '/w');
        fc.pre(path.trim() === path);
        expect(read.ok && read.value.choose([path])).toEqual({ ok: true, value: [path] });
      }),
    );
  });
});
