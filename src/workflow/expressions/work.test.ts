import { describe, expect, test } from 'vitest';
import { EvaluationWork, evaluateText, expandMatrix, readWorkflow, unsupported } from '../index.ts';

const at = { file: 'ci.yml', line: 3 };
const REFUSED = { kind: 'usage', rule: 'workflow/evaluation-work' };

/** What evaluating it takes, found by trying. */
function workOf(act: (work: EvaluationWork) => { readonly ok: boolean }): number {
  let [fits, least] = [1 << 20, 0];
  while (fits - least > 1) {
    const middle = Math.floor((fits + least) / 2);
    if (act(new EvaluationWork(middle)).ok) fits = middle;
    else least = middle;
  }
  return fits;
}

describe('the work of all evaluations together', () => {
  const evaluate = (work: EvaluationWork) =>
    evaluateText({ text: "${{ join(matrix.x, ', ') }}", at }, { matrix: { x: [1, 2.5, 'a'] } }, { work });

  test('may reach its bound, and the next evaluation is refused, each time and on every machine', () => {
    const one = workOf(evaluate);
    expect(workOf(evaluate)).toBe(one);
    const work = new EvaluationWork(one * 100);
    const all = Array.from({ length: 101 }, () => evaluate(work));
    expect(all.filter(({ ok }) => ok)).toHaveLength(100);
    expect(all.at(-1)).toMatchObject({ ok: false, error: { ...REFUSED, where: at } });
    expect(work.refusal(at)).toMatchObject(REFUSED);
    expect(evaluate(work).ok).toBe(false);
  });

  test('is told of nothing before', () => {
    const work = new EvaluationWork(1 << 20);
    expect(evaluate(work).ok).toBe(true);
    expect(work.refusal(at)).toBeUndefined();
  });

  test('counts what a matrix takes without any expression', () => {
    const wide = Object.fromEntries(Array.from({ length: 30_000 }, (_, index) => [`k${index}`, [1]]));
    const made = expandMatrix({ kind: 'mapping', value: wide, at }, {}, new EvaluationWork(20_000_000));
    expect(made).toMatchObject({ ok: false, error: REFUSED });
    const few = expandMatrix({ kind: 'mapping', value: { a: [1, 2], b: [3] }, at }, {}, new EvaluationWork());
    expect(few).toMatchObject({
      ok: true,
      value: [
        { a: 1, b: 3 },
        { a: 2, b: 3 },
      ],
    });
  });
});

// Each held `plan` and `run` for minutes before it was refused, or forever.
test('a workflow that evaluates much before it starts is refused, and what it costs is bounded', async () => {
  const heavy = `\${{ contains(join(fromJSON('[${'1.5,'.repeat(4_000)}1]')), matrix.a) }}`;
  const matrix = 'matrix: { a: [1, 2, 3, 4, 5, 6, 7, 8, 9], b: [1, 2, 3, 4, 5, 6, 7, 8, 9] }';
  const heavyJobs = Array.from(
    { length: 40 },
    (_, index) => `  j${index}: { runs-on: "${heavy}", strategy: { ${matrix} }, steps: [{ run: x }] }\n`,
  );
  const labels = Array.from({ length: 40_000 }, () => "'${{matrix.a}}'").join(',');
  for (const text of [
    `on: push\njobs:\n${heavyJobs.join('')}`,
    `on: push\njobs: { a: { runs-on: [${labels}], strategy: { ${matrix} }, steps: [{ run: x }] } }\n`,
  ]) {
    const read = await readWorkflow('ci.yml', Buffer.from(text));
    if (!read.ok) throw new Error(read.error[0]?.why);
    const work = new EvaluationWork(20_000_000);
    unsupported(read.value, work);
    expect(work.refusal(at)).toMatchObject(REFUSED);
  }
}, 60_000);
