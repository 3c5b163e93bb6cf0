import { describe, expect, it } from 'vitest';
import type { CustomRule } from '../config/index.ts';
import { NO_STEP, NOTHING, type RuleInput } from './input.ts';
import { rulebook } from './rulebook.ts';

const rule = (deny: string, more: Partial<CustomRule> = {}): CustomRule => ({
  id: 'r',
  at: ['before'],
  deny,
  why: 'it is not wanted here',
  ...more,
});

const INPUT: RuleInput = {
  ...NOTHING,
  run: { ...NOTHING.run, event: 'pull_request' },
  job: {
    ...NOTHING.job,
    id: 'build',
    zone: 'release',
    runsOn: ['ubuntu-latest'],
    permissions: { contents: 'write' },
    timeoutMinutes: 30,
    steps: [{ ...NO_STEP, uses: 'actions/checkout@v4', action: 'actions/checkout', ref: 'v4', line: 7 }],
  },
  findings: [{ rule: 'unpinned-uses', severity: 'medium', file: 'a.yml', line: 7, message: 'x' }],
};

function denied(deny: string, input: RuleInput = INPUT) {
  const book = rulebook([rule(deny)]);
  if (!book.ok) throw new Error(book.error[0]?.why);
  return book.value.denials(input);
}

function refused(deny: string): string {
  const book = rulebook([rule(deny)]);
  return book.ok ? '' : (book.error[0]?.why ?? '');
}

describe('a rule of one’s own', () => {
  it.each([
    ['job.runsOn.exists(label, label.endsWith("-latest"))', true],
    ['job.steps.exists(s, s.action == "actions/checkout" && !("persist-credentials" in s.with))', true],
    ['job.permissions["contents"] == "write" && job.zone != "release"', false],
    ['"packages" in job.permissions', false],
    ['job.timeoutMinutes > 60', false],
    ['job.steps[0].line == 7', true],
    ['findings.exists(f, f.rule == "unpinned-uses" && f.severity == "medium")', true],
    ['run.event == "pull_request" && run.fork', true],
    ['connection.port == 22', false],
  ])('%s: %s', (deny, is) => {
    expect(denied(deny).length > 0).toBe(is);
  });

  it('decides at its points alone', () => {
    const book = rulebook([rule('true', { at: ['during', 'after'] })]);
    if (!book.ok) throw new Error('it must compile');
    expect(book.value.decidesAt('during')).toBe(true);
    expect(book.value.decidesAt('before')).toBe(false);
    expect(book.value.denials(INPUT)).toEqual([]);
    expect(book.value.denials({ ...INPUT, at: 'after' })).toHaveLength(1);
  });

  it.each([
    ['job.steps[5].uses == "x"', 'index'],
    ['job.permissions["packages"] == "write"', 'key'],
    ['job.timeoutMinutes / 0 == 1', ''],
  ])('that fails when it is asked denies, and says why: %s', (deny, why) => {
    expect(denied(deny)[0]?.failed?.toLowerCase()).toContain(why);
  });

  it('that would take too long is ended and denies, a regular expression too', () => {
    const ten = '[1,2,3,4,5,6,7,8,9,10]';
    const loop = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].reduce(
      (inner, name) => `${ten}.all(${name}, ${inner})`,
      'true',
    );
    expect(denied(`!${loop}`)[0]?.failed).toContain('took more than');
    const text = { ...INPUT, job: { ...INPUT.job, id: `${'a'.repeat(60)}!` } };
    expect(denied('job.id.matches("^(a+)+$")', text)[0]?.failed).toContain('took more than');
  });

  it.each([
    'job.nothing == "x"',
    'job.steps.exists(s, s.uses2 == "")',
    'job.id',
    'job.id + 1 == 2',
    'nobody.name == ""',
    'job.constructor == ""',
    'job.__proto__ == ""',
    'process.exit()',
    'job.id ==',
    '('.repeat(5_000),
    'job.runsOn.map(l, l)',
  ])('is refused when it is written, not found out later: %s', (deny) => {
    expect(refused(deny.slice(0, 4_000))).toContain('cannot be used');
  });

  it('sees of the document what is published and nothing else', () => {
    const wider = { ...INPUT, job: { ...INPUT.job, token: 'canary' } };
    expect(refused('job.token == "canary"')).not.toBe('');
    expect(denied('job.id == "build"', wider)).toHaveLength(1);
  });
});
