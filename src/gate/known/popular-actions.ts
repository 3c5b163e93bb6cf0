import type { UsesPart } from '../repository/model.ts';
import { ACTIONS_A_TO_C } from './popular-actions-a-to-c.ts';
import { ACTIONS_C_TO_J } from './popular-actions-c-to-j.ts';
import { ACTIONS_J_TO_Z } from './popular-actions-j-to-z.ts';

export interface ActionInput {
  readonly name: string;
  readonly required: boolean;
  readonly deprecated: boolean;
}

export interface ActionFacts {
  /** `node24`, `composite`, `docker`. */
  readonly using: string;
  readonly inputs: readonly ActionInput[];
  /** Undefined: it sets outputs that are not named in its metadata. */
  readonly outputs: readonly string[] | undefined;
  /** Its major version, or the branch that it is used at. */
  readonly version: string;
}

/** By name. A row is taken apart when it is asked for: most checks ask for a few. */
const ROWS: ReadonlyMap<string, readonly string[]> = Map.groupBy(
  [ACTIONS_A_TO_C, ACTIONS_C_TO_J, ACTIONS_J_TO_Z].flatMap((part) => part.split('\n')),
  (row) => row.slice(0, row.indexOf('|')),
);

type Repository = Extract<UsesPart, { readonly kind: 'repository' }>;

/**
 * What is known of an action at the major version that it is used at: by its tag, or, for a commit, by the comment behind it
 * (`# v4.1.2`). Undefined for what is not listed.
 */
export function actionFacts(uses: Repository, line: string): ActionFacts | undefined {
  const name = uses.path === '' ? uses.repository : `${uses.repository}/${uses.path.toLowerCase()}`;
  const version = versionOf(uses.ref, line);
  if (version === undefined) return undefined;
  const rows = ROWS.get(name);
  if (rows === undefined) return undefined;
  const known = TAKEN.get(`${name}@${version}`);
  if (known !== undefined) return known;
  const row = rows.find((one) => (one.split('|')[1] ?? '').split(',').includes(version));
  if (row === undefined) return undefined;
  const [, , using = '', inputs = '', outputs = ''] = row.split('|');
  const facts = {
    using,
    version,
    inputs: inputs === '' ? [] : inputs.split(' ').map(inputOf),
    outputs: outputs === '*' ? undefined : outputs.split(' ').filter((name) => name !== ''),
  };
  TAKEN.set(`${name}@${version}`, facts);
  return facts;
}

/** Rows that were taken apart, by name and major version: as many as there are in the table at most. */
const TAKEN = new Map<string, ActionFacts>();

function inputOf(word: string): ActionInput {
  return { name: word.replace(/[!~]+$/, ''), required: word.includes('!'), deprecated: word.includes('~') };
}

function versionOf(ref: string, line: string): string | undefined {
  const tag = /^(?:release\/)?v?(\d{1,3})(?:\.\d+){0,2}$/.exec(ref)?.[1];
  if (tag !== undefined) return String(Number(tag));
  if (/^[a-z]{1,20}$/.test(ref)) return ref;
  if (!/^[\da-f]{40}$/i.test(ref)) return undefined;
  const comment = /#.{0,40}?\bv?(\d{1,3})(?:\.\d+){0,3}(?:\s|$)/.exec(
    line.slice(line.indexOf(ref) + ref.length),
  )?.[1];
  return comment === undefined ? undefined : String(Number(comment));
}
