import type { Entry, Text, Tree } from '../../workflow/index.ts';
import type { WorkflowFile } from '../repository/model.ts';
import { entriesOf, entryOf, itemsOf, textOf, valueOf, wordsOf } from '../repository/tree.ts';
import { unusedAnchors } from './anchors.ts';
import { jobsInCircle } from './needs.ts';
import type { Walk } from './walk.ts';

const ID = /^[A-Za-z_][A-Za-z0-9_-]{0,99}$/;
const ACTION = /^[\w.-]{1,100}\/[\w.-]{1,100}(?:\/[^@\s]{0,500})?@[^@\s]{1,255}$/;
const CALL =
  /^(?:\.\/\.[a-z]{1,20}\/workflows\/[^/@]{1,200}\.ya?ml|[\w.-]{1,100}\/[\w.-]{1,100}\/\.[a-z]{1,20}\/workflows\/[^/@]{1,200}\.ya?ml@\S{1,255})$/;
/** A workflow of another repository, in a folder that GitHub reads none from. */
const ELSEWHERE = /^[\w-][\w.-]{0,99}\/[\w.-]{1,100}\/[^@\s]{1,300}\.ya?ml@\S{1,255}$/;
/** GitHub's bound since 2025-12. */
const MAX_INPUTS = 25;
const MAX_RUN = 21_000;

