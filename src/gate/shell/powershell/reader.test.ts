import { expect, it } from 'vitest';
import { readScriptOf } from '../read-script-of.ts';
import type { ShellCommand, ShellWord } from '../script.ts';

/** A command as one line: name, words, what it writes to, what it is piped from, what it sets, what it reads as code. */
function line(command: ShellCommand): string {
  const { name, words, writesTo, pipedFrom, assigned, code = [] } = command;
  return [
    ...assigned.map((one) => `${one.name} = ${shown(one.value)}`),
    name,
    ...words.map(shown),
    ...writesTo.map((word) => `> ${shown(word)}`),
    ...(pipedFrom === undefined ? [] : [`< ${pipedFrom.name}`]),
    ...code.map((word) => `! ${shown(word)}`),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function shown({ value, variables, made }: ShellWord): string {
  return `[${value}${variables.map((name) => ` $${name}`).join('')}${made.map(({ name }) => ` (${name})`).join('')}]`;
}

function lines(text: string): readonly string[] {
  return readScriptOf('powershell', text).commands.map(line);
}

it.each<readonly [string, string, readonly string[]]>([
  ['a command with parameters', 'npm publish --access public', ['npm [publish] [--access] [public]']],
  ['single quotes, in which nothing is put in', "echo 'a $b `n ''c'''", ["echo [a $b `n 'c']"]],
  [
    'double quotes, with what is put in',
    'echo "a $b ${c} $env:D `$e ""f"""',
    ['echo [a $b ${c} $env:D $e "f" $b $c $env:D]'],
  ],
  ['a substitution within a string', 'echo "a $(gc x.txt)"', ['cat [x.txt]', 'echo [a  (cat)]']],
  ['here-strings of both kinds', '$a = @\'\n$b\n\'@\n$c = @"\n$d\n"@', ['a = [$b]', 'c = [$d $d]']],
  ['comments', '# iex $a\n<# iex $b\n#> echo c # d', ['echo [c]']],
  ['a line that goes on', 'iwr `\n  -Uri x', ['invoke-webrequest [-Uri] [x]']],
  [
    'a pipeline over several lines',
    '$a |\n  ForEach-Object { iex $_ }',
    [
      'echo [$a $a]',
      '_ = [ (echo)]',
      'invoke-expression [$_ $_] ! [$_ $_]',
      'foreach-object [ (invoke-expression)] < echo',
    ],
  ],
  [
    'assignments of types, members and of the environment',
    '[string]$a.b = $c\n$env:Path += ";$d"\n$script:e = "f"',
    ['a = [$c $c]', 'env:PATH = [;$d $d]', 'e = [f]'],
  ],
  [
    'conditions, loops and functions',
    'function f($a) { if ($a -eq "x") { echo $a } else { iex $a } }\nforeach ($b in $c) { echo $b }',
    [
      'echo [$a $a]',
      'echo [$ax]',
      'echo [$a $a]',
      'invoke-expression [$a $a] ! [$a $a]',
      'echo [$c $c]',
      'b = [ (echo)]',
      'echo [$b $b]',
    ],
  ],
  [
    'a comparison, a cast, a length and a list of what may stay, of which no text is left',
    '$a = $b -match "c"\n$d = [int]$e\n$f = $g.Length\n$h = $i -replace "[^a-z]", ""',
    ['a = [$bc]', 'd = []', 'f = [$g]', 'h = [$i[^a-z]]'],
  ],
  ['redirections', 'a 2>&1 >> $b\nc > d 2> e *> f', ['a > [$b $b]', 'c > [d] > [f]']],
  [
    'what writes',
    'Out-File -File $a -Append\nSet-Content $b $c\nAdd-Content -Value $c -LiteralPath $b',
    ['out-file > [$a $a]', 'set-content [$c $c] > [$b $b]', 'add-content [$c $c] > [$b $b]'],
  ],
  [
    'what runs code',
    '. $a\n& $b c\niex $d\ncmd.exe /c $e\npowershell -NoP -c "$f"\n[scriptblock]::Create($g)',
    [
      '. [$a $a] ! [$a $a]',
      '$b [c] ! [$b $b]',
      'invoke-expression [$d $d] ! [$d $d]',
      'cmd [/c] [$e $e] ! [$e $e]',
      'powershell [-NoP] [-c] [$f $f] ! [$f $f]',
      'powershell:scriptblock::create [$g $g] ! [$g $g]',
      'echo [ (powershell:scriptblock::create)]',
    ],
  ],
])('PowerShell is read: %s', (_, text, expected) => {
  expect(lines(text)).toEqual(expected);
});
