import { diffLines } from 'diff';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { ok } from '../../base/index.ts';
import type { Judgement } from '../check.ts';
import type { Finding } from '../finding.ts';
import { type Fixes, fixAll } from './fix-all.ts';
import { whyNot } from './why-not.ts';

const PATH = '.github/workflows/a.yml';
const all = ({ findings }: Judgement) => Promise.resolve(findings);

async function fixed(bytes: Uint8Array, unsafe = true): Promise<Fixes & { readonly bytes: Uint8Array }> {
  const file = { path: PATH, kind: 'workflow' as const, read: ok(bytes) };
  const fixes = await fixAll({ files: [file], unsafe, choose: all });
  const [first] = fixes.all;
  return { ...fixes, bytes: first?.read.ok === true ? first.read.value : Buffer.of() };
}

/** How a file may be written: what does not matter to what it says. */
const manner = fc.record({
  eol: fc.constantFrom('\n', '\r\n'),
  step: fc.constantFrom('  ', '    ', ' '),
  mark: fc.boolean(),
  comment: fc.constantFrom('', ' # a \u00e4\u{1f600}\tword', '\t# tab'),
  blank: fc.boolean(),
  last: fc.boolean(),
  /** Keys in quotes, a dash alone on its line, and a value that is repeated by an alias. */
  quoted: fc.boolean(),
  apart: fc.boolean(),
  alias: fc.boolean(),
});

const part = fc.constantFrom(
  'echo "${{ github.event.issue.title }}"',
  "echo '${{ github.event.issue.title }}'",
  'echo ${{ github.event.issue.body }}',
  'x=${{ github.head_ref }}',
  'cp a b-${{ github.event.comment.body }}',
  'bash -c "${{ github.event.issue.body }}"',
  'make',
  'git push',
  '',
);
const script = fc.array(part, { minLength: 1, maxLength: 4 });
const style = fc.constantFrom('literal', 'keep', 'folded', 'single', 'double', 'plain');
const step = fc.oneof(
  fc.record({ run: script, style, flow: fc.boolean(), env: fc.boolean(), name: fc.boolean() }),
  fc.record({
    uses: fc.constantFrom('actions/checkout@v4', 'o/r@v1'),
    flow: fc.boolean(),
    with: fc.constantFrom('', 'block', 'flow'),
  }),
);
const job = fc.record({
  id: fc.constantFrom('a', 'b', 'c'),
  steps: fc.array(step, { minLength: 1, maxLength: 4 }),
  if: fc.constantFrom('', 'literal', 'text', 'contains'),
  permissions: fc.constantFrom('', 'write-all', 'none'),
  env: fc.boolean(),
});
const workflow = fc.record({
  manner,
  permissions: fc.constantFrom('', '', 'read-all', 'block'),
  insecure: fc.boolean(),
  jobs: fc.uniqueArray(job, { minLength: 1, maxLength: 3, selector: ({ id }) => id }),
});

type Of<A> = A extends fc.Arbitrary<infer T> ? T : never;

function scriptLines(lines: readonly string[], how: Of<typeof style>, indent: string): string {
  const one = lines.filter((line) => line !== '').join('; ') || 'make';
  switch (how) {
    case 'single':
      return `'${one.replaceAll("'", "''")}'`;
    case 'double':
      return JSON.stringify(one);
    case 'plain':
      return one;
    default: {
      const head = { literal: '|', keep: '|+', folded: '>-' }[how];
      return [
        head,
        ...lines.map((line) => (line === '' ? '' : indent + line)),
        ...(lines.every((line) => line === '') ? [`${indent}make`] : []),
      ].join('\n');
    }
  }
}

function stepLines(one: Of<typeof step>, indent: string, deeper: string, comment: string): readonly string[] {
  if ('uses' in one) {
    if (one.flow)
      return [`${indent}- { uses: ${one.uses}${one.with === '' ? '' : ', with: { path: x }'} }${comment}`];
    const given = {
      '': [],
      flow: [`${indent}  with: { path: x }${comment}`],
      block: [`${indent}  with:`, `${indent}  ${deeper}path: x${comment}`],
    }[one.with];
    return [`${indent}- uses: ${one.uses}${comment}`, ...given];
  }
  if (one.flow)
    return [
      `${indent}- { run: ${scriptLines(one.run, 'single', '')}${one.env ? ', env: { K: 1 }' : ''} }${comment}`,
    ];
  const keys = [
    ...(one.name ? [`name: x${comment}`] : []),
    ...(one.env ? [`env:${comment}\n${indent}  ${deeper}K: 1${comment}`] : []),
    `run: ${scriptLines(one.run, one.style, `${indent}  ${deeper}`)}`,
  ];
  return keys.map((key, index) => `${indent}${index === 0 ? '- ' : '  '}${key}`);
}

