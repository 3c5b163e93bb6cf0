import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseCommandLine } from '../../workflow/index.ts';
import type { Finding } from '../finding.ts';
import { githubReport } from './github.ts';
import { markdownReport } from './markdown.ts';

const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '::error::x',
        '\n::error file=README.md,line=1::x',
        '\r::stop-commands::t',
        '##[error]x',
        '%0A::error::x',
        '%',
        '%25',
        ',',
        ':',
        '::',
        '|',
        '\\|',
        '\\',
        '\\\\|',
        '`',
        '``',
        '</code>',
        '<img src=x onerror=a()>',
        '<!--',
        '-->',
        '[a](https://a.test)',
        '![a](https://a.test)',
        '@someone',
        '\n| a | b | c | d |',
        '\n\n# x',
        '\u001b[31m',
        '\u009b2J',
        '\u202e',
        '\u2028',
        '\u0085',
        '\ud800',
        '\u0000',
        ' ',
        '',
      ),
      fc.string({ unit: 'binary', maxLength: 6 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

const finding = fc
  .record({ file: text, message: text, fix: text, rule: fc.constantFrom('template-injection', 'own/x') })
  .map(
    ({ file, message, fix, rule }): Finding => ({
      rule,
      severity: 'high',
      confidence: 'high',
      persona: 'default',
      at: { file: `a${file}`, line: 3, column: 1, length: 4 },
      message,
      fix,
    }),
  );
const findings = fc.array(finding, { minLength: 1, maxLength: 4 });
/** What acts on a terminal, or turns or hides what follows. */
const ACTS = /(?!\t)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

it('each finding is one annotation of its own file and line, and nothing in it begins another', () => {
  fc.assert(
    fc.property(findings, (all) => {
      const lines = githubReport(all).split(/\r\n|[\n\r]/);
      expect(lines.pop()).toBe('');
      expect(lines.length).toBe(all.length);
      for (const line of lines) {
        expect(line).not.toMatch(ACTS);
        const command = parseCommandLine(line);
        expect(command?.command).toBe('error');
        const { file, line: at, title, ...others } = command?.properties ?? {};
        expect(Object.keys(others).every((key) => ['col', 'endColumn'].includes(key))).toBe(true);
        expect(at).toBe('3');
        expect(title).toMatch(/^(?:template-injection|own\/x)$/);
        // What it says is one line as well, when its escapes are read.
        expect(`${command?.data}${file}`).not.toMatch(ACTS);
      }
    }),
    { numRuns: 2_000 },
  );
});

/** Cells of a row as GitHub's tables have them: a backslash takes the next character's meaning away. */
function cells(row: string): readonly string[] {
  return row.match(/(?:\\[^]|[^|\\])+/g) ?? [];
}

it('each finding is one row of four cells, each code that nothing in it ends', () => {
  fc.assert(
    fc.property(findings, (all) => {
      const lines = markdownReport({ findings: all, suppressed: [] }, 1).split(/\r\n|[\n\r]/);
      expect(lines.slice(0, 6).filter((line) => line.startsWith('#'))).toEqual(['# cofferdam check']);
      const rows = lines.slice(6).filter((line) => line !== '');
      expect(rows.length).toBe(all.length);
      for (const row of rows) {
        expect(row).not.toMatch(ACTS);
        const [severity, rule, where, what, ...more] = cells(row);
        expect([severity, ...more]).toEqual([' high ']);
        expect(rule).toMatch(/^ `(?:template-injection|own\/x)` $/);
        expect(where).toMatch(/^ `[^`]+:3` $/);
        expect(what).toMatch(/^ `[^`]+`<br>`[^`]+` $/);
      }
    }),
    { numRuns: 2_000 },
  );
});

it('a summary stays below what GitHub takes: the heaviest are shown, and how many are not is said', () => {
  const one = (severity: Finding['severity']): Finding => ({
    rule: 'x',
    severity,
    confidence: 'high',
    persona: 'default',
    at: { file: 'a.yml', line: 1, column: 1, length: 1 },
    message: severity.repeat(40),
    fix: 'x',
  });
  const all = [...Array.from({ length: 9_000 }, () => one('low')), one('high')];
  const page = markdownReport({ findings: all, suppressed: [] }, 1);
  expect(Buffer.byteLength(page)).toBeLessThan(1_048_576);
  expect(page).toContain('| high |');
  const shown = page.split('\n').filter((line) => /^\| (?:low|high) /.test(line)).length;
  expect(page).toContain(`${9_001 - shown} more are not in this table.`);
});
