import type { Found } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import type { Subject } from '../../subject.ts';
import { entriesOf, textsIn, valueOf } from '../../repository/tree.ts';
import type { JobPart, WorkflowFile } from '../../repository/model.ts';
import { allReferences, type Reference } from '../../taint/references.ts';
import type { Text } from '../../../workflow/index.ts';

export const rule: Rule = {
  id: 'undefined-reference',
  title: 'An expression names what does not exist',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  guide: ['§7'],
  alsoKnownAs: ['actionlint/expression'],
  check,
};

/** What a context holds where it is named; undefined when that is not known before a run. */
type Known = ReadonlySet<string> | undefined;

function* check(subject: Subject): Iterable<Found> {
  for (const file of subject.repository.workflows)
    for (const job of file.jobs) {
      const inputs = inputsOf(file);
      const needs = new Set(job.needs.map(({ text }) => text.toLowerCase()));
      const matrix = matrixOf(job);
      for (const text of ownTexts(job))
        yield* judged(subject, file, job, text, { inputs, needs, matrix, steps: undefined });
      const steps = new Set<string>();
      for (const step of job.steps) {
        const known = { inputs, needs, matrix, steps: new Set(steps) };
        for (const text of textsIn(itemAt(job, step.index))) yield* judged(subject, file, job, text, known);
        if (step.id !== undefined) steps.add(step.id.toLowerCase());
      }
      for (const { value } of job.outputs)
        yield* judged(subject, file, job, value, { inputs, needs, matrix, steps });
    }
}

function* judged(
  subject: Subject,
  file: WorkflowFile,
  job: JobPart,
  text: Text,
  known: Readonly<Record<string, Known>>,
): Iterable<Found> {
  for (const { tree, at } of subject.expressions(file, text))
    for (const reference of allReferences(tree)) {
      const [context = '', name] = reference;
      const names = known[context];
      if (names === undefined || name === undefined || name === '*') continue;
      if (!names.has(name))
        yield { at, job: job.id, message: said(reference, names), fix: fixOf(context, name) };
      else if (context === 'needs') yield* output(file, job, reference, at);
    }
}

function* output(
  file: WorkflowFile,
  job: JobPart,
  [, name, kind, output]: Reference,
  at: Found['at'],
): Iterable<Found> {
  const needed = file.jobs.find(({ id }) => id.toLowerCase() === name);
  if (
    needed === undefined ||
    needed.uses !== undefined ||
    kind !== 'outputs' ||
    output === undefined ||
    output === '*'
  )
    return;
  if (needed.outputs.some((one) => one.name.toLowerCase() === output)) return;
  yield {
    at,
    job: job.id,
    message: `the job ${needed.id} has no output ${output}: the expression is empty, always`,
    fix: `add the output to the job ${needed.id}, or correct its name`,
  };
}

function said([context, name]: Reference, names: ReadonlySet<string>): string {
  const there = [...names].slice(0, 8).join(', ');
  return `${context}.${name} does not exist here: the expression is empty, always${there === '' ? '' : ` (there are ${there})`}`;
}

function fixOf(context: string, name: string): string {
  if (context === 'needs') return `add ${name} to the needs of this job, or correct the name`;
  return context === 'steps' ? 'name a step before this one by its id' : 'correct the name, or define it';
}

/** Texts of the job itself: neither its steps nor its outputs. */
function ownTexts(job: JobPart): readonly Text[] {
  return entriesOf(job.tree)
    .filter(({ key }) => key !== 'steps' && key !== 'outputs' && key !== 'strategy')
    .flatMap(({ value }) => textsIn(value));
}

function itemAt(job: JobPart, index: number): ReturnType<typeof valueOf> {
  const steps = valueOf(job.tree, 'steps');
  return steps?.kind === 'sequence' ? steps.items[index] : undefined;
}

function inputsOf(file: WorkflowFile): Known {
  const named = file.triggers.filter(
    ({ event }) => event === 'workflow_call' || event === 'workflow_dispatch',
  );
  // Where nothing defines one, the context is empty: `inputs.x` is written so in workflows of several events.
  return named.length === 0
    ? undefined
    : new Set(named.flatMap(({ inputs }) => inputs.map(({ name }) => name.toLowerCase())));
}

function matrixOf(job: JobPart): Known {
  const { matrix } = job;
  if (matrix?.kind !== 'mapping') return matrix === undefined ? new Set() : undefined;
  const names = new Set<string>();
  for (const { key, value } of matrix.entries) {
    if (key === 'exclude') continue;
    if (key !== 'include') names.add(key.toLowerCase());
    else if (value.kind !== 'sequence') return undefined;
    else
      for (const item of value.items) {
        if (item.kind !== 'mapping') return undefined;
        for (const entry of item.entries) names.add(entry.key.toLowerCase());
      }
  }
  return names;
}
