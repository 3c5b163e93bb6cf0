import { ok, type Refusal, type Result } from '../../base/index.ts';
import type { Entry, Tree } from '../../workflow/index.ts';
import type { Source } from '../repository/model.ts';
import { entriesOf, itemsOf, spanOf, textOf, valueOf } from '../repository/tree.ts';
import type { LockedWorkflow, OwnLock, OwnLockEntry, Pin } from './model.ts';
import { pinOf } from './pin.ts';
import { unreliable } from './unreliable.ts';

const KINDS = ['tag', 'branch', 'tag and branch', 'commit'] as const;

/** Reads `cofferdam.lock`, strictly: a key that it does not know, or a value of another form, is refused. The file may come from a stranger. */
export function readOwnLock(source: Source, tree: Tree): Result<OwnLock, Refusal> {
  const version = textOf(valueOf(tree, 'version'))?.text;
  if (version !== '1')
    return unreliable(source, tree, `its version is ${JSON.stringify(version ?? '')}, and 1 is known`);
  const stray = unknownIn(tree, ['version', 'workflows', 'actions', 'images']);
  if (stray !== undefined)
    return unreliable(source, stray.value, `there is no key ${JSON.stringify(stray.key)} in it`);
  const workflows = new Map<string, LockedWorkflow>();
  for (const { key, value } of entriesOf(valueOf(tree, 'workflows'))) {
    const actions = pinsIn(valueOf(value, 'actions'));
    const images = wordsIn(valueOf(value, 'images'));
    if (
      actions === undefined ||
      images === undefined ||
      unknownIn(value, ['actions', 'images']) !== undefined
    )
      return unreliable(source, value, `its entry ${JSON.stringify(key.slice(0, 200))} is not of its form`);
    workflows.set(key, { actions, images });
  }
  const actions = new Map<Pin, OwnLockEntry>();
  for (const entry of entriesOf(valueOf(tree, 'actions'))) {
    const pin = pinOf(entry.key);
    const read = pin === entry.key ? entryFrom(source, entry) : undefined;
    if (read === undefined)
      return unreliable(
        source,
        entry.value,
        `its entry ${JSON.stringify(entry.key.slice(0, 200))} is not of its form`,
      );
    actions.set(entry.key, read);
  }
  const images = new Map<string, string | undefined>();
  for (const { key, value } of entriesOf(valueOf(tree, 'images'))) {
    const digest = textOf(value)?.text;
    const none = value.kind === 'scalar' && value.value === null;
    if (!none && !/^sha256:[0-9a-f]{64}$/.test(digest ?? ''))
      return unreliable(
        source,
        value,
        `the image ${JSON.stringify(key.slice(0, 200))} has no digest of its form`,
      );
    images.set(key, digest);
  }
  return ok({ workflows, actions, images });
}

function entryFrom(source: Source, { key, keyAt, value }: Entry): OwnLockEntry | undefined {
  const word = (name: string): string => textOf(valueOf(value, name))?.text ?? '';
  const [, commit] = /^sha1-([0-9a-f]{40})$/.exec(word('commit')) ?? [];
  const kind = KINDS.find((one) => one === word('kind'));
  const tags = wordsIn(valueOf(value, 'tags'));
  const uses = pinsIn(valueOf(value, 'uses'));
  const images = wordsIn(valueOf(value, 'images'));
  const paths = wordsIn(valueOf(value, 'paths'));
  const whole =
    /^sha256-[0-9a-f]{64}$/.test(word('tree')) &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(word('committed')) &&
    unknownIn(value, ['commit', 'tree', 'kind', 'tags', 'committed', 'paths', 'uses', 'images']) ===
      undefined;
  if (!whole || commit === undefined || kind === undefined || tags === undefined) return undefined;
  if (uses === undefined || images === undefined || paths === undefined) return undefined;
  const ref = key.slice(key.indexOf('@') + 1);
  if (/^[0-9a-f]{40}$/.test(ref) && ref !== commit) return undefined;
  const at = spanOf(source, keyAt, key.length);
  return { at, commit, tree: word('tree'), kind, tags, committed: word('committed'), paths, uses, images };
}

/** An absent list is an empty one; undefined when it holds something else than what it should. */
function wordsIn(tree: Tree | undefined): readonly string[] | undefined {
  const words = itemsOf(tree).map((item) => textOf(item)?.text);
  const found = words.filter((word) => word !== undefined);
  return found.length === words.length && (tree === undefined || tree.kind === 'sequence')
    ? found
    : undefined;
}

function pinsIn(tree: Tree | undefined): readonly Pin[] | undefined {
  const words = wordsIn(tree);
  return words?.every((word) => pinOf(word) === word) === true ? words : undefined;
}

function unknownIn(tree: Tree, known: readonly string[]): Entry | undefined {
  return entriesOf(tree).find(({ key }) => !known.includes(key));
}
