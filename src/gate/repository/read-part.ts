import { posix } from 'node:path';
import type { Text, Tree } from '../../workflow/index.ts';
import type {
  ContainerPart,
  InputPart,
  JobPart,
  PermissionsPart,
  Source,
  StepPart,
  UsesPart,
} from './model.ts';
import { assignmentsOf, entriesOf, entryOf, itemsOf, spanOf, textOf, valueOf, wordsOf } from './tree.ts';

const REPOSITORY = /^([\w.-]{1,100}\/[\w.-]{1,100})((?:\/[\w.-]{1,100}){0,10})\/?@(\S{1,255})$/;

type Optional<K extends string, V> = { readonly [key in K]?: V };

/** The property, when there is something to put in it. */
export function maybe<K extends string, V>(key: K, value: V | undefined): Optional<K, V> {
  return value === undefined ? {} : ({ [key]: value } as Optional<K, V>);
}

export function usesOf(text: Text): UsesPart {
  const { text: uses } = text;
  if (uses.startsWith('docker://')) return { ...text, kind: 'docker', image: uses.slice('docker://'.length) };
  // `$/path` is the same repository at the same commit.
  const own = uses.startsWith('$/') ? `./${uses.slice(2)}` : uses;
  if (own.startsWith('./') && own.length <= 1_000) {
    const path = posix.normalize(own);
    return path.startsWith('..') ? { ...text, kind: 'unknown' } : { ...text, kind: 'local', path };
  }
  const [, repository, path = '', ref] = REPOSITORY.exec(uses) ?? [];
  return repository === undefined || ref === undefined
    ? { ...text, kind: 'unknown' }
    : { ...text, kind: 'repository', repository: repository.toLowerCase(), path: path.slice(1), ref };
}

export function inputsOf(source: Source, tree: Tree | undefined): readonly InputPart[] {
  return entriesOf(tree).map(({ key, keyAt, value }) => {
    const required = valueOf(value, 'required');
    return {
      name: key,
      type: textOf(valueOf(value, 'type'))?.text ?? 'string',
      required: required?.kind === 'scalar' && String(required.value) === 'true',
      at: spanOf(source, keyAt, key.length),
      ...maybe('default', textOf(valueOf(value, 'default'))),
    };
  });
}

export function permissionsOf(source: Source, parent: Tree): PermissionsPart | undefined {
  const entry = entryOf(parent, 'permissions');
  if (entry === undefined) return undefined;
  const { value } = entry;
  const word = textOf(value)?.text;
  return {
    at: spanOf(source, entry.keyAt, entry.key.length),
    scopes: entriesOf(value).map(({ key, keyAt, value: level }) => ({
      scope: key,
      level: textOf(level)?.text ?? '',
      at: spanOf(source, keyAt, key.length),
    })),
    ...(word === 'write-all' && { all: 'write' as const }),
    ...(word === 'read-all' && { all: 'read' as const }),
  };
}

function containerOf(source: Source, tree: Tree | undefined): ContainerPart | undefined {
  if (tree === undefined) return undefined;
  const image = textOf(tree) ?? textOf(valueOf(tree, 'image'));
  return {
    at: spanOf(source, image?.at ?? tree.at, image?.text.length ?? 1),
    volumes: wordsOf(valueOf(tree, 'volumes')),
    credentials: assignmentsOf(valueOf(tree, 'credentials')),
    env: assignmentsOf(valueOf(tree, 'env')),
    ...maybe('image', image),
    ...maybe('options', textOf(valueOf(tree, 'options'))),
  };
}

export function stepsOf(source: Source, tree: Tree | undefined): readonly StepPart[] {
  return itemsOf(tree).map((step, index) => stepOf(source, step, index));
}

/** One step. There are more of these than of anything else: its entries are gone through once. */
function stepOf(source: Source, step: Tree, index: number): StepPart {
  const found: { -readonly [key in keyof StepPart]: StepPart[key] } = {
    index,
    at: spanOf(source, step.at),
    env: assignmentsOf(undefined),
    with: assignmentsOf(undefined),
  };
  for (const { key, value } of entriesOf(step)) {
    if (key === 'env' || key === 'with') found[key] = assignmentsOf(value);
    else {
      const text = textOf(value);
      if (text === undefined) continue;
      if (key === 'name' || key === 'if' || key === 'run' || key === 'shell') found[key] = text;
      else if (key === 'uses') found.uses = usesOf(text);
      else if (key === 'id') found.id = text.text;
      else if (key === 'working-directory') found.workingDirectory = text;
      else if (key === 'continue-on-error') found.continueOnError = text;
    }
  }
  return found;
}

export function shellDefault(tree: Tree | undefined): Text | undefined {
  return textOf(valueOf(valueOf(valueOf(tree, 'defaults'), 'run'), 'shell'));
}

export function jobOf(source: Source, id: string, keyAt: Tree['at'], tree: Tree): JobPart {
  const uses = textOf(valueOf(tree, 'uses'));
  const runsOn = valueOf(tree, 'runs-on');
  const secrets = entryOf(tree, 'secrets');
  const environment = valueOf(tree, 'environment');
  return {
    id,
    at: spanOf(source, keyAt, id.length),
    tree,
    needs: wordsOf(valueOf(tree, 'needs')),
    runsOn: runsOn?.kind === 'mapping' ? wordsOf(valueOf(runsOn, 'labels')) : wordsOf(runsOn),
    env: assignmentsOf(valueOf(tree, 'env')),
    outputs: assignmentsOf(valueOf(tree, 'outputs')),
    services: entriesOf(valueOf(tree, 'services')).flatMap(({ value }) => containerOf(source, value) ?? []),
    steps: stepsOf(source, valueOf(tree, 'steps')),
    with: assignmentsOf(valueOf(tree, 'with')),
    secrets: assignmentsOf(secrets?.value),
    ...(textOf(secrets?.value)?.text === 'inherit' &&
      secrets !== undefined && { inheritsSecrets: spanOf(source, secrets.keyAt, 'secrets: inherit'.length) }),
    ...maybe('name', textOf(valueOf(tree, 'name'))),
    ...maybe('if', textOf(valueOf(tree, 'if'))),
    ...maybe('runnerGroup', textOf(valueOf(runsOn, 'group'))),
    ...maybe('permissions', permissionsOf(source, tree)),
    ...maybe('environment', textOf(environment) ?? textOf(valueOf(environment, 'name'))),
    ...maybe('matrix', valueOf(valueOf(tree, 'strategy'), 'matrix')),
    ...maybe('timeout', textOf(valueOf(tree, 'timeout-minutes'))),
    ...maybe('continueOnError', textOf(valueOf(tree, 'continue-on-error'))),
    ...maybe('defaultShell', shellDefault(tree)),
    ...maybe('container', containerOf(source, valueOf(tree, 'container'))),
    ...maybe('uses', uses === undefined ? undefined : usesOf(uses)),
  };
}
