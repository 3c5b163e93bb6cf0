import type { Reader } from './reader.ts';
import type { Tree } from './yaml-tree.ts';

const TYPES = ['string', 'boolean', 'number'];

/**
 * Checks `on.workflow_call`: no event starts it on one machine, so nothing of it is kept, and still nothing in it may be
 * unknown.
 */
export function checkCall(reader: Reader, tree: Tree): void {
  const keys = reader.mapping(tree, 'on.workflow_call', ['inputs', 'secrets', 'outputs']);
  for (const [name, input] of parts(reader, keys.inputs, 'inputs', [
    'description',
    'type',
    'required',
    'default',
  ])) {
    const type = input['type'];
    const text = type?.kind === 'scalar' ? type.text : undefined;
    if (text === undefined || !TYPES.includes(text))
      reader.refuse(
        'input-type',
        `the input ${name} has none of the types ${TYPES.join(', ')}`,
        'give it a type',
        type?.at ?? tree.at,
      );
  }
  parts(reader, keys.secrets, 'secrets', ['description', 'required']);
  for (const [name, output] of parts(reader, keys.outputs, 'outputs', ['description', 'value'])) {
    if (output['value'] === undefined)
      reader.refuse('output', `the output ${name} has no value`, 'give it a value', tree.at);
  }
}

function parts(
  reader: Reader,
  tree: Tree | undefined,
  what: string,
  keys: readonly string[],
): readonly (readonly [string, Readonly<Record<string, Tree | undefined>>])[] {
  if (tree === undefined || (tree.kind === 'scalar' && tree.value === null)) return [];
  return reader.entries(tree, `on.workflow_call.${what}`).map(({ key, value }) => {
    const empty = value.kind === 'scalar' && value.value === null;
    return [key.slice(0, 100), empty ? {} : reader.mapping(value, `${what}.${key.slice(0, 100)}`, keys)];
  });
}
