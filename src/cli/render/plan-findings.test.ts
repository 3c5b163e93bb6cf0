import { expect, it } from 'vitest';
import type { Finding } from '../../gate/index.ts';
import { renderPlanFindings } from './plan-findings.ts';

const finding = (more: Partial<Finding>): Finding => ({
  rule: 'ignored-failure',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  at: { file: '.github/workflows/a.yml', line: 3, column: 1, length: 1 },
  message: 'what it is',
  fix: 'what mends it',
  ...more,
});
const zoneOf = () => undefined;

it('each finding has a line that says what enforcement makes of it, also where that is nothing', () => {
  const text = renderPlanFindings([finding({}), finding({ events: ['issues'] })], {
    event: 'push',
    runs: true,
    zoneOf,
  });
  expect(text.match(/^ {4}here {8}.*$/gm)).toEqual([
    '    here        nothing here changes it',
    '    here        not on push: it takes issues',
  ]);
});

it('of a workflow that this event does not start nothing is said of a run that there is not', () => {
  const run = { event: 'push', runs: false, zoneOf };
  expect(renderPlanFindings([finding({}), finding({})], run)).toBe(
    '  2 found, and none is of this run   (cofferdam check .github/workflows/a.yml)\n',
  );
  expect(renderPlanFindings([], run)).toBe('');
});