/** What a shape cannot say of a workflow. */
export function checkWorkflow(walk: Walk, file: WorkflowFile): void {
  checkEvents(walk, valueOf(file.tree, 'on'));
  checkNeeds(walk, file);
  for (const { name, at } of unusedAnchors(file.source, file.tree))
    walk.problem(
      at,
      name.length + 1,
      `nothing names the anchor ${name}`,
      `remove it, or use *${name}`,
      'slight',
    );
  for (const job of file.jobs) {
    checkSteps(walk, valueOf(job.tree, 'steps'));
    checkMatrixKeys(walk, entryOf(valueOf(job.tree, 'strategy'), 'matrix'));
    if (
      job.uses !== undefined &&
      !job.uses.text.includes('${{') &&
      !CALL.test(job.uses.text.replace(/^\$\//, './'))
    )
      walk.problem(
        job.uses.at,
        job.uses.text.length,
        `${quoted(job.uses)} names no workflow`,
        'write owner/name/.github/workflows/FILE.yml@ref, or ./.github/workflows/FILE.yml',
        // Other forges, and repositories that are not GitHub's, keep them elsewhere.
        ELSEWHERE.test(job.uses.text) ? 'doubtful' : undefined,
      );
  }
}

function quoted({ text }: Text): string {
  return JSON.stringify(text.slice(0, 120));
}

function wrong(walk: Walk, { text, at }: Text, why: string, fix: string): void {
  walk.problem(at, text.length, why, fix);
}

/** What an event must be told, so that naming it is not enough. */
const NOT_ALONE: Readonly<Record<string, string>> = {
  workflow_run: 'on.workflow_run names no workflows',
  schedule: 'on.schedule says no time',
};

function checkEvents(walk: Walk, on: Tree | undefined): void {
  for (const event of wordsOf(on)) {
    const why = Object.hasOwn(NOT_ALONE, event.text) ? NOT_ALONE[event.text] : undefined;
    if (why !== undefined) wrong(walk, event, why, 'write on as a mapping, and say what it waits for');
  }
  for (const { key: event, keyAt, value } of entriesOf(on)) {
    for (const filter of ['branches', 'tags', 'paths']) {
      const both = entryOf(value, filter) === undefined ? undefined : entryOf(value, `${filter}-ignore`);
      if (both !== undefined)
        walk.problem(
          both.keyAt,
          both.key.length,
          `on.${event} has both ${filter} and ${both.key}`,
          'keep one of them; patterns with ! take away',
        );
    }
    if (event === 'workflow_run' && entryOf(value, 'workflows') === undefined)
      walk.problem(
        keyAt,
        event.length,
        'on.workflow_run names no workflows',
        'add workflows with their names',
      );
    if (event !== 'workflow_dispatch' && event !== 'workflow_call') continue;
    const inputs = entriesOf(valueOf(value, 'inputs'));
    const over = event === 'workflow_dispatch' ? inputs[MAX_INPUTS] : undefined;
    if (over !== undefined)
      walk.problem(
        over.keyAt,
        over.key.length,
        `workflow_dispatch has ${inputs.length} inputs, and may have ${MAX_INPUTS}`,
        'join some of them',
      );
    for (const { key, keyAt, value: input } of inputs)
      checkInput(walk, { text: key, at: keyAt }, input, event);
  }
}

function checkInput(walk: Walk, name: Text, input: Tree, event: string): void {
  const type = textOf(valueOf(input, 'type'))?.text ?? 'string';
  const given = textOf(valueOf(input, 'default'));
  const options = wordsOf(valueOf(input, 'options')).map(({ text }) => text);
  if (type === 'choice' && options.length === 0)
    wrong(walk, name, `the input ${name.text} is a choice, and has no options`, 'add options');
  if (event === 'workflow_dispatch' && type !== 'choice' && options.length > 0)
    wrong(
      walk,
      name,
      `the input ${name.text} has options, and is no choice`,
      'give it type: choice, or remove the options',
    );
  const first = new Set<string>();
  const repeated = wordsOf(valueOf(input, 'options')).find(({ text }) => first.size === first.add(text).size);
  if (repeated !== undefined)
    wrong(walk, repeated, `the option ${quoted(repeated)} of ${name.text} is there twice`, 'remove one');
  if (given === undefined || given.text.includes('${{')) return;
  if (type === 'choice' && options.length > 0 && !options.includes(given.text))
    wrong(
      walk,
      given,
      `the default ${quoted(given)} of ${name.text} is none of its options`,
      `use one of ${options.slice(0, 12).join(', ')}`,
    );
  if (type === 'boolean' && !/^(?:true|false)$/i.test(given.text))
    wrong(
      walk,
      given,
      `the default ${quoted(given)} of ${name.text} is no truth value`,
      'write true or false',
    );
  if (type === 'number' && (given.text.trim() === '' || Number.isNaN(Number(given.text))))
    wrong(walk, given, `the default ${quoted(given)} of ${name.text} is no number`, 'write a number');
  const required = textOf(valueOf(input, 'required'))?.text === 'true';
  if (event === 'workflow_call' && required)
    walk.problem(
      given.at,
      given.text.length,
      `${name.text} must be given, so its default is never used`,
      'remove the default, or required',
      'slight',
    );
}

function checkNeeds(walk: Walk, file: WorkflowFile): void {
  const ids = new Map(file.jobs.map((job) => [job.id.toLowerCase(), job]));
  for (const job of file.jobs) {
    const seen = new Set<string>();
    for (const need of job.needs) {
      const id = need.text.toLowerCase();
      if (seen.has(id)) wrong(walk, need, `the job ${job.id} needs ${quoted(need)} twice`, 'remove one');
      seen.add(id);
      if (!ids.has(id) && id !== '' && !id.includes('${{'))
        walk.problem(
          job.at,
          job.id.length,
          `the job ${job.id} needs ${quoted(need)}, which is no job here`,
          'name a job of this workflow',
        );
    }
  }
  const circle = jobsInCircle(file.jobs);
  const [first] = circle;
  if (first !== undefined)
    walk.problem(
      first.at,
      first.id.length,
      `the jobs need one another in a circle: ${[...circle, first]
        .map(({ id }) => id)
        .slice(0, 20)
        .join(' needs ')}`,
      'remove one of these needs',
    );
}

/** Of a job or a composite action. */
export function checkSteps(walk: Walk, steps: Tree | undefined): void {
  const ids = new Set<string>();
  for (const step of itemsOf(steps)) {
    const id = textOf(valueOf(step, 'id'));
    if (id !== undefined && id.text !== '' && !id.text.includes('${{')) {
      if (!ID.test(id.text) || id.text.startsWith('__'))
        wrong(
          walk,
          id,
          `${quoted(id)} is no id of a step`,
          'begin with a letter or _, use letters, digits, - and _ only, and not __ before',
        );
      if (ids.has(id.text.toLowerCase()))
        wrong(walk, id, `the id ${quoted(id)} is used twice`, 'give each step an id of its own');
      ids.add(id.text.toLowerCase());
    }
    const run = textOf(valueOf(step, 'run'));
    if (run !== undefined && run.text.length > MAX_RUN && run.text.includes('${{'))
      walk.problem(
        run.at,
        1,
        `a script with expressions may have ${MAX_RUN} characters, and this has ${run.text.length}`,
        'move it to a file',
      );
    const uses = textOf(valueOf(step, 'uses'));
    if (uses === undefined || uses.text === '' || uses.text.includes('${{')) continue;
    if (uses.text.startsWith('docker://')) {
      if (!/^docker:\/\/[^\s:]+(?::\d+\/[^\s:]+)?(?::[\w.-]+)?(?:@\w+:[\da-f]+)?$/i.test(uses.text))
        wrong(walk, uses, `${quoted(uses)} names no image`, 'write docker://NAME:TAG');
    } else if (/\/workflows\/[^/@]+\.ya?ml(?:@|$)/.test(uses.text))
      wrong(walk, uses, `${quoted(uses)} is a workflow, which no step can use`, 'call it by uses of a job');
    else if (!/^(?:\.|\$)\//.test(uses.text) && !ACTION.test(uses.text))
      wrong(
        walk,
        uses,
        `${quoted(uses)} names no action`,
        'write owner/name@ref, ./folder, or docker://image',
      );
  }
}

function checkMatrixKeys(walk: Walk, entry: Entry | undefined): void {
  const matrix = entry?.value;
  if (
    entry !== undefined &&
    matrix?.kind === 'mapping' &&
    matrix.entries.every(({ key }) => key === 'exclude')
  )
    walk.problem(entry.keyAt, entry.key.length, 'the matrix has no values', 'give it a vector, or include');
  for (const { key, value } of entriesOf(matrix)) {
    if (value.kind === 'sequence' && value.items.length === 0)
      walk.problem(value.at, 1, `${key} of the matrix has no values`, 'give it a value, or remove it');
    else if (key === 'include' || key === 'exclude')
      for (const item of itemsOf(value))
        if (item.kind === 'sequence' || (item.kind === 'scalar' && !item.text.includes('${{')))
          walk.problem(
            item.at,
            item.kind === 'scalar' ? Math.max(1, item.text.length) : 1,
            `what ${key} of the matrix names must be a mapping of its keys`,
            'write KEY: VALUE',
          );
  }
}
