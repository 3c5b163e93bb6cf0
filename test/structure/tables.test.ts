import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOMS = ['src/gate', 'src/workflow'].map((room) => join(import.meta.dirname, '../..', room));

/** Tables that are looked up by the product's own words, or by one character, alone. */
const OWN_WORDS = new Set(['EVENTS', 'CODES', 'FORMS', 'ESCAPES']);

it('no table is asked for a name of a stranger without looking whether it is the table\u2019s own: every object has a constructor', () => {
  const sources = ROOMS.flatMap((room) =>
    readdirSync(room, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
      .map((path) => [path, readFileSync(join(room, path), 'utf8')] as const),
  );
  const tables = new Set(
    sources.flatMap(([, text]) =>
      [...text.matchAll(/\bconst ([A-Z][A-Z_]+): Readonly<\s*Record<\s*string,/g)].map(
        ([, name = '']) => name,
      ),
    ),
  );
  expect(tables.size).toBeGreaterThan(20);
  const bare = sources.flatMap(([path, text]) =>
    [...text.matchAll(/\b([A-Z][A-Z_]+)\[/g)].flatMap(({ 1: name = '', index }) => {
      const before = text.slice(Math.max(0, index - 300), index);
      return tables.has(name) && !OWN_WORDS.has(name) && !before.includes(`Object.hasOwn(${name},`)
        ? [`${path}: ${name}[`]
        : [];
    }),
  );
  expect(bare, 'use row(TABLE, name) of src/gate/known/row.ts, or Object.hasOwn').toEqual([]);
});
