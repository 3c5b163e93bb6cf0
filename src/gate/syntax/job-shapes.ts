import { FILLED, type Shape, text, words } from './shape.ts';

const variables = (
  place: 'workflowEnv' | 'jobEnv' | 'step' | 'compositeStep' | 'containerEnv',
  what = 'env',
): Shape => ({
  kind: 'names',
  what,
  name: 'variable',
  values: text(place),
  place,
  idle: true,
});
const CONCURRENCY = (place: 'run' | 'leg'): Shape => ({
  kind: 'either',
  what: 'concurrency',
  scalar: text(place, { filled: true }),
  mapping: {
    kind: 'mapping',
    what: 'concurrency',
    required: ['group'],
    keys: {
      group: text(place, { filled: true }),
      'cancel-in-progress': { kind: 'truth value', place },
      queue: text(place, { oneOf: ['single', 'max'] }),
    },
  },
});
const DEFAULTS = (place?: 'jobDefaults'): Shape => ({
  kind: 'mapping',
  what: 'defaults',
  idle: true,
  keys: {
    run: {
      kind: 'mapping',
      what: 'defaults.run',
      idle: true,
      keys: { shell: text(place, { filled: true }), 'working-directory': text(place, { filled: true }) },
    },
  },
});
const STRATEGY: Shape = {
  kind: 'mapping',
  what: 'strategy',
  place: 'strategy',
  idle: true,
  keys: {
    matrix: {
      kind: 'either',
      what: 'matrix',
      scalar: { kind: 'text', place: 'strategy', wanted: 'mapping', whole: true },
      mapping: {
        kind: 'names',
        what: 'the matrix',
        name: 'any',
        values: {
          kind: 'either',
          what: 'what the matrix holds',
          scalar: { kind: 'text', place: 'strategy', wanted: 'list', whole: true },
          sequence: { kind: 'anything', place: 'strategy' },
        },
      },
    },
    'fail-fast': { kind: 'truth value', place: 'strategy' },
    'max-parallel': { kind: 'whole number', place: 'strategy' },
  },
};
const listOf = (what: string): Shape => ({
  kind: 'list',
  what,
  items: text('leg', { filled: true }),
  filled: true,
});
const CONTAINER_KEYS: Readonly<Record<string, Shape>> = {
  image: text('leg', { filled: true }),
  options: text('leg'),
  env: variables('containerEnv'),
  ports: listOf('ports'),
  volumes: listOf('volumes'),
  credentials: {
    kind: 'mapping',
    what: 'credentials',
    place: 'credentials',
    required: ['username', 'password'],
    keys: { username: text('credentials'), password: text('credentials') },
  },
};
const CONTAINER = (what: string, more: Readonly<Record<string, Shape>> = {}): Shape => ({
  kind: 'either',
  what,
  scalar: { kind: 'text', place: 'leg', wanted: 'anything', filled: true },
  mapping: { kind: 'mapping', what, required: ['image'], keys: { ...CONTAINER_KEYS, ...more } },
});
const NEEDS = words('needs');

export const JOB: Shape = {
  kind: 'mapping',
  what: 'a job',
  required: ['runs-on', 'steps'],
  keys: {
    name: text('leg'),
    needs: NEEDS,
    'cache-mode': text('leg', { oneOf: ['read', 'write', 'write-only', 'read-write', 'none'] }),
    if: { kind: 'text', place: 'jobIf', wanted: 'condition' },
    'runs-on': {
      kind: 'either',
      what: 'runs-on',
      scalar: { kind: 'text', place: 'leg', filled: true, wanted: 'words' },
      sequence: { kind: 'list', what: 'runs-on', items: text('leg', { filled: true }), filled: true },
      mapping: {
        kind: 'mapping',
        what: 'runs-on',
        keys: { group: text('leg', { filled: true }), labels: words('runs-on.labels', 'leg') },
      },
    },
    permissions: { kind: 'permissions' },
    environment: {
      kind: 'either',
      what: 'environment',
      scalar: text('leg', { filled: true }),
      mapping: {
        kind: 'mapping',
        what: 'environment',
        required: ['name'],
        keys: {
          name: text('leg', { filled: true }),
          url: text('environmentUrl'),
          deployment: { kind: 'truth value', place: 'leg' },
        },
      },
    },
    concurrency: CONCURRENCY('leg'),
    outputs: { kind: 'names', what: 'outputs', name: 'id', values: text('jobOutput'), idle: true },
    env: variables('jobEnv'),
    defaults: DEFAULTS('jobDefaults'),
    steps: { kind: 'list', what: 'steps', items: { kind: 'step' }, filled: true },
    'timeout-minutes': { kind: 'number', place: 'leg' },
    'cancel-timeout-minutes': { kind: 'number', place: 'leg' },
    strategy: STRATEGY,
    'continue-on-error': { kind: 'truth value', place: 'leg' },
    container: CONTAINER('container'),
    services: {
      kind: 'names',
      what: 'services',
      name: 'id',
      place: 'leg',
      idle: true,
      values: CONTAINER('a service', { entrypoint: text('leg'), command: text('leg') }),
    },
    snapshot: {
      kind: 'either',
      what: 'snapshot',
      scalar: text('leg', { filled: true }),
      mapping: {
        kind: 'mapping',
        what: 'snapshot',
        required: ['image-name'],
        keys: {
          'image-name': text('leg', { filled: true }),
          version: text('leg'),
          if: { kind: 'text', place: 'snapshotIf', wanted: 'condition' },
        },
      },
    },
  },
};

