import { posix } from 'node:path';
import { ok, type Refusal, type Result } from '../../base/index.ts';
import { readYaml, type Tree } from '../../workflow/index.ts';
import { ACTIONS_LOCK, type Locks } from '../lock/model.ts';
import { readActionsLock } from '../lock/read-actions-lock.ts';
import { readOwnLock } from '../lock/read-own-lock.ts';
import type { GatheredFile } from './gather-files.ts';
import type {
  ActionFile,
  OwnersEntry,
  Repository,
  Source,
  TreeFile,
  Trigger,
  WorkflowFile,
} from './model.ts';
import { inputsOf, jobOf, maybe, permissionsOf, shellDefault, stepsOf } from './read-part.ts';
import { assignmentsOf, entriesOf, entryOf, itemsOf, sourceOf, spanOf, textOf, valueOf } from './tree.ts';

const MAX_OWNERS = 10_000;

/** Another way to the tree of a file than reading it: it gives what `readYaml` gives for these bytes. */
export type TreeReader = typeof readYaml;

/** Makes the model of what was gathered. Each file is read by itself; what cannot be is among `unread`, with its place. */
export async function readRepository(
  files: readonly GatheredFile[],
  treeOf: TreeReader = readYaml,
): Promise<Repository> {
  const workflows: WorkflowFile[] = [];
  const actions: ActionFile[] = [];
  const dependabot: TreeFile[] = [];
  const policies: TreeFile[] = [];
  const preCommit: TreeFile[] = [];
  const unread: { path: string; why: Refusal }[] = [];
  let locks: Locks = {};
  let codeowners: Repository['codeowners'];
  const decoder = new TextDecoder();
  for (const file of files) {
    if (!file.read.ok) {
      unread.push({ path: file.path, why: file.read.error });
      continue;
    }
    const bytes = file.read.value;
    if (file.kind === 'codeowners') {
      codeowners ??= { path: file.path, entries: ownersIn(decoder.decode(bytes)) };
      continue;
    }
    const text = decoder.decode(bytes);
    const tree = await treeOf(file.path, bytes, text);
    if (!('kind' in tree)) {
      for (const why of tree) unread.push({ path: file.path, why });
      continue;
    }
    const source = sourceOf(file.path, text);
    if (file.kind === 'workflow') workflows.push(workflowFrom(source, tree));
    else if (file.kind === 'action') actions.push(actionFrom(source, tree));
    else if (file.kind === 'lock') {
      const lock = lockFrom(source, tree);
      if (lock.ok) locks = { ...locks, ...lock.value };
      else unread.push({ path: file.path, why: lock.error });
    } else if (file.kind === 'pre-commit') preCommit.push({ source, tree });
    else (file.kind === 'dependabot' ? dependabot : policies).push({ source, tree });
  }
  return {
    workflows,
    actions,
    dependabot,
    policies,
    preCommit,
    locks,
    unread,
    ...maybe('codeowners', codeowners),
  };
}

function lockFrom(source: Source, tree: Tree): Result<Locks, Refusal> {
  if (source.path === ACTIONS_LOCK) {
    const actions = readActionsLock(source, tree);
    return actions.ok ? ok({ actions: actions.value }) : actions;
  }
  const own = readOwnLock(source, tree);
  return own.ok ? ok({ own: own.value }) : own;
}

function workflowFrom(source: Source, tree: Tree): WorkflowFile {
  return {
    kind: 'workflow',
    source,
    tree,
    triggers: triggersOf(source, valueOf(tree, 'on')),
    env: assignmentsOf(valueOf(tree, 'env')),
    hasConcurrency: entryOf(tree, 'concurrency') !== undefined,
    jobs: entriesOf(valueOf(tree, 'jobs')).map(({ key, keyAt, value }) => jobOf(source, key, keyAt, value)),
    ...maybe('name', textOf(valueOf(tree, 'name'))),
    ...maybe('runName', textOf(valueOf(tree, 'run-name'))),
    ...maybe('permissions', permissionsOf(source, tree)),
    ...maybe('defaultShell', shellDefault(tree)),
  };
}

function triggersOf(source: Source, tree: Tree | undefined): readonly Trigger[] {
  const one = textOf(tree);
  const named = one === undefined ? itemsOf(tree).flatMap((item) => textOf(item) ?? []) : [one];
  return [
    ...named.map(({ text, at }) => ({ event: text, at: spanOf(source, at, text.length), inputs: [] })),
    ...entriesOf(tree).map(({ key, keyAt, value }) => ({
      event: key,
      at: spanOf(source, keyAt, key.length),
      value,
      inputs: inputsOf(source, valueOf(value, 'inputs')),
    })),
  ];
}

function actionFrom(source: Source, tree: Tree): ActionFile {
  const runs = valueOf(tree, 'runs');
  return {
    kind: 'action',
    source,
    tree,
    folder: posix.dirname(source.path),
    inputs: inputsOf(source, valueOf(tree, 'inputs')),
    outputs: entriesOf(valueOf(tree, 'outputs')).flatMap(({ key, value }) => {
      const text = textOf(valueOf(value, 'value'));
      return text === undefined ? [] : [{ name: key, value: text }];
    }),
    using: textOf(valueOf(runs, 'using'))?.text ?? '',
    steps: stepsOf(source, valueOf(runs, 'steps')),
    ...maybe('image', textOf(valueOf(runs, 'image'))),
  };
}

function ownersIn(text: string): readonly OwnersEntry[] {
  return text
    .split('\n', MAX_OWNERS)
    .map((line, index) => ({
      words: line
        .replace(/(^|\s)#.*$/, '')
        .trim()
        .split(/\s+/),
      line: index + 1,
    }))
    .flatMap(({ words: [pattern = '', ...owners], line }) =>
      pattern === '' ? [] : [{ pattern, owners, line }],
    );
}
