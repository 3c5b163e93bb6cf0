import { ok, type Json, type Refusal, type Result } from '../../base/index.ts';
import type { Entry, Tree } from '../../workflow/index.ts';
import type { Source } from '../repository/model.ts';
import { entriesOf, itemsOf, spanOf, textOf, valueOf } from '../repository/tree.ts';
import type { ActionsLock, ActionsLockEntry, Pin } from './model.ts';
import { pinOf } from './pin.ts';
import { unreliable } from './unreliable.ts';

const VERSIONS = ['v0.0.1', 'v0.0.2', 'v0.0.3'];
const KNOWN = new Set(['ref', 'commit', 'owner_id', 'repo_id', 'uses', 'tag', 'branch']);

/**
 * Reads GitHub's `actions.lock` of versions 0.0.1 to 0.0.3. Keys that it does not know are kept. Refused: another version, a pin that
 * is none, a commit that is no digest, an entry that lacks one. The file may come from a stranger.
 */
export function readActionsLock(source: Source, tree: Tree): Result<ActionsLock, Refusal> {
  const version = textOf(valueOf(tree, 'version'))?.text ?? '';
  if (!VERSIONS.includes(version))
    return unreliable(
      source,
      tree,
      `its version is ${JSON.stringify(version)}, and ${VERSIONS.join(', ')} are known`,
    );
  const dependencies = new Map<Pin, ActionsLockEntry>();
  for (const entry of entriesOf(valueOf(tree, 'dependencies'))) {
    const pin = pinOf(entry.key);
    const read = pin === undefined ? undefined : entryFrom(source, entry, pin);
    if (pin === undefined || read === undefined)
      return unreliable(
        source,
        entry.value,
        `its entry ${JSON.stringify(entry.key.slice(0, 200))} is not of its form`,
      );
    if (dependencies.has(pin)) return unreliable(source, entry.value, `it has ${pin} twice`);
    dependencies.set(pin, read);
  }
  const workflows = new Map<string, readonly Pin[]>();
  for (const { key, value } of entriesOf(valueOf(tree, 'workflows'))) {
    const pins = pinsOf(value);
    if (pins === undefined)
      return unreliable(source, value, `what it lists for ${JSON.stringify(key)} is no pin`);
    workflows.set(key, pins);
  }
  const lines = source.text.split('\n', 20);
  const end = lines.findIndex((line) => !line.startsWith('#'));
  const header = lines.slice(0, Math.max(0, end));
  const unknown = others(tree, new Set(['version', 'workflows', 'dependencies']));
  return ok({ version, header, workflows, dependencies, unknown });
}

function entryFrom(source: Source, { key, keyAt, value }: Entry, pin: Pin): ActionsLockEntry | undefined {
  const word = (name: string): string | undefined => textOf(valueOf(value, name))?.text;
  const [, digest] = /^sha(?:1|256)-([0-9a-f]{40}|[0-9a-f]{64})$/.exec(word('commit') ?? '') ?? [];
  // 0.0.1 has a tag and a branch in the place of the ref.
  const ref = word('ref') ?? word('tag') ?? word('branch');
  const ownerId = Number(word('owner_id'));
  const repositoryId = Number(word('repo_id'));
  const uses = valueOf(value, 'uses') === undefined ? [] : pinsOf(valueOf(value, 'uses'));
  const whole = [ownerId, repositoryId].every((id) => Number.isSafeInteger(id) && id > 0);
  if (digest === undefined || ref === undefined || ref === '' || uses === undefined || !whole)
    return undefined;
  // A commit that is written out is that commit.
  const written = pin.slice(pin.indexOf('@') + 1);
  if (/^[0-9a-f]{40}$/.test(written) ? written !== digest : word('ref') !== undefined && ref !== written)
    return undefined;
  return {
    at: spanOf(source, keyAt, key.length),
    ref,
    commit: digest,
    ownerId,
    repositoryId,
    uses,
    unknown: others(value, KNOWN),
  };
}

function pinsOf(tree: Tree | undefined): readonly Pin[] | undefined {
  const pins = itemsOf(tree).map((item) => pinOf(textOf(item)?.text ?? ''));
  const found = pins.filter((pin) => pin !== undefined);
  return found.length === pins.length ? found : undefined;
}

function others(tree: Tree, known: ReadonlySet<string>): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    entriesOf(tree)
      .filter(({ key }) => !known.has(key))
      .map(({ key, value }) => [key, jsonOf(value)]),
  );
}

function jsonOf(tree: Tree): Json {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'sequence') return tree.items.map(jsonOf);
  return Object.fromEntries(tree.entries.map(({ key, value }) => [key, jsonOf(value)]));
}
