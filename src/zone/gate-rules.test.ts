import { expect, test } from 'vitest';
import { configurationIn, type Origin } from '../config/index.ts';
import { refusedRules } from './gate-rules.ts';

async function file(text: string, origin: Origin) {
  const loaded = await configurationIn(Buffer.from(`version: 1\n${text}`), 'cofferdam.yaml', origin);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return loaded.value;
}

test('what makes a stranger\u2019s words code is refused in the zones that hold something, and nothing is in zone untrusted', () => {
  expect([...refusedRules('untrusted', [])]).toEqual([]);
  expect([...refusedRules('internal', [])]).toContain('template-injection');
  expect(refusedRules('release', [])).toEqual(refusedRules('internal', []));
});

test('the operator\u2019s list takes the default\u2019s place, and any other file can only add to it', async () => {
  const operator = await file('gate: { refuse: { internal: [unpinned-uses] } }', 'operator');
  const head = await file('gate: { refuse: { internal: [secrets-inherit], release: [] } }', 'head');
  expect([...refusedRules('internal', [operator])]).toEqual(['unpinned-uses']);
  expect([...refusedRules('internal', [operator, head])]).toEqual(['unpinned-uses', 'secrets-inherit']);
  expect(refusedRules('release', [operator, head])).toEqual(refusedRules('release', []));
});