function written({ manner: how, permissions, insecure, jobs }: Of<typeof workflow>): Buffer {
  const { step: s, comment } = how;
  const lines = [
    `on: [issues, issue_comment, pull_request_target]${comment}`,
    ...(permissions === 'block'
      ? ['permissions:', `${s}contents: read${comment}`]
      : permissions === ''
        ? []
        : [`permissions: ${permissions}${comment}`]),
    ...(insecure ? ['env:', `${s}ACTIONS_ALLOW_UNSECURE_COMMANDS: true${comment}`] : []),
    ...(how.blank ? ['', '# jobs follow', ''] : []),
    'jobs:',
  ];
  for (const one of jobs) {
    lines.push(`${s}${one.id}:${comment}`, `${s}${s}runs-on: ubuntu-latest${comment}`);
    if (one.if === 'literal') lines.push(`${s}${s}if: |`, `${s}${s}${s}\${{ github.ref == 'x' }}`);
    if (one.if === 'text') lines.push(`${s}${s}if: \${{ github.actor == 'x[bot]' }} && true${comment}`);
    if (one.if === 'contains') lines.push(`${s}${s}if: contains('a b', github.ref)${comment}`);
    if (one.permissions === 'write-all') lines.push(`${s}${s}permissions: write-all${comment}`);
    if (one.permissions === 'none') lines.push(`${s}${s}permissions: {}`);
    if (one.env) lines.push(`${s}${s}env: { T: '\${{ github.event.issue.title }}' }${comment}`);
    lines.push(`${s}${s}steps:`, ...one.steps.flatMap((one) => stepLines(one, s + s, s, comment)));
  }
  const plain = how.alias
    ? [`name: &n "a b"${comment}`, 'run-name: *n', ...lines].join('\n')
    : lines.join('\n');
  const quoted = how.quoted
    ? plain.replaceAll(/^( +(?:- )?)(steps|uses|run|if|with|runs-on):/gm, (_, before: string, key: string) =>
        key.length % 2 === 0 ? `${before}"${key}":` : `${before}'${key}':`,
      )
    : plain;
  const body = how.apart
    ? quoted.replaceAll(/^( +)- (?=["']?(?:uses|name|run|env)["']?:)/gm, '$1-\n$1  ')
    : quoted;
  const text = `${how.mark ? '\ufeff' : ''}${body}${how.last ? '\n' : ''}`;
  return Buffer.from(text.replaceAll('\n', how.eol));
}

/** What a mend may change of the value: everything else must be as it was. */
function rest(bytes: Uint8Array): unknown {
  const value: unknown = parse(
    Buffer.from(bytes)
      .toString()
      .replace(/^\ufeff/, ''),
  );
  const without = (one: unknown): unknown =>
    Array.isArray(one)
      ? one.map(without)
      : one !== null && typeof one === 'object'
        ? Object.fromEntries(
            Object.entries(one).flatMap(([key, inner]) =>
              [
                'permissions',
                'timeout-minutes',
                'env',
                'run',
                'if',
                'persist-credentials',
                'concurrency',
              ].includes(key)
                ? []
                : key === 'with' && Object.keys(Object(inner)).join() === 'persist-credentials'
                  ? []
                  : [[key, without(inner)]],
            ),
          )
        : one;
  return without(value);
}

const MAY_GO =
  /run["']?:|echo|x=|cp a|bash|if["']?:|github\.|permissions:|ACTIONS_ALLOW|env:|persist-credentials|\{ uses|with["']?: \{/;

it('whatever the file looks like: mended, it says the same elsewhere, keeps each line and line end that is not meant, and has nothing left to mend', async () => {
  let mended = 0;
  await fc.assert(
    fc.asyncProperty(workflow, async (one) => {
      const before = written(one);
      const first = await fixed(before);
      mended += first.done.length;
      const text = Buffer.from(first.bytes).toString();
      if (first.done.length === 0) expect(first.bytes).toEqual(before);
      else expect(rest(first.bytes)).toEqual(rest(before));
      expect(text.startsWith('\ufeff')).toBe(one.manner.mark);
      if (one.manner.eol === '\r\n') expect(text.replaceAll('\r\n', '')).not.toContain('\n');
      else expect(text).not.toContain('\r');
      // The last line has got a line end, if a line came behind it.
      for (const { removed, value } of diffLines(before.toString(), text))
        for (const line of removed === true ? value.trimEnd().split(/\r?\n/) : [])
          if (!text.includes(`${line}${one.manner.eol}`)) expect(line).toMatch(MAY_GO);
      const second = await fixed(first.bytes);
      expect(second.done).toEqual([]);
      expect(second.bytes).toEqual(first.bytes);
    }),
    { numRuns: 200 },
  );
  expect(mended).toBeGreaterThan(200);
}, 120_000);

it('what is safe is a part of what is unsafe, and nothing unsafe is done unasked', async () => {
  await fc.assert(
    fc.asyncProperty(workflow, async (one) => {
      const { done } = await fixed(written(one), false);
      expect(done.filter(({ mend }) => mend.safety === 'unsafe')).toEqual([]);
    }),
    { numRuns: 50 },
  );
}, 60_000);

it('takes a mend back that leaves its finding or brings one that everybody reads, and says why', () => {
  const one = (rule: string, persona: Finding['persona'] = 'default'): Finding => ({
    rule,
    persona,
    severity: 'high',
    confidence: 'high',
    at: { file: PATH, line: 1, column: 1, length: 1 },
    message: rule,
    fix: '',
  });
  const mended = one('a');
  const why = (after: readonly Finding[]) => whyNot([mended, mended, one('b')], after, PATH, [mended]);
  expect(why([mended, one('b')])).toBeUndefined();
  expect(why([one('b')])).toBeUndefined();
  expect(why([mended, mended, one('b')])).toBe('the finding would still be there');
  expect(why([mended, one('b'), one('b')])).toBe('it would bring a finding of b');
  expect(why([mended, one('c')])).toBe('it would bring a finding of c');
  expect(why([mended, one('c', 'auditor')])).toBeUndefined();
});

it('leaves a file alone that is broken, and mends the others', async () => {
  const good = 'on: push\npermissions: {}\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: make\n';
  const files = [
    { path: '.github/workflows/bad.yml', kind: 'workflow' as const, read: ok(Buffer.from('on: [\n')) },
    { path: PATH, kind: 'workflow' as const, read: ok(Buffer.from(good)) },
  ];
  const fixes = await fixAll({ files, unsafe: true, choose: all });
  expect(fixes.files.map(({ path }) => path)).toEqual([PATH]);
});

it('no text makes it fail, and thousands of things to mend in one file take no time without end', async () => {
  const piece = fc.constantFrom(
    'on: issues',
    'jobs:',
    'a:',
    'steps:',
    '- run: ',
    '- uses: actions/checkout@v4',
    'with:',
    'env:',
    'if: ',
    '\n',
    '\n  ',
    '\n    ',
    '\r\n',
    '{',
    '}',
    '[',
    ']',
    '&a ',
    '*a',
    '|',
    '>-',
    '|2',
    '"',
    "'",
    ' # x',
    '? ',
    ': ',
    ', ',
    '\t',
    '${{ github.event.issue.title }}',
    'contains(',
    'permissions: write-all',
    '\u0000',
    '\ud800',
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 60 }),
      async (parts) => {
        for (const text of [
          parts.join(''),
          `on: issues\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: ${parts.join('')}\n`,
        ]) {
          const first = await fixed(Buffer.from(text));
          expect((await fixed(first.bytes)).done).toEqual([]);
        }
      },
    ),
    { numRuns: 200 },
  );
  const steps = Array.from(
    { length: 1_500 },
    (_, n) => `      - run: echo "${n} \${{ github.event.issue.title }} \${{ github.event.issue.body }}"\n`,
  );
  const many = `on: issues\njobs:\n  a:\n    runs-on: x\n    steps:\n${steps.join('')}`;
  const { done } = await fixed(Buffer.from(many));
  expect(done.length).toBeGreaterThanOrEqual(3_000);
}, 300_000);
