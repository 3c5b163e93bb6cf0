import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import {
  ACTIONS_LOCK,
  type ActionsLock,
  type ActionsLockEntry,
  isCommit,
  partsOf,
  type Pin,
  type Subject,
  wantedBy,
} from '../../gate/index.ts';
import type { MadeLock } from './make-lock.ts';

/** Numbers by which GitHub knows a repository and its owner: a name can be taken over, these cannot. */
export interface RepositoryIds {
  readonly ownerId: number;
  readonly repositoryId: number;
}

const FORM = /^([A-Za-z0-9][\w.-]{0,99}\/[\w.-]{1,100})=(\d{1,15}):(\d{1,15})$/;

/** Reads `--id owner/name=OWNER:REPOSITORY`. */
export function readIds(given: readonly string[]): Result<ReadonlyMap<string, RepositoryIds>, Refusal> {
  const ids = new Map<string, RepositoryIds>();
  for (const text of given) {
    const [, name, owner, repository] = FORM.exec(text) ?? [];
    if (name === undefined || Number(owner) < 1 || Number(repository) < 1)
      return err(
        refusal(
          'usage',
          'lock/id',
          `--id ${JSON.stringify(text.slice(0, 200))} is not owner/name=OWNER:REPOSITORY`,
          'gh api repos/OWNER/NAME --jq \'"\\(.owner.id):\\(.id)"\' tells both numbers',
        ),
      );
    ids.set(name.toLowerCase(), { ownerId: Number(owner), repositoryId: Number(repository) });
  }
  return ok(ids);
}

/**
 * GitHub\u2019s own lock from ours. It needs the numbers of owners and repositories, which no git server tells: they are taken from the lock
 * that is there and from `ids`. A workflow is put in when all that it uses has them and it uses no `./` action (GitHub takes none); one that
 * is in already must stay whole, or the run on GitHub would be refused. Gives none when there is none and nothing to begin one with.
 */
export function actionsLockFrom(
  subject: Subject,
  { lock, branches }: MadeLock,
  ids: ReadonlyMap<string, RepositoryIds>,
): Result<ActionsLock | undefined, readonly Refusal[]> {
  const before = subject.repository.locks.actions;
  if (before === undefined && ids.size === 0) return ok(undefined);
  const known = new Map(ids);
  for (const [pin, { ownerId, repositoryId }] of before?.dependencies ?? []) {
    const { repository } = partsOf(pin);
    if (!known.has(repository)) known.set(repository, { ownerId, repositoryId });
  }
  const workflows = new Map<string, readonly Pin[]>();
  const dependencies = new Map<Pin, ActionsLockEntry>();
  const refused: Refusal[] = [];
  for (const file of subject.repository.workflows) {
    const { path } = file.source;
    const inside = before?.workflows.has(path) === true;
    const direct = wantedBy(subject, file, false)
      .uses.filter(({ kind }) => kind === 'action')
      .map(({ pin }) => pin);
    const pins = reached(direct, lock.actions);
    const lacking = pins.find((pin) => !known.has(partsOf(pin).repository));
    const local = file.jobs.some((job) => job.steps.some(({ uses }) => uses?.text.startsWith('./') === true));
    if (lacking !== undefined || (local && !inside)) {
      if (inside && lacking !== undefined) refused.push(noId(path, partsOf(lacking).repository));
      continue;
    }
    workflows.set(path, listed(before?.workflows.get(path), direct, pins));
    for (const pin of pins) {
      const entry = entryOf(pin, lock.actions, before?.dependencies.get(pin), branches, known);
      if (entry !== undefined) dependencies.set(pin, entry);
    }
  }
  if (refused.length > 0) return err(refused);
  const { version = 'v0.0.2', header = [], unknown = {} } = before ?? {};
  return ok({ version, header, unknown, workflows, dependencies });
}

/** A list that was there and is still true stays: GitHub\u2019s own tool lists what is used directly, and its schema all of it. */
function listed(
  before: readonly Pin[] | undefined,
  direct: readonly Pin[],
  all: readonly Pin[],
): readonly Pin[] {
  const has = new Set(before);
  const isTrue = direct.every((pin) => has.has(pin)) && (before ?? []).every((pin) => all.includes(pin));
  return before !== undefined && isTrue ? before : all;
}

function reached(pins: readonly Pin[], actions: MadeLock['lock']['actions']): readonly Pin[] {
  const found = new Set<Pin>();
  const open = [...pins];
  for (let pin = open.pop(); pin !== undefined; pin = open.pop()) {
    if (found.has(pin)) continue;
    found.add(pin);
    open.push(...(actions.get(pin)?.uses ?? []));
  }
  return [...found];
}

function entryOf(
  pin: Pin,
  actions: MadeLock['lock']['actions'],
  before: ActionsLockEntry | undefined,
  branches: ReadonlyMap<Pin, string>,
  known: ReadonlyMap<string, RepositoryIds>,
): ActionsLockEntry | undefined {
  const { repository, ref } = partsOf(pin);
  const locked = actions.get(pin);
  const ids = known.get(repository);
  if (locked === undefined || ids === undefined) return undefined;
  const { at, commit, tags, uses } = locked;
  const same = before?.commit === commit ? before : undefined;
  // A commit that is written out is named by what it is reached by; GitHub wants a name that has it.
  const named = isCommit(ref) ? (same?.ref ?? tags[0] ?? branches.get(pin) ?? ref) : ref;
  return { at, ref: named, commit, ...ids, uses, unknown: same?.unknown ?? {} };
}

function noId(path: string, repository: string): Refusal {
  return refusal(
    'usage',
    'lock/no-id',
    `${path} is in ${ACTIONS_LOCK}, and now uses ${repository}, whose numbers are not known`,
    `give them: --id ${repository}=OWNER:REPOSITORY (gh api repos/${repository} --jq '"\\(.owner.id):\\(.id)"')`,
    { file: path },
  );
}
