import { describe, expect, it } from 'vitest';
import { ok } from '../base/index.ts';
import { readRepository } from './repository/read-repository.ts';
import { RULES } from './rules.ts';
import { Subject } from './subject.ts';

/** Counts what rules ask of the model: the same however fast the machine is. */
class CountedSubject extends Subject {
  count = 0;

  override script(...args: Parameters<Subject['script']>): ReturnType<Subject['script']> {
    this.count += 1;
    return super.script(...args);
  }

  override expressions(...args: Parameters<Subject['expressions']>): ReturnType<Subject['expressions']> {
    this.count += 1;
    return super.expressions(...args);
  }

  override condition(...args: Parameters<Subject['condition']>): ReturnType<Subject['condition']> {
    this.count += 1;
    return super.condition(...args);
  }

  override reaching(...args: Parameters<Subject['reaching']>): ReturnType<Subject['reaching']> {
    this.count += 1;
    return super.reaching(...args);
  }
}

type Files = Readonly<Record<string, string>>;

async function asked(files: Files): Promise<number> {
  const subject = new CountedSubject(
    await readRepository(
      Object.entries(files).map(([path, text]) => ({
        path,
        kind: 'workflow' as const,
        read: ok(Buffer.from(text)),
      })),
    ),
  );
  expect(subject.repository.unread).toEqual([]);
  for (const rule of RULES) expect([...rule.check(subject)].length).toBeGreaterThanOrEqual(0);
  return subject.count;
}

const of = (expression: string): string => `\${{ ${expression} }}`;
const times = (count: number, make: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => make(n)).join('');
const jobs = (text: string): Files => ({
  '.github/workflows/a.yml': `on: [pull_request_target, issue_comment, release]\njobs:\n${text}`,
});
const job = (id: string, steps: string, more = ''): string =>
  `  ${id}:\n    runs-on: ubuntu-latest\n    permissions: { id-token: write, contents: write }\n${more}    steps:\n${steps}`;
const HEAD = of('github.event.pull_request.head.sha');

describe('what is asked of a hostile repository grows as it does, and not with its square', () => {
  it.each<[string, number, (count: number) => Files]>([
    [
      'steps that set a variable and read it',
      400,
      (count) =>
        jobs(
          job(
            'a',
            times(
              count,
              () =>
                `      - run: echo "X=$X$B" >> $GITHUB_ENV; eval "$X"\n        env: { B: '${of('github.event.comment.body')}' }\n`,
            ),
          ),
        ),
    ],
    [
      'steps that each take an output of the one before',
      400,
      (count) =>
        jobs(
          job(
            'a',
            times(
              count,
              (n) =>
                `      - id: s${n}\n        run: echo "x=${of(`steps.s${n - 1}.outputs.x`)}" >> $GITHUB_OUTPUT\n`,
            ),
          ),
        ),
    ],
    [
      'checkouts of a stranger’s head, and nothing that runs it',
      400,
      (count) =>
        jobs(
          job(
            'a',
            times(
              count,
              (n) =>
                `      - uses: actions/checkout@v4\n        with: { ref: '${HEAD}', path: p${n} }\n      - run: cat p${n}/x\n`,
            ),
          ),
        ),
    ],
    [
      'more checkouts than a job has steps, each beside something that runs another folder',
      1_200,
      (count) =>
        jobs(
          job(
            'a',
            times(
              count,
              (n) =>
                `      - uses: actions/checkout@v4\n        with: { ref: '${HEAD}', path: p${n} }\n      - run: make -C q${n}\n`,
            ),
          ),
        ),
    ],
    [
      'jobs in a chain of needs, each of which publishes and holds a secret',
      200,
      (count) =>
        jobs(
          times(count, (n) =>
            job(
              `j${n}`,
              `      - uses: actions/download-artifact@v4\n      - run: npm publish ${of(`needs.j${n - 1}.outputs.x`)}\n        if: github.event.comment.body == 'x'\n        env: { T: '${of(`secrets.A${n}`)}' }\n`,
              n === 0
                ? ''
                : `    needs: [j${n - 1}]\n    outputs: { x: '${of(`needs.j${n - 1}.outputs.x`)}' }\n`,
            ),
          ),
        ),
    ],
    [
      'expressions in one text',
      400,
      (count) =>
        jobs(
          job(
            'a',
            `      - run: |\n          echo ${times(count, (n) => `${of(`github.event.issue.title || ${n}`)} `)}\n`,
          ),
        ),
    ],
    [
      'lines of one script, each of which the next one reads',
      1_500,
      (count) =>
        jobs(
          job(
            'a',
            `      - run: |\n${times(count, (n) => `          V${n}="$V${n - 1} $B"; curl x | sh; npm i $V${n}\n`)}        env: { B: '${of('github.event.comment.body')}' }\n`,
          ),
        ),
    ],
    [
      'values of a matrix',
      100,
      (count) =>
        jobs(
          job(
            'a',
            `      - run: echo ${of('matrix.a')}\n`,
            `    strategy:\n      matrix:\n        a: [${times(count, (n) => `v${n}, `)}]\n        include:\n${times(count, (n) => `          - { a: v${n}, x: '${of('github.event.issue.title')}' }\n`)}`,
          ),
        ),
    ],
    [
      'files that each hold a secret and take a cache',
      150,
      (count) =>
        Object.fromEntries(
          Array.from({ length: count }, (_, n) => [
            `.github/workflows/f${n}.yml`,
            `on: pull_request_target\njobs:\n${job('a', `      - uses: actions/checkout@v4\n        with: { ref: '${HEAD}' }\n      - run: npm ci\n        env: { T: '${of(`secrets.A${n}`)}' }\n      - uses: actions/cache@v4\n`)}`,
          ]),
        ),
    ],
    [
      'workflows that call one another in a chain',
      150,
      (count) =>
        Object.fromEntries(
          Array.from({ length: count }, (_, n) => [
            `.github/workflows/c${n}.yml`,
            `on: { workflow_call: { inputs: { x: { type: string } } }, issues: {} }\njobs:\n  a:\n    uses: ./.github/workflows/c${n + 1}.yml\n    with: { x: '${of('inputs.x')}' }\n    secrets: inherit\n  b:\n    runs-on: x\n    steps:\n      - run: echo ${of('inputs.x')} ${of(`secrets.Q${n}`)}\n`,
          ]),
        ),
    ],
  ])(
    '%s',
    async (_, count, make) => {
      const [once, twice] = [await asked(make(count)), await asked(make(2 * count))];
      expect(once).toBeGreaterThan(10);
      expect(twice).toBeLessThan(2.6 * once);
    },
    120_000,
  );
});
