import type {
  Job,
  MatrixSource,
  MatrixValue,
  PermissionLevel,
  Permissions,
  RunDefaults,
  Text,
} from '../model.ts';
import { readSteps } from './read-steps.ts';
import type { Reader } from './reader.ts';
import type { Tree } from './yaml-tree.ts';

export const JOB_KEYS = [
  'name',
  'needs',
  'if',
  'runs-on',
  'permissions',
  'environment',
  'concurrency',
  'outputs',
  'env',
  'defaults',
  'steps',
  'timeout-minutes',
  'strategy',
  'continue-on-error',
  'container',
  'services',
  'uses',
  'with',
  'secrets',
  'snapshot',
  'cancel-timeout-minutes',
] as const;

/** Parts of the syntax that this version does not run: refused with their place before anything runs, never skipped. */
const UNSUPPORTED: Readonly<Partial<Record<(typeof JOB_KEYS)[number], string>>> = {
  container: 'run the steps in the sandbox itself; what they need can be installed in /usr of the machine',
  services: 'start the service in a step: it lives until the job ends',
  uses: 'copy the called workflow\u2019s jobs into this one',
  snapshot: 'remove it',
  concurrency: 'remove it: a local run has no other to wait for',
  'cancel-timeout-minutes': 'remove it: a cancelled step has 10 seconds to end',
};

export function readJob(reader: Reader, id: string, tree: Tree): Job | undefined {
  const keys = reader.mapping(tree, `the job ${id}`, JOB_KEYS);
  if (tree.kind !== 'mapping') return undefined;
  for (const [key, fix] of Object.entries(UNSUPPORTED)) {
    if (keys[key as (typeof JOB_KEYS)[number]] !== undefined) reader.unsupported(tree, key, 'a job', fix);
  }
  if (keys.uses !== undefined) return undefined;
  for (const key of ['with', 'secrets'] as const)
    if (keys[key] !== undefined)
      reader.refuse('job', `a job with steps has no ${key}`, 'remove it', keys[key].at);
  if (keys['runs-on'] === undefined)
    reader.refuse('job', `the job ${id} has no runs-on`, 'add runs-on: ubuntu-latest', tree.at);
  if (keys.steps === undefined) {
    return reader.refuse('job', `the job ${id} has no steps`, 'add steps', tree.at);
  }
  const strategy =
    keys.strategy === undefined
      ? {}
      : reader.mapping(keys.strategy, 'strategy', ['matrix', 'fail-fast', 'max-parallel']);
  const environment = readEnvironment(reader, keys.environment);
  const permissions = readPermissions(reader, keys.permissions);
  const matrix = strategy.matrix === undefined ? undefined : readMatrix(reader, strategy.matrix);
  return {
    id,
    needs: reader.words(keys.needs, 'needs').map((need) => need.text),
    runsOn: readRunsOn(reader, keys['runs-on']),
    env: reader.assignments(keys.env, 'env'),
    defaults: readDefaults(reader, keys.defaults),
    outputs: reader.assignments(keys.outputs, 'outputs'),
    steps: readSteps(reader, keys.steps, `the job ${id}`),
    at: tree.at,
    ...text('name', reader.text(keys.name, 'name')),
    ...text('if', reader.text(keys.if, 'if')),
    ...text('timeoutMinutes', reader.text(keys['timeout-minutes'], 'timeout-minutes')),
    ...text('continueOnError', reader.text(keys['continue-on-error'], 'continue-on-error')),
    ...text('failFast', reader.text(strategy['fail-fast'], 'fail-fast')),
    ...text('maxParallel', reader.text(strategy['max-parallel'], 'max-parallel')),
    ...(environment !== undefined && { environment }),
    ...(permissions !== undefined && { permissions }),
    ...(matrix !== undefined && { matrix }),
  };
}

function text<K extends string>(key: K, value: Text | undefined): Partial<Record<K, Text>> {
  return value === undefined ? {} : ({ [key]: value } as Partial<Record<K, Text>>);
}

