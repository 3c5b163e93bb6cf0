import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ok } from '../base/index.ts';
import { judge } from './check.ts';
import { takeoversIn } from './reach/takeovers.ts';
import { readRepository } from './repository/read-repository.ts';

async function judged(text: string) {
  const file = { path: '.github/workflows/a.yml', kind: 'workflow' as const, read: ok(Buffer.from(text)) };
  const judgement = judge(await readRepository([file]));
  takeoversIn(judgement.subject);
  return judgement.findings;
}

const around = (run: string, steps = '') =>
  `on: issue_comment\njobs:\n  a:\n    runs-on: x\n    steps:\n${steps}      - env: { B: '${'${{'} github.event.comment.body }}' }\n        run: |\n${run
    .split('\n')
    .map((line) => `          ${line}`)
    .join('\n')}\n`;

it('no text makes it fail: each file gives findings or the reason why it was not read', async () => {
  const piece = fc.constantFrom(
    'on',
    'jobs',
    'a',
    'steps',
    'run',
    'uses',
    'with',
    'if',
    ':',
    '- ',
    '\n',
    '\n  ',
    '{',
    '}',
    '[',
    ']',
    '&a ',
    '*a',
    '|',
    '>',
    '"',
    "'",
    '#',
    `$${'{{'}`,
    '}}',
    'github.event.x',
    '$(',
    '<<E',
    'secrets',
    '\\',
    '\u0000',
    '\ue000',
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 60 }),
      async (parts) => {
        for (const text of [
          parts.join(''),
          `on: push\njobs:\n  ${parts.join('')}`,
          around(parts.join('').replaceAll('\n', ' ')),
        ]) {
          for (const { at } of await judged(text)) expect(at.line).toBeGreaterThan(0);
        }
      },
    ),
    { numRuns: 300 },
  );
}, 120_000);

// Where each was looked at for every other the first did not end.
it.each([
  ['a variable that is set from itself twelve thousand times', around(`${'A=$A$B\n'.repeat(12_000)}eval $A`)],
  [
    'twelve thousand variables in a chain',
    around([...Array.from({ length: 12_000 }, (_, n) => `A${n + 1}=$A${n}`), 'eval $A12000'].join('\n')),
  ],
  ['a pipeline of ten thousand commands', around('echo $B' + ' | cat'.repeat(10_000) + ' >> $GITHUB_ENV')],
  [
    'five thousand lines for GITHUB_ENV, each read by the next step',
    around('echo "A=$B" >> $GITHUB_ENV\n'.repeat(4_000)) +
      '      - run: |\n' +
      '          echo $A $B $C\n'.repeat(4_000),
  ],
  [
    'substitutions of PowerShell in substitutions',
    around(`iex ${'$('.repeat(50)}$env:B${')'.repeat(50)}\n`.repeat(100)).replace(
      '        run:',
      '        shell: pwsh\n        run:',
    ),
  ],
  ['substitutions in substitutions', around('echo ' + '$(echo '.repeat(400) + '$B' + ')'.repeat(400))],
])(
  '%s is judged in bounded work',
  async (_, text) => {
    expect(Array.isArray(await judged(text))).toBe(true);
  },
  60_000,
);
