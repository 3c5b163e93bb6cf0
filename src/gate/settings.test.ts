import { describe, expect, it } from 'vitest';
import type { FindingSetting } from '../config/index.ts';
import type { Finding } from './finding.ts';
import { settleFindings } from './settings.ts';

const finding = (rule: string, file = '.github/workflows/a.yml'): Finding => ({
  rule,
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  at: { file, line: 3, column: 1, length: 1 },
  message: 'x',
  fix: 'y',
});
const off: FindingSetting = {
  rules: ['a'],
  severity: 'off',
  reason: 'it does no harm here',
  until: '2026-12-31',
};

function settled(
  findings: readonly Finding[],
  repository: readonly FindingSetting[],
  operator: readonly FindingSetting[] = [],
  today = '2026-11-25',
) {
  const { findings: left, waived } = settleFindings(
    findings,
    { operator, repository, path: 'cofferdam.yaml' },
    today,
  );
  return {
    left: left.map(({ rule, severity }) => `${rule} ${severity}`),
    waived: waived.map(({ finding: one, by }) => `${one.rule} by ${by.file}`),
  };
}

describe('what policy says of findings', () => {
  it('makes those of a rule heavier or lighter, in the files that are meant, the last entry for one counting', () => {
    const two = [finding('a'), finding('a', 'act/action.yml'), finding('b')];
    expect(settled(two, [{ rules: ['a'], severity: 'high', paths: ['/act/'] }]).left).toEqual([
      'a medium',
      'a high',
      'b medium',
    ]);
    expect(
      settled(two, [
        { rules: ['a', 'b'], severity: 'high' },
        { rules: ['b'], severity: 'info' },
      ]).left,
    ).toEqual(['a high', 'a high', 'b info']);
  });

  it('waives findings until a day, and not after it: then it says that it does not', () => {
    expect(settled([finding('a')], [off])).toEqual({ left: [], waived: ['a by cofferdam.yaml'] });
    expect(settled([finding('a')], [off], [], '2026-12-31').waived).toHaveLength(1);
    expect(settled([finding('a')], [off], [], '2027-01-01')).toEqual({
      left: ['a medium', 'suppression low'],
      waived: [],
    });
  });

  it('of the operator cannot be made lighter by a repository, which is told, and can be made heavier', () => {
    const operator: readonly FindingSetting[] = [{ rules: ['a'], severity: 'high' }];
    expect(settled([finding('a')], [off], operator)).toEqual({
      left: ['a high', 'suppression low'],
      waived: [],
    });
    expect(settled([finding('a')], [{ rules: ['a'], severity: 'low' }], operator).left).toEqual([
      'a high',
      'suppression low',
    ]);
    expect(
      settled([finding('a')], [{ rules: ['a'], severity: 'high' }], [{ rules: ['a'], severity: 'low' }]).left,
    ).toEqual(['a high']);
    expect(settled([finding('a')], [], [off])).toEqual({ left: [], waived: ['a by the operator’s file'] });
  });

  it('changes nothing where nobody says anything', () => {
    expect(settled([finding('a')], [])).toEqual({ left: ['a medium'], waived: [] });
  });
});
