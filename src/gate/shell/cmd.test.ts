import { expect, it } from 'vitest';
import { readScriptOf } from './read-script-of.ts';

function lines(text: string): readonly string[] {
  return readScriptOf('cmd', text).commands.map(({ name, words, writesTo, assigned, code = [] }) =>
    [
      ...assigned.map((one) => `${one.name} = ${one.value.value}`),
      name,
      ...words.map(({ value }) => `[${value}]`),
      ...writesTo.map(({ value }) => `> [${value}]`),
      ...code.flatMap(({ variables }) => variables.map((variable) => `!${variable}`)),
    ].join(' '),
  );
}

it.each<readonly [string, string, readonly string[]]>([
  [
    'commands of one line',
    '@echo off & call npm.cmd ci && (git push | more)',
    ['echo [off]', 'npm [ci]', 'git [push]', 'more'],
  ],
  ['a line that goes on', 'npm ci ^\r\n  --foo', ['npm [ci] [] [--foo]']],
  [
    'assignments, with and without quotes',
    'set A=%B%\nset "C=d e"\nset /a F=1',
    ['A = %B% set !B', 'C = d e set', 'set [/a] [F=1]'],
  ],
  [
    'what is expanded before, and after',
    'echo %A% !B! "%C:~1%" %%D %1 %E',
    ['echo [%A%] [!B!] [%C:~1%] [%%D] [%1] [%E] !A !C'],
  ],
  ['redirections', 'echo A=!B!>> %GITHUB_ENV% 2>&1', ['echo [A=!B!] > [%GITHUB_ENV%] !GITHUB_ENV']],
  ['comments', 'rem %A%\n:: %B%\n@REM %C%\nremove %D%', ['remove [%D%] !D']],
])('cmd is read: %s', (_, text, expected) => {
  expect(lines(text)).toEqual(expected);
});
