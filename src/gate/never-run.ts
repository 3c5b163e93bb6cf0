import type { Found } from './finding.ts';
import type { WorkflowFile } from './repository/model.ts';
import type { Subject } from './subject.ts';

interface Stretch {
  readonly from: readonly [number, number];
  /** Behind its end. */
  readonly to: readonly [number, number];
}

/** Whether a finding stands in a job or a step whose condition is `false` as it is written: what is there does not run. */
export function isNeverRun(subject: Subject, { at }: Found): boolean {
  const stretches = subject.once(stretchesOf).get(at.file);
  if (stretches === undefined) return false;
  // They stand in order, one behind the other: the last that begins here or before is the only one that can hold it.
  let low = 0;
  let high = stretches.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (before([at.line, at.column], stretches[middle]?.from ?? END)) high = middle;
    else low = middle + 1;
  }
  const last = stretches[low - 1];
  return last !== undefined && before([at.line, at.column], last.to);
}

function before(one: readonly [number, number], other: readonly [number, number]): boolean {
  return one[0] < other[0] || (one[0] === other[0] && one[1] < other[1]);
}

function stretchesOf(subject: Subject): ReadonlyMap<string, readonly Stretch[]> {
  const found = subject.repository.workflows.flatMap((file) => {
    const stretches = neverRunIn(subject, file);
    return stretches.length === 0 ? [] : [[file.source.path, stretches] as const];
  });
  return new Map(found);
}

const END: readonly [number, number] = [Number.MAX_SAFE_INTEGER, 0];

function neverRunIn(subject: Subject, { jobs }: WorkflowFile): readonly Stretch[] {
  return jobs.flatMap((job, index) => {
    const next = jobs[index + 1];
    const end = next === undefined ? END : ([next.at.line, next.at.column] as const);
    if (isFalse(subject, job.if)) return [{ from: [job.at.line, job.at.column] as const, to: end }];
    return job.steps.flatMap((step, at) => {
      if (!isFalse(subject, step.if)) return [];
      const after = job.steps[at + 1];
      return [
        {
          from: [step.at.line, step.at.column] as const,
          to: after === undefined ? end : ([after.at.line, after.at.column] as const),
        },
      ];
    });
  });
}

function isFalse(subject: Subject, text: WorkflowFile['jobs'][number]['if']): boolean {
  // Around braces a space or a line break makes a text of it, which is true.
  const plain = text !== undefined && (!text.text.includes('${{') || text.text === text.text.trim());
  const tree = plain ? subject.condition(text) : undefined;
  return tree?.kind === 'literal' && tree.value === false;
}
