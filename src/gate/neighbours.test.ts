import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { ok } from '../base/index.ts';
import { judge } from './check.ts';
import type { Finding } from './finding.ts';
import { mendsOf } from './fix/mends.ts';
import { takeoversIn } from './reach/takeovers.ts';
import { type GatheredFile, kindOf } from './repository/gather-files.ts';
import { readRepository } from './repository/read-repository.ts';
import { shared } from './share.ts';

const folder = join(import.meta.dirname, 'rules');

/** All files of all rules' cases: each says something that some rule looks for. */
const TEXTS: readonly (readonly [string, string])[] = readdirSync(folder).flatMap((id) =>
  (
    parse(readFileSync(join(folder, id, 'cases.yaml'), 'utf8')) as readonly {
      readonly workflow?: string;
      readonly files?: Readonly<Record<string, string>>;
    }[]
  ).flatMap((one) => Object.entries(one.files ?? { '.github/workflows/case.yml': one.workflow ?? '' })),
);

const file = (path: string, text: string): GatheredFile => ({
  path,
  kind: kindOf(path) ?? 'workflow',
  read: ok(Buffer.from(text)),
});

/** Files that have much to be found, and name nothing that a neighbour could be. */
const GOOD = [
  file('CODEOWNERS', '/docs/ @a\n'),
  file(
    '.github/workflows/zz-good.yml',
    'on: [issues, pull_request_target]\njobs:\n  zz:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: echo "${{ github.event.issue.title }}"\n      - run: curl http://a.test/x | sh\n        env: { ZZ: "${{ secrets.ZZ }}" }\n      - uses: $/zz-good\n        with: { x: "${{ github.event.issue.body }}" }\n',
  ),
  file(
    'zz-good/action.yml',
    'name: z\ndescription: z\ninputs: { x: { description: x } }\nruns:\n  using: composite\n  steps:\n    - run: echo ${{ inputs.x }}\n      shell: bash\n',
  ),
];

const told = ({ rule, at, message, severity }: Finding): string =>
  [rule, at.file, at.line, at.column, severity, message].join(' | ');

async function ofGood(more: readonly GatheredFile[]): Promise<readonly string[]> {
  const { findings, subject } = judge(await readRepository([...GOOD, ...more]));
  takeoversIn(subject);
  await mendsOf(subject, findings);
  for (const { at, flow = [] } of findings)
    for (const span of [at, ...flow.map((hop) => hop.at)])
      expect(Math.min(span.line, span.column, span.length + 1)).toBeGreaterThanOrEqual(1);
  // A lock that there is speaks of every workflow.
  return findings.filter(({ rule, at }) => at.file.includes('zz-good') && rule !== 'lock-mismatch').map(told);
}

const PIECES = [
  '${{ ',
  ' }}',
  '${{ github.event.issue.title }}',
  '${{ toJSON(secrets) }}',
  '&a ',
  '*a',
  '<<: *a',
  '!!binary x',
  '|9',
  '\t',
  '\r',
  '\u0000',
  '\ufeff',
  '\ud800',
  '- ',
  '? ',
  '[[[',
  '{a: {b: ',
  '---\n',
  '%YAML 1.1\n',
  '$(',
  '<<E',
  '`',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  './.github/workflows/hostile.yml',
  './hostile',
  '$/',
  '../..',
  '@',
  '1e999',
  '~',
  '2001-01-01',
  '#',
  'x'.repeat(3_000),
];

/** A way to break a file that means to say something. */
const change = fc.record({
  kind: fc.constantFrom('cut', 'repeat', 'indent', 'insert', 'value', 'key', 'splice', 'drop'),
  at: fc.nat(),
  length: fc.integer({ min: 1, max: 6 }),
  piece: fc.constantFrom(...PIECES),
  other: fc.nat({ max: TEXTS.length - 1 }),
});

function changed(
  text: string,
  { kind, at, length, piece, other }: typeof change extends fc.Arbitrary<infer T> ? T : never,
): string {
  const lines = text.split('\n');
  const line = at % lines.length;
  const here = lines[line] ?? '';
  const offset = at % (text.length + 1);
  switch (kind) {
    case 'cut':
      return lines.toSpliced(line, length).join('\n');
    case 'repeat':
      return lines.toSpliced(line, 0, ...lines.slice(line, line + length)).join('\n');
    case 'indent':
      return lines.with(line, ' '.repeat(length) + here.trimStart()).join('\n');
    case 'insert':
      return text.slice(0, offset) + piece + text.slice(offset);
    case 'value':
      return lines
        .with(
          line,
          here.replace(/:.*$/, () => `: ${piece}`),
        )
        .join('\n');
    case 'key':
      return lines
        .with(
          line,
          here.replace(/[\w-]+:/, () => `${piece}:`),
        )
        .join('\n');
    case 'splice':
      return lines.toSpliced(line, 0, ...(TEXTS[other]?.[1] ?? '').split('\n').slice(0, length)).join('\n');
    default:
      return text.slice(0, offset) + text.slice(offset + length);
  }
}

