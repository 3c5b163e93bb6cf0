import { err, ok, type Refusal, type Result } from '../../base/index.ts';
import type { ActionMetadata, Step, Text } from '../model.ts';
import { checkActionExpressions } from './check-expressions.ts';
import { readSteps } from './read-steps.ts';
import { Reader } from './reader.ts';
import { readYaml, type Tree } from './yaml-tree.ts';

const KEYS = ['name', 'author', 'description', 'inputs', 'outputs', 'runs', 'branding'] as const;
export const RUNS_KEYS = [
  'using',
  'steps',
  'main',
  'pre',
  'pre-if',
  'post',
  'post-if',
  'image',
  'entrypoint',
  'args',
  'env',
  'plugin',
] as const;
/** For actions that are containers or the runner's own. */
const OF_CONTAINERS = ['image', 'entrypoint', 'args', 'env', 'plugin'] as const;
/** GitHub runs actions for node12 and node16 with node20. */
const NODE: Readonly<Record<string, number>> = { node12: 20, node16: 20, node20: 20, node24: 24 };

/** Reads the `action.yml` of a local action; it lies in the workspace, and so is the job's own word. */
export async function readActionMetadata(
  label: string,
  bytes: Uint8Array,
): Promise<Result<ActionMetadata, readonly Refusal[]>> {
  const tree = await readYaml(label, bytes);
  if (!('kind' in tree)) return err(tree);
  const reader = new Reader();
  const keys = reader.mapping(tree, 'an action', KEYS);
  if (keys.runs === undefined) {
    reader.refuse('action', 'the action has no runs', 'say how it runs', tree.at);
    return err(reader.refusals);
  }
  const runs = readRuns(reader, keys.runs);
  if (runs === undefined || reader.refusals.length > 0) return err(reader.refusals);
  const metadata: ActionMetadata = {
    name: reader.text(keys.name, 'name')?.text ?? label,
    inputs: section(reader, keys.inputs, 'inputs', [
      'description',
      'required',
      'default',
      'deprecationMessage',
    ]).map(({ name, keys: input }) => {
      const fallback = reader.text(input['default'], 'default');
      return {
        name,
        required: input['required']?.kind === 'scalar' && String(input['required'].value) === 'true',
        ...(fallback !== undefined && { default: fallback }),
      };
    }),
    outputs: section(reader, keys.outputs, 'outputs', ['description', 'value']).map(
      ({ name, keys: output }) => {
        const value = reader.text(output['value'], 'value');
        return { name, ...(value !== undefined && { value }) };
      },
    ),
    runs,
    at: tree.at,
  };
  reader.take(checkActionExpressions(metadata));
  const refused = [...reader.refusals, ...reader.lacks];
  return refused.length > 0 ? err(refused) : ok(metadata);
}

function section(reader: Reader, tree: Tree | undefined, what: string, allowed: readonly string[]) {
  if (tree === undefined || (tree.kind === 'scalar' && tree.value === null)) return [];
  return reader.entries(tree, what).map(({ key, value }) => ({
    name: key,
    keys: (value.kind === 'scalar' ? {} : reader.mapping(value, `${what}.${key}`, allowed)) as Readonly<
      Record<string, Tree | undefined>
    >,
  }));
}

function readRuns(reader: Reader, tree: Tree): ActionMetadata['runs'] | undefined {
  const keys = reader.mapping(tree, 'runs', RUNS_KEYS);
  const using = reader.text(keys.using, 'using')?.text ?? '';
  for (const key of OF_CONTAINERS)
    if (keys[key] !== undefined) reader.unsupported(tree, key, 'runs', 'remove it');
  if (using === 'composite') {
    if (keys.steps === undefined)
      return reader.refuse('action', 'the composite action has no steps', 'add steps', tree.at);
    const steps = readSteps(reader, keys.steps, 'a composite action');
    for (const step of steps) checkCompositeStep(reader, step);
    return { using: 'composite', steps };
  }
  const version = Object.hasOwn(NODE, using) ? NODE[using] : undefined;
  if (version === undefined) {
    return reader.refuse(
      'unsupported',
      `actions that run by ${JSON.stringify(using.slice(0, 40))} are not supported`,
      'use composite, node20 or node24',
      keys.using?.at ?? tree.at,
    );
  }
  const main = script(reader, keys.main, 'main');
  if (main === undefined)
    return reader.refuse('action', 'the action has no main', 'name its script', tree.at);
  const pre = script(reader, keys.pre, 'pre');
  const post = script(reader, keys.post, 'post');
  const preIf = reader.text(keys['pre-if'], 'pre-if');
  const postIf = reader.text(keys['post-if'], 'post-if');
  return {
    using: 'node',
    version,
    main,
    ...(pre !== undefined && { pre }),
    ...(post !== undefined && { post }),
    ...condition('preIf', preIf),
    ...condition('postIf', postIf),
  };
}

/** A composite action inherits no shell, and its steps have no time-out of their own (GitHub's metadata syntax). */
function checkCompositeStep(reader: Reader, step: Step): void {
  if (step.kind === 'run' && step.shell === undefined)
    reader.refuse('action', 'a run step of a composite action has no shell', 'add shell: bash', step.at);
  if (step.timeoutMinutes !== undefined)
    reader.refuse(
      'action',
      'a step of a composite action has no timeout-minutes',
      'set it on the step that uses the action',
      step.timeoutMinutes.at,
    );
}

function condition<K extends string>(key: K, value: Text | undefined): Partial<Record<K, Text>> {
  return value === undefined ? {} : ({ [key]: value } as Partial<Record<K, Text>>);
}

/** A script may lie outside the action's folder (`../dist/index.js`): the job starts it, with the job's rights. */
function script(reader: Reader, tree: Tree | undefined, what: string): string | undefined {
  return reader.text(tree, what)?.text;
}
