import { parseDocument } from 'yaml';
import { expect, test } from 'vitest';
import { parseConfiguration } from './parse-configuration.ts';
import { lookThrough } from './yaml-look-through.ts';

async function repeatedAt(text: string): Promise<number | undefined> {
  const { repeated } = await lookThrough(parseDocument(text, { uniqueKeys: false }));
  return repeated[0]?.range?.[0];
}

test('a key that stands twice in one mapping is found where it stands again, however it is written', async () => {
  expect(await repeatedAt('a: 1\nb: 2\na: 3\n')).toBe(10);
  expect(await repeatedAt('{"a": 1, a: 2}')).toBe(9);
  expect(await repeatedAt('1: x\n"1": y\n')).toBe(5);
  expect(await repeatedAt('k: &k a\nm: {a: 1, *k : 2}\n')).toBe(18);
  expect(await repeatedAt('- {a: 1}\n- {a: 1, b: {a: 2}}\n')).toBeUndefined();
});

// Took most of a minute when each key was compared with each.
test('a cofferdam.yaml as large as one may be is refused at once for what it is, not after its keys were all compared', async () => {
  const keys = Array.from({ length: 22_000 }, (_, at) => `k${at}: 1`).join('\n');
  const found = await parseConfiguration(Buffer.from(`version: 1\n${keys}\n`), 'cofferdam.yaml', 'head');
  expect(found.ok ? [] : found.error).toHaveLength(20);
  expect(found.ok ? [] : found.error[19]).toMatchObject({ rule: 'config/unknown-key', where: { line: 21 } });
  const twice = await parseConfiguration(
    Buffer.from(`version: 1\n${keys}\nk9: 2\n`),
    'cofferdam.yaml',
    'head',
  );
  expect(twice).toMatchObject({ ok: false, error: [{ rule: 'config/syntax', where: { line: 22_002 } }] });
}, 20_000);
