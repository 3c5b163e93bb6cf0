import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

function pagesIn(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return pagesIn(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...['docs', 'src', 'examples', 'test'].flatMap(pagesIn),
].filter((path) => !path.includes('node_modules'));

/** A heading as the fragment that leads to it, as forges form it. */
function fragment(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function broken(page: string): readonly string[] {
  const text = readFileSync(join(root, page), 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '');
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
  return targets.filter((target) => {
    if (/^(?:https?|mailto):/.test(target)) return false;
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? join(root, page) : join(root, dirname(page), path);
    if (relative(root, file).startsWith('..') || !existsSync(file)) return true;
    if (anchor === undefined) return false;
    const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? '');
    return !headings.some((heading) => fragment(heading) === anchor);
  });
}

describe('every link of the documents', () => {
  it('is looked at', () => expect(pages.length).toBeGreaterThan(20));

  it.each(pages)('leads somewhere from %s', (page) => {
    expect(broken(page)).toEqual([]);
  });
});

describe('every room', () => {
  it.each(readdirSync(join(root, 'src')))('%s says in a README what lives there', (room) => {
    const text = readFileSync(join(root, 'src', room, 'README.md'), 'utf8');
    expect(text.startsWith(`# ${room}\n`)).toBe(true);
    expect(text.split('\n').length).toBeLessThanOrEqual(60);
  });
});