export const CALL_JOB: Shape = {
  kind: 'mapping',
  what: 'a job that calls a workflow',
  required: ['uses'],
  keys: {
    name: text('leg'),
    uses: FILLED,
    with: { kind: 'names', what: 'with', name: 'any', idle: true, values: text('leg') },
    secrets: {
      kind: 'either',
      what: 'secrets',
      scalar: text(undefined, { oneOf: ['inherit'] }),
      mapping: { kind: 'names', what: 'secrets', name: 'any', values: text('jobEnv') },
    },
    needs: NEEDS,
    if: { kind: 'text', place: 'jobIf', wanted: 'condition' },
    permissions: { kind: 'permissions' },
    concurrency: CONCURRENCY('leg'),
    strategy: STRATEGY,
  },
};

const stepKeys = (place: 'step' | 'compositeStep', condition: 'stepIf' | 'compositeIf') => ({
  name: text(place),
  id: FILLED,
  if: { kind: 'text', place: condition, wanted: 'condition' } as const,
  env: variables(place),
  'continue-on-error': { kind: 'truth value', place } as const,
  'working-directory': text(place, { filled: true }),
});
type Keys = Readonly<Record<string, Shape>>;
const step = (what: string, keys: Keys, required: readonly string[]): Shape => ({
  kind: 'mapping',
  what,
  keys,
  required,
});
const { 'working-directory': FOLDER, ...STEP_KEYS } = stepKeys('step', 'stepIf');
const TIMED: Keys = {
  ...STEP_KEYS,
  'timeout-minutes': { kind: 'number', place: 'step' },
  background: { kind: 'truth value' },
};
const WITH = (place: 'step' | 'compositeStep'): Shape => ({
  kind: 'names',
  what: 'with',
  name: 'any',
  values: text(place),
  place,
  idle: true,
});
const WAITING: Keys = {
  name: text('step'),
  id: FILLED,
  'continue-on-error': { kind: 'truth value', place: 'step' },
};

/** By the key that makes a step what it is. */
export const STEPS: Readonly<Record<string, Shape>> = {
  run: step(
    'a step that runs a script',
    { ...TIMED, run: text('step', { filled: true }), shell: FILLED, 'working-directory': FOLDER },
    ['run'],
  ),
  uses: step('a step that uses an action', { ...TIMED, uses: FILLED, with: WITH('step') }, ['uses']),
  wait: step('a step that waits', { ...WAITING, wait: words('wait') }, ['wait']),
  'wait-all': step('a step that waits', { ...WAITING, 'wait-all': { kind: 'truth value', empty: true } }, [
    'wait-all',
  ]),
  cancel: step('a step that cancels', { ...WAITING, cancel: FILLED }, ['cancel']),
  parallel: step(
    'steps beside one another',
    { parallel: { kind: 'list', what: 'parallel', items: { kind: 'step' } } },
    ['parallel'],
  ),
};

const COMPOSITE_KEYS = stepKeys('compositeStep', 'compositeIf');
const { 'working-directory': COMPOSITE_FOLDER, ...COMPOSITE_PLAIN } = COMPOSITE_KEYS;
export const COMPOSITE_STEPS: Readonly<Record<string, Shape>> = {
  run: step(
    'a run step of a composite action',
    {
      ...COMPOSITE_PLAIN,
      run: text('compositeStep', { filled: true }),
      shell: text('compositeStep', { filled: true }),
      'working-directory': COMPOSITE_FOLDER,
    },
    ['run', 'shell'],
  ),
  uses: step(
    'a step of a composite action',
    { ...COMPOSITE_PLAIN, uses: FILLED, with: WITH('compositeStep') },
    ['uses'],
  ),
};

export const WORKFLOW: Shape = {
  kind: 'mapping',
  what: 'a workflow',
  required: ['on', 'jobs'],
  keys: {
    name: text(),
    description: text(),
    'run-name': text('run', { filled: true }),
    on: { kind: 'event list' },
    permissions: { kind: 'permissions' },
    env: variables('workflowEnv'),
    defaults: DEFAULTS(),
    concurrency: CONCURRENCY('run'),
    jobs: { kind: 'names', what: 'jobs', name: 'id', values: { kind: 'job' }, filled: true },
  },
};
