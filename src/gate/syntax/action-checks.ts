import type { ActionFile } from '../repository/model.ts';
import { entriesOf, entryOf, textOf, valueOf } from '../repository/tree.ts';
import { COLORS, ICONS } from '../known/branding.ts';
import { FILLED, type Shape, text } from './shape.ts';
import type { Walk } from './walk.ts';
import { checkSteps } from './workflow-checks.ts';

const USING = ['composite', 'docker', 'node20', 'node24'];
const PRE_AND_POST = { 'pre-if': condition(), 'post-if': condition() };

function condition(): Shape {
  return { kind: 'text', place: 'actionIf', wanted: 'condition' };
}

const NODE: Shape = {
  kind: 'mapping',
  what: 'runs of a JavaScript action',
  required: ['main'],
  keys: { using: FILLED, main: FILLED, pre: FILLED, post: FILLED, ...PRE_AND_POST },
};
const DOCKER: Shape = {
  kind: 'mapping',
  what: 'runs of a Docker action',
  required: ['image'],
  keys: {
    using: FILLED,
    image: FILLED,
    entrypoint: FILLED,
    args: { kind: 'list', what: 'args', items: text('dockerRun') },
    env: { kind: 'names', what: 'env', name: 'variable', values: text('dockerRun') },
    'pre-entrypoint': FILLED,
    'post-entrypoint': FILLED,
    ...PRE_AND_POST,
  },
};
const COMPOSITE: Shape = {
  kind: 'mapping',
  what: 'runs of a composite action',
  required: ['steps'],
  keys: {
    using: FILLED,
    steps: { kind: 'list', what: 'steps', items: { kind: 'composite step' }, filled: true },
  },
};

function runsOf(using: string): Shape {
  if (using === 'composite') return COMPOSITE;
  if (using === 'docker') return DOCKER;
  return /^node\d+$/.test(using)
    ? NODE
    : {
        kind: 'mapping',
        what: 'runs',
        required: ['using'],
        keys: { ...keys(NODE), ...keys(DOCKER), ...keys(COMPOSITE) },
      };
}

function keys(shape: Shape): Readonly<Record<string, Shape>> {
  return shape.kind === 'mapping' ? shape.keys : {};
}

/** What GitHub would refuse of an action's metadata, or ignore. */
export function checkAction(walk: Walk, file: ActionFile): void {
  const { tree, using } = file;
  const root = { name: 'name', at: tree.at };
  const composite = using === 'composite';
  for (const key of ['name', 'description'])
    if (entryOf(tree, key) === undefined)
      walk.problem(tree.at, 1, `the action has no ${key}`, `add ${key}`, 'slight');
  walk.visit(
    tree,
    {
      kind: 'mapping',
      what: 'an action',
      required: ['runs'],
      keys: {
        name: FILLED,
        author: text(),
        description: text(),
        inputs: { kind: 'names', what: 'inputs', name: 'id', values: INPUT },
        outputs: {
          kind: 'names',
          what: 'outputs',
          name: 'id',
          values: {
            kind: 'mapping',
            what: 'an output',
            ...(composite && { required: ['value'] }),
            keys: { description: text(), value: text('actionOutput') },
          },
        },
        runs: runsOf(using),
        branding: BRANDING,
      },
    },
    root,
  );
  if (composite) checkSteps(walk, valueOf(valueOf(tree, 'runs'), 'steps'));
  const runtime = textOf(valueOf(valueOf(tree, 'runs'), 'using'));
  if (runtime !== undefined && !USING.includes(runtime.text))
    walk.problem(
      runtime.at,
      runtime.text.length,
      `${JSON.stringify(runtime.text.slice(0, 60))} is no runtime that GitHub keeps`,
      `use one of ${USING.join(', ')}`,
    );
  checkInputs(walk, file);
  checkBranding(walk, file);
}

const INPUT: Shape = {
  kind: 'mapping',
  what: 'an input',
  keys: {
    description: text(),
    required: { kind: 'truth value', quoted: true },
    default: { kind: 'text', place: 'actionInput', wanted: 'text' },
    deprecationMessage: text(),
    type: text(),
    options: { kind: 'anything' },
  },
};
const BRANDING: Shape = {
  kind: 'mapping',
  what: 'branding',
  keys: { icon: text(), color: text() },
};

function checkInputs(walk: Walk, { tree }: ActionFile): void {
  for (const { key, value } of entriesOf(valueOf(tree, 'inputs'))) {
    const fallback = entryOf(value, 'default');
    if (textOf(valueOf(value, 'required'))?.text !== 'true' || fallback === undefined) continue;
    if (entryOf(value, 'deprecationMessage') !== undefined)
      walk.problem(
        fallback.keyAt,
        fallback.key.length,
        `the input ${key} is deprecated and must be given`,
        'do not require it',
      );
  }
}

function checkBranding(walk: Walk, { tree }: ActionFile): void {
  const branding = valueOf(tree, 'branding');
  for (const [key, known] of [
    ['icon', ICONS],
    ['color', COLORS],
  ] as const) {
    const given = textOf(valueOf(branding, key));
    if (given !== undefined && !known.includes(given.text))
      walk.problem(
        given.at,
        given.text.length,
        `${JSON.stringify(given.text.slice(0, 60))} is no ${key} of GitHub’s`,
        'use one of its metadata reference',
        'slight',
      );
  }
}
