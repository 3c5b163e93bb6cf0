import { describe, expect, it } from 'vitest';
import { readScriptOf } from '../read-script-of.ts';
import type { ScriptLanguage, ShellCommand, ShellWord } from '../script.ts';

/** What a program sets, writes, runs and starts, one line each; calls that do nothing of it are left out. */
function lines(language: ScriptLanguage, text: string): readonly string[] {
  return readScriptOf(language, text).commands.flatMap(line);
}

function line({ name, words, assigned, writesTo, code = [], sets, reads }: ShellCommand): readonly string[] {
  return [
    ...assigned.map((one) => `${one.name} = ${shown(one.value)}`),
    ...(writesTo.length > 0
      ? [`write ${words.map(shown).join(' ')} > ${writesTo.map(shown).join(' ')}`]
      : []),
    ...code.map((word) => `run ${shown(word)}`),
    ...(sets === undefined ? [] : [`set ${sets.file} ${sets.name?.value ?? ''}: ${shown(sets.value)}`]),
    ...(reads === true ? [`read ${words.map(shown).join(' ')}`] : []),
    ...(name !== '' && !name.includes(':') ? [`start ${name} ${words.map(shown).join(' ')}`] : []),
  ];
}

function shown({ value, variables, made }: ShellWord): string {
  return `[${[value, ...variables, ...made.map(({ name }) => `(${name.replace(/^\w+:/, '')})`)].join(' ')}]`;
}

describe('Python is read', () => {
  it.each<readonly [string, string, readonly string[]]>([
    [
      'the environment',
      'import os\na = os.environ["T"]\nb = os.getenv("U", a)\nc = os.environ.get("V")',
      ['a = [$env:T env:T]', 'b = [$env:U a env:U]', 'c = [$env:V env:V]'],
    ],
    [
      'names of modules',
      'import os.path as p, subprocess as sp\nfrom os import system as run, environ\nrun(environ["T"])\nsp.getoutput("ls")',
      ['run [$env:T env:T]', 'run [ls]', 'start ls '],
    ],
    [
      'strings',
      "a = f'x {b!r:>10} {{c}}' + 'd' % e\nf = r'\\n' '\\n'\n'''\ng = h\n'''",
      ['a = [x $b {c}}d$e b e]', 'f = [\\n\n]'],
    ],
    [
      'files',
      'with open(a, "a") as f, open(b) as g:\n  f.write(g.read())\nprint("x", file=f)\nopen(c, "w").write(d)',
      [
        'f = [ open() (open)]',
        'read [$b b]',
        'g = [ open() (open)]',
        'write [$g g (g.read)] > [$f f]',
        'write [x] > [$f f]',
        'write [$d d] > [ open() (open)]',
      ],
    ],
    [
      'programs',
      'import subprocess\nsubprocess.run(["npm", "ci"])\nsubprocess.run(f"git tag {a}", shell=True)\nsubprocess.run(["bash", "-c", a])',
      [
        'start npm [ci]',
        'run [git tag $a a]',
        'start git [tag] [$a]',
        'run [$a a]',
        'start bash [-c] [$a a]',
      ],
    ],
    [
      'functions, their parameters and what they give',
      'def f(a, b=1):\n    return a + "x"\nc = f(d)',
      ['f() = [$ax a]', 'c = [ f() (f)]', 'a = [$d d]'],
    ],
    [
      'loops and lists',
      'a = []\na.append(b)\nfor c in a:\n  d = [e for e in c if e]',
      ['a = []', 'a = [$b b]', 'c = [$a a]', 'e = [$c c]', 'd = [ e]'],
    ],
    [
      'what leaves no text',
      'a = b == "x"\nc = len(d)\ne = "y" if f else "z"\ng = not h\ni = j in k',
      ['a = []', 'c = []', 'e = [yz]', 'g = []', 'i = []'],
    ],
  ])('%s', (_, text, expected) => {
    expect(lines('python', text)).toEqual(expected);
  });
});

describe('JavaScript is read', () => {
  it.each<readonly [string, string, readonly string[]]>([
    [
      'the event, by whatever name',
      'const { comment: { body: b } } = context.payload\nconst pr = context.payload.pull_request\nx = b + pr.head.ref + pr.number',
      [
        'x = [$github:event.comment.body$github:event.pull_request.head.ref$github:event.pull_request.number github:event.comment.body github:event.pull_request.head.ref github:event.pull_request.number]',
      ],
    ],
    [
      'what the forge tells',
      'const { data: pr } = await github.rest.pulls.get({ ...context.repo })\neval(pr.title)\neval(pr.base.ref)',
      ['run [$api:pulls.title api:pulls.title]', 'run [$none: none:]'],
    ],
    [
      'the toolkit',
      "core.setOutput('a', b); core.exportVariable(c, `${d}!`)\ncore.addPath(e)\nreturn f",
      [
        'set GITHUB_OUTPUT a: [$b b]',
        'set GITHUB_ENV $c: [$d! d]',
        'set GITHUB_PATH : [$e e]',
        'set GITHUB_OUTPUT result: [$f f]',
      ],
    ],
    [
      'modules',
      "const { execSync: run } = require('node:child_process')\nimport fs from 'fs'\nimport { exec } from 'child_process'\nrun(a)\nfs.appendFileSync(b, c)\nexec(d)",
      ['run [$a a]', 'write [$c c] > [$b b]', 'run [$d d]'],
    ],
    [
      'programs',
      "await exec.exec('npm ci')\nawait exec.exec('bash', ['-c', a])\nrequire('./x.js')\nrequire(`${process.env.GITHUB_WORKSPACE}/y`)",
      [
        'start npm [ci]',
        'run [$a a]',
        'start bash [-c] [$a a]',
        'start node [./x.js]',
        'start node [$env:GITHUB_WORKSPACE/y env:GITHUB_WORKSPACE]',
      ],
    ],
    [
      'code',
      'eval(a); new Function("b", c)()\n// eval(d)\nconst e = /eval(f)/',
      ['run [$a a]', 'run [$c c]', 'e = [/eval(f)/]'],
    ],
    [
      'functions',
      'const f = (a) => { eval(a) }\nf(b)\nc.map((d) => d.name)\nfor (const g of h) eval(g)',
      ['run [$a a]', 'f = []', 'd = [$c c]', 'g = [$h h]', 'run [$g g]', 'a = [$b b]'],
    ],
    [
      'what leaves no text',
      "a = b === 'x' ? 'y' : 'z'\nc = d.includes('e') && 'f'\ng = h.replace(/[^a-z]/g, '')\ni = j.match(/^v(\\d+)$/)[1]\nk = l.length",
      ['a = [yz]', 'c = [f]', 'g = []', 'i = []', 'k = []'],
    ],
  ])('%s', (_, text, expected) => {
    expect(lines('javascript', text)).toEqual(expected);
  });
});
