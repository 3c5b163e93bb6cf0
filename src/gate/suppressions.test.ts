import { expect, test } from 'vitest';
import type { Finding } from './finding.ts';
import { sourceOf } from './repository/tree.ts';
import { RULES } from './rules.ts';
import { sift } from './suppressions.ts';

const [rule] = RULES;

test('a comment at the header of a block answers for its text, and not for the line behind it', async () => {
  const id = rule?.id ?? '';
  const text = `- run: | # cofferdam: ignore[${id}] looked at by two of us\n    a\n    b\n- run: c\n`;
  const on = (line: number): Finding => ({
    rule: id,
    at: { file: 'w.yml', line, column: 1, length: 1 },
    message: 'it is so',
    fix: 'mend it',
    severity: 'high',
    confidence: 'high',
    persona: 'default',
  });
  const { findings, suppressed } = await sift([sourceOf('w.yml', text)], [1, 2, 3, 4].map(on), '2026-11-26');
  expect(suppressed.map(({ finding }) => finding.at.line)).toEqual([1, 2, 3]);
  expect(findings.map((finding) => finding.at.line)).toEqual([4]);
});
