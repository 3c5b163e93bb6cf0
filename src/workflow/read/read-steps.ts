import type { ActionReference, Step, Text } from '../model.ts';
import type { Reader } from './reader.ts';
import type { Tree } from './yaml-tree.ts';

export const STEP_KEYS = [
  'id',
  'name',
  'if',
  'env',
  'run',
  'shell',
  'working-directory',
  'uses',
  'with',
  'continue-on-error',
  'timeout-minutes',
  'background',
  'wait',
  'wait-all',
  'cancel',
  'parallel',
] as const;
/** Steps beside one another: known, and not run by this version. */
const BACKGROUND = ['background', 'wait', 'wait-all', 'cancel', 'parallel'] as const;
const ID = /^[A-Za-z_][A-Za-z0-9_-]{0,99}$/;
const REPOSITORY =
  /^([A-Za-z0-9_.-]{1,100})\/([A-Za-z0-9_.-]{1,100})((?:\/[A-Za-z0-9_.-]{1,100}){0,10})@([^\s@]{1,255})$/;
const MAX_ID = 100;
const MAX_STEPS = 1_000;
const MAX_RUN = 21_000;

/** Reads a job's or a composite action's steps, and gives those without an id the one that GitHub gives them. */
export function readSteps(reader: Reader, tree: Tree, what: string): readonly Step[] {
  const items = reader.items(tree, what);
  if (items.length === 0 && tree.kind === 'sequence')
    reader.refuse('steps', `${what} is empty`, 'write at least one step', tree.at);
  if (items.length > MAX_STEPS) {
    reader.refuse('steps', `${what} holds more than ${MAX_STEPS} steps`, 'split the job', tree.at);
    return [];
  }
  const taken = new Set<string>();
  const numbers = new Map<string, number>();
  const steps: Step[] = [];
  const drafts = items.map((item) => readStep(reader, item, what, taken));
  for (const draft of drafts) {
    if (draft === undefined) continue;
    steps.push(
      draft.id === undefined ? { ...draft.step, id: generatedId(draft.step, taken, numbers) } : draft.step,
    );
  }
  return steps;
}

function readStep(
  reader: Reader,
  tree: Tree,
  what: string,
  taken: Set<string>,
): { readonly step: Step; readonly id: string | undefined } | undefined {
  const keys = reader.mapping(tree, `a step of ${what}`, STEP_KEYS);
  if (tree.kind !== 'mapping') return undefined;
  const unsupported = BACKGROUND.filter((key) => keys[key] !== undefined);
  for (const key of unsupported)
    reader.unsupported(
      tree,
      key,
      'a step',
      'start the program with & in a run step: it lives until the job ends',
    );
  if (unsupported.length > 0) return undefined;
  const id = reader.text(keys.id, 'id')?.text;
  if (id !== undefined) {
    const at = keys.id?.at ?? tree.at;
    if (!ID.test(id) || id.startsWith('__'))
      reader.refuse(
        'step-id',
        `${JSON.stringify(id.slice(0, 100))} is not a step's id`,
        'use letters, digits, - and _, not beginning with __ or a digit',
        at,
      );
    if (taken.has(id.toLowerCase()))
      reader.refuse(
        'step-id',
        `the id ${JSON.stringify(id)} is used twice`,
        'give each step an id of its own',
        at,
      );
    taken.add(id.toLowerCase());
  }
  const optional = {
    ...field('name', reader.text(keys.name, 'name')),
    ...field('if', reader.text(keys.if, 'if')),
    ...field('continueOnError', reader.text(keys['continue-on-error'], 'continue-on-error')),
    ...field('timeoutMinutes', reader.text(keys['timeout-minutes'], 'timeout-minutes')),
  };
  const base = { id: id ?? '', env: reader.assignments(keys.env, 'env'), at: tree.at, ...optional };
  if ((keys.run === undefined) === (keys.uses === undefined)) {
    return reader.refuse(
      'step-kind',
      keys.run === undefined ? 'the step has neither run nor uses' : 'the step has both run and uses',
      'give it exactly one of them',
      tree.at,
    );
  }
  if (keys.run !== undefined) {
    if (keys.with !== undefined)
      reader.refuse('step-kind', 'a run step has no with', 'use env', keys.with.at);
    const run = reader.text(keys.run, 'run');
    if (run === undefined) return undefined;
    if (run.text.length > MAX_RUN && run.text.includes('${{'))
      reader.refuse(
        'run-length',
        `a script with expressions may have ${MAX_RUN} characters`,
        'move it to a file',
        run.at,
      );
    const step: Step = {
      kind: 'run',
      ...base,
      run,
      ...field('shell', reader.shell(keys.shell, { conditional: keys.if !== undefined })),
      ...field('workingDirectory', reader.text(keys['working-directory'], 'working-directory')),
    };
    return { step, id };
  }
  for (const key of ['shell', 'working-directory'] as const) {
    const extra = keys[key];
    if (extra !== undefined) reader.refuse('step-kind', `a uses step has no ${key}`, 'remove it', extra.at);
  }
  const uses = readUses(reader, keys.uses);
  if (uses === undefined) return undefined;
  return { step: { kind: 'action', ...base, uses, with: reader.assignments(keys.with, 'with') }, id };
}

function field<K extends string>(key: K, value: Text | undefined): Partial<Record<K, Text>> {
  return value === undefined ? {} : ({ [key]: value } as Partial<Record<K, Text>>);
}

function readUses(reader: Reader, tree: Tree | undefined): ActionReference | undefined {
  const text = reader.text(tree, 'uses');
  if (text === undefined) return undefined;
  const { text: uses, at } = text;
  if (uses.startsWith('docker://')) return { kind: 'docker', image: uses.slice('docker://'.length), at };
  if (uses.startsWith('./')) {
    if (uses.split('/').includes('..') || uses.length > 1_000)
      return reader.refuse(
        'uses',
        `${JSON.stringify(uses)} leaves the repository`,
        'name a folder of the repository',
        at,
      );
    return { kind: 'local', path: uses, at };
  }
  const match = REPOSITORY.exec(uses);
  const [, owner, repository, path = '', ref] = match ?? [];
  if (owner === undefined || repository === undefined || ref === undefined) {
    return reader.refuse(
      'uses',
      `${JSON.stringify(uses.slice(0, 200))} names no action`,
      'write owner/name@ref, ./folder, or docker://image',
      at,
    );
  }
  return { kind: 'repository', owner, repository, path: path.slice(1), ref, at };
}

/** GitHub's generated ids: `__run`, `__actions_checkout`, with a number from the second on. */
function generatedId(step: Step, taken: Set<string>, numbers: Map<string, number>): string {
  const base = step.kind === 'run' ? '__run' : `__${referenceName(step.uses)}`.slice(0, MAX_ID);
  // From where the last one of the name was found: a thousand alike are not each counted up to.
  for (let n = numbers.get(base) ?? 1; ; n += 1) {
    const id = n === 1 ? base : `${base.slice(0, MAX_ID - `_${n}`.length)}_${n}`;
    if (taken.has(id.toLowerCase())) continue;
    taken.add(id.toLowerCase());
    numbers.set(base, n + 1);
    return id;
  }
}

function referenceName(uses: ActionReference): string {
  const text =
    uses.kind === 'repository'
      ? `${uses.owner}_${uses.repository}${uses.path === '' ? '' : `_${uses.path}`}`
      : uses.kind === 'docker'
        ? uses.image
        : 'self';
  return text.replaceAll(/[^A-Za-z0-9_-]/g, '_');
}
