import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { jsonSchema, keyTable } from './reference.ts';

const ROOT = join(import.meta.dirname, '../..');

describe('the published reference of cofferdam.yaml', () => {
  test('is the schema that the product checks (npm run reference writes it)', () => {
    expect(readFileSync(join(ROOT, 'schema/cofferdam.schema.json'), 'utf8')).toBe(jsonSchema());
    expect(readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8')).toContain(keyTable());
  });

  test('says what every key means', () => {
    const silent = keyTable()
      .split('\n')
      .filter((row) => / \|\s+\|$/.test(row));
    expect(silent).toEqual([]);
  });
});