function readRunsOn(reader: Reader, tree: Tree | undefined): readonly Text[] {
  if (tree === undefined || tree.kind !== 'mapping') return reader.words(tree, 'runs-on');
  const keys = reader.mapping(tree, 'runs-on', ['group', 'labels']);
  if (keys.group !== undefined)
    reader.unsupported(tree, 'group', 'runs-on', 'name labels: there are no runner groups on one machine');
  return reader.words(keys.labels, 'runs-on.labels');
}

export function readDefaults(reader: Reader, tree: Tree | undefined): RunDefaults {
  if (tree === undefined) return {};
  const { run } = reader.mapping(tree, 'defaults', ['run']);
  if (run === undefined) return {};
  const keys = reader.mapping(run, 'defaults.run', ['shell', 'working-directory']);
  return {
    ...text('shell', reader.text(keys.shell, 'shell')),
    ...text('workingDirectory', reader.text(keys['working-directory'], 'working-directory')),
  };
}

function readEnvironment(reader: Reader, tree: Tree | undefined): Job['environment'] {
  if (tree === undefined) return undefined;
  if (tree.kind === 'scalar') return { name: { text: tree.text, at: tree.at } };
  const keys = reader.mapping(tree, 'environment', ['name', 'url', 'deployment']);
  const name = reader.text(keys.name, 'environment.name');
  if (name === undefined) return reader.refuse('job', 'the environment has no name', 'add its name', tree.at);
  return { name, ...text('url', reader.text(keys.url, 'environment.url')) };
}

const SCOPES = [
  'actions',
  'attestations',
  'artifact-metadata',
  'checks',
  'contents',
  'deployments',
  'discussions',
  'id-token',
  'issues',
  'models',
  'packages',
  'pages',
  'pull-requests',
  'repository-projects',
  'security-events',
  'statuses',
  'copilot-requests',
  'vulnerability-alerts',
  'organization-packages',
] as const;

export function readPermissions(reader: Reader, tree: Tree | undefined): Permissions | undefined {
  if (tree === undefined) return undefined;
  if (tree.kind === 'scalar') {
    if (tree.value === null) return {};
    if (tree.text !== 'read-all' && tree.text !== 'write-all') {
      return reader.refuse(
        'permissions',
        `${JSON.stringify(tree.text.slice(0, 60))} is no set of permissions`,
        'use read-all, write-all, {} or a mapping',
        tree.at,
      );
    }
    const level: PermissionLevel = tree.text === 'read-all' ? 'read' : 'write';
    return Object.fromEntries(SCOPES.map((scope) => [scope, level]));
  }
  const keys = reader.mapping(tree, 'permissions', SCOPES);
  const granted: Record<string, PermissionLevel> = {};
  for (const scope of SCOPES) {
    const value = keys[scope];
    if (value === undefined) continue;
    const level = (['none', 'read', 'write'] as const).find(
      (candidate) => value.kind === 'scalar' && candidate === value.text,
    );
    if (level === undefined)
      reader.refuse(
        'permissions',
        `the level of ${scope} is none of none, read, write`,
        'use one of them',
        value.at,
      );
    else granted[scope] = level;
  }
  return granted;
}

function readMatrix(reader: Reader, tree: Tree): MatrixSource | undefined {
  if (tree.kind === 'scalar') {
    if (tree.text.includes('${{'))
      return { kind: 'expression', text: { text: tree.text, at: tree.at }, at: tree.at };
    return reader.refuse(
      'matrix',
      'the matrix is not a mapping',
      'write its vectors, or one expression',
      tree.at,
    );
  }
  if (tree.kind === 'sequence')
    return reader.refuse('matrix', 'the matrix is not a mapping', 'write its vectors by name', tree.at);
  for (const { key, value } of tree.entries)
    if (value.kind === 'sequence' && value.items.length === 0 && key !== 'include' && key !== 'exclude')
      reader.refuse(
        'matrix',
        `the matrix’s ${JSON.stringify(key.slice(0, 60))} has no values`,
        'give it a value, or remove it',
        value.at,
      );
  return { kind: 'mapping', value: plain(tree), at: tree.at };
}

function plain(tree: Tree): MatrixValue {
  switch (tree.kind) {
    case 'scalar':
      return tree.value;
    case 'sequence':
      return tree.items.map(plain);
    case 'mapping':
      return Object.fromEntries(tree.entries.map(({ key, value }) => [key, plain(value)]));
  }
}