it('no file makes the check fail, or hides or changes a finding of another, whatever rule it was made for and however it is broken', async () => {
  const without = await ofGood([]);
  expect(without.length).toBeGreaterThan(12);
  const path = fc.constantFrom(
    '.github/workflows/hostile.yml',
    'hostile/action.yml',
    '.github/dependabot.yml',
    'cofferdam.yaml',
    '.github/workflows/actions.lock',
    '.github/workflows/cofferdam.lock',
  );
  let judged = 0;
  await fc.assert(
    fc.asyncProperty(
      path,
      fc.nat({ max: TEXTS.length - 1 }),
      fc.array(change, { maxLength: 3 }),
      async (where, which, changes) => {
        const text = changes.reduce(changed, TEXTS[which]?.[1] ?? '');
        expect(await ofGood([file(where, text)])).toEqual(without);
        judged += 1;
      },
    ),
    { numRuns: 500 },
  );
  expect(judged).toBeGreaterThanOrEqual(500);
}, 240_000);

it('a name that every object has is a name like another, wherever a workflow or an action can have one', async () => {
  for (const name of ['constructor', '__proto__'])
    for (const [path, text] of TEXTS) {
      const words = new Set(text.match(/[A-Za-z][\w-]{2,}/g) ?? []);
      if (words.size > 60) continue;
      const renamed = text.replaceAll(
        /(?<=[\s[{'"/@,])[A-Za-z][\w-]{2,}(?=[\s\]}'",:@/])/g,
        (word, at: number) => (at % 3 === 0 ? name : word),
      );
      expect((await ofGood([file(path.replace('case', 'hostile'), renamed)])).length).toBeGreaterThan(12);
    }
  for (const name of ['constructor', '__proto__', 'toString'])
    for (const run of [`${name} publish`, `gh ${name}`, `npx ${name}`, `${name} -c x`, `echo "::${name}::x"`])
      await ofGood([
        file(
          '.github/workflows/hostile.yml',
          `on: [${name}, issues]\npermissions: { ${name}: write }\njobs: { ${name}: { runs-on: ${name}, needs: ${name}, steps: [ { shell: ${name}, run: '${run} \${{ github.event.issue.title }}' }, { run: '${run} \${{ ${name}(github.${name}) }}' }, { uses: ${name}/${name}@${name} } ] } }\n`,
        ),
      ]);
}, 120_000);

it('a file with more to find than anybody reads keeps the heaviest of it, says so, and takes nothing from another', async () => {
  const many = `on: pull_request_target\njobs:\n  a:\n    runs-on: x\n    steps:\n${'      - run: ${{ github.head_ref }}\n'.repeat(24_000)}`;
  const { findings } = judge(await readRepository([...GOOD, file('.github/workflows/a.yml', many)]));
  expect(findings.length).toBeLessThanOrEqual(20_000);
  expect(findings.filter(({ at }) => at.file.includes('zz-good')).map(told)).toEqual(await ofGood([]));
  const more = findings.filter(({ message }) => message.includes('more findings of'));
  expect(more.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^\d+ more findings of \.github\/workflows\/a\.yml are not told/),
  ]);
}, 60_000);

it('of a share nobody with less than it loses anything, and all together are within it', () => {
  const finding = (name: string, line: number, severity: Finding['severity']): Finding => ({
    rule: 'x',
    severity,
    confidence: 'high',
    persona: 'default',
    at: { file: name, line, column: 1, length: 1 },
    message: 'x',
    fix: 'x',
  });
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 12, max: 200 }),
      (sizes, most) => {
        const all = sizes.flatMap((size, at) =>
          Array.from({ length: size }, (_, line) =>
            finding(`${at}`, line + 1, line % 2 === 0 ? 'low' : 'high'),
          ),
        );
        const left = shared(all, most);
        expect(left.length).toBeLessThanOrEqual(Math.max(most, 0));
        const least = Math.floor(most / sizes.length);
        for (const [at, size] of sizes.entries()) {
          const of = left.filter(({ at: { file: name } }) => name === `${at}`);
          if (size <= least) expect(of).toEqual(all.filter(({ at: { file: name } }) => name === `${at}`));
          else expect(of.length).toBeGreaterThanOrEqual(Math.min(size, least));
        }
      },
    ),
  );
});
