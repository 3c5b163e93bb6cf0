import { describe, expect, it } from 'vitest';
import type { Finding } from '../../gate/index.ts';
import { gateVerdict } from './gate-verdict.ts';

const PATH = '.github/workflows/ci.yml';
const FINDING: Finding = {
  rule: 'template-injection',
  severity: 'high',
  confidence: 'high',
  persona: 'default',
  at: { file: PATH, line: 3, column: 5, length: 1 },
  job: 'build',
  events: ['push'],
  message: 'm',
  fix: 'f',
};
const RULES = new Map([
  ['build', { zone: 'release' as const, refused: new Set(['template-injection']) }],
  ['test', { zone: 'untrusted' as const, refused: new Set<string>() }],
]);
const RUN = { workflowPath: PATH, event: 'push' };
const verdict = (findings: readonly Finding[], failed: readonly string[] = [], run = RUN) =>
  gateVerdict({ findings, failed: new Set(failed) }, RULES, run);

describe('what the gate found keeps a job from starting', () => {
  it('when policy refuses the rule in its zone, and the finding is of this job, of severity high and of this event', () => {
    expect(verdict([FINDING])).toMatchObject({ rule: 'gate/template-injection', where: { line: 3 } });
    expect(verdict([])).toBeUndefined();
    expect(verdict([{ ...FINDING, severity: 'medium' }])).toBeUndefined();
    expect(verdict([{ ...FINDING, job: 'test' }])).toBeUndefined();
    expect(verdict([FINDING], [], { ...RUN, event: 'schedule' })).toBeUndefined();
  });

  it('when a rule that policy names came to no end: what it would have found is not known', () => {
    expect(verdict([], ['template-injection'])).toMatchObject({
      kind: 'policy',
      rule: 'gate/not-known',
      why: expect.stringContaining(
        'the rule template-injection, which policy names, came to no end',
      ) as string,
    });
    expect(verdict([], ['secret-reach'])).toBeUndefined();
  });
});
