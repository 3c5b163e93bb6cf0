import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import {
  digestOf,
  type Locks,
  type OwnLock,
  type OwnLockEntry,
  partsOf,
  type Pin,
  pinOf,
  type Subject,
  type UsesPart,
  wantedBy,
} from '../../gate/index.ts';
import { contentDigest } from './content-digest.ts';
import type { KnownImages } from './images.ts';
import { type Mirrors, originOf } from './mirrors.ts';
import { openOrigin, type OpenOrigin } from './open-origin.ts';
import { usedWithin } from './read-commit.ts';
import { resolveRef } from './resolve-ref.ts';

export interface LockRequest {
  readonly mirrors: Mirrors;
  /** Proxy and authorities, for https. */
  readonly outside: Readonly<Record<string, string>>;
  /** What is to be looked up anew, though the lock has it. */
  readonly update: (name: Pin | string) => boolean;
  /** Digests of images that are named by a tag. */
  readonly images?: KnownImages;
}

export interface MadeLock {
  readonly lock: OwnLock;
  /** By pin: a branch that has the commit, where it was looked up now. */
  readonly branches: ReadonlyMap<Pin, string>;
  /** What nobody could lock, or that is less than it seems: one sentence each. */
  readonly notes: readonly string[];
}

const MAX_PINS = 500;
const AT = { file: '', line: 1, column: 1, length: 1 };

interface Task {
  readonly pin: Pin;
  /** Absent: whatever of it was locked before. */
  readonly path?: string;
  readonly kind: 'action' | 'workflow';
}

/**
 * The whole tree of what a repository\u2019s workflows use, each at its commit with the digest of its content. What the locks have already
 * stays as it is, unless `update` says otherwise or more of it is used now. Fails with every reference that cannot be locked.
 */
export async function makeLock(
  subject: Subject,
  request: LockRequest,
): Promise<Result<MadeLock, readonly Refusal[]>> {
  const maker = new LockMaker(subject.repository.locks, request);
  try {
    return await maker.make(subject);
  } finally {
    maker.close();
  }
}

class LockMaker {
  readonly #locks: Locks;
  readonly #request: LockRequest;
  readonly #origins = new Map<string, Promise<Result<OpenOrigin, Refusal>>>();
  readonly #opened: OpenOrigin[] = [];
  readonly #entries = new Map<Pin, OwnLockEntry>();
  readonly #branches = new Map<Pin, string>();
  readonly #notes = new Set<string>();
  readonly #refusals = new Map<Pin, Refusal>();

  constructor(locks: Locks, request: LockRequest) {
    this.#locks = locks;
    this.#request = request;
  }

  close(): void {
    for (const origin of this.#opened) origin.close();
  }

  async make(subject: Subject): Promise<Result<MadeLock, readonly Refusal[]>> {
    const wanted = subject.repository.workflows.map((file) => ({
      path: file.source.path,
      ...wantedBy(subject, file, true),
    }));
    const open: Task[] = wanted.flatMap(({ uses }) => uses);
    for (let task = open.shift(); task !== undefined; task = open.shift()) {
      if (this.#refusals.has(task.pin)) continue;
      const more = await this.#lock(task);
      if (more.ok) open.push(...more.value);
      else {
        const { why } = more.error;
        const named = why.includes(task.pin) || why.includes(partsOf(task.pin).repository);
        this.#refusals.set(task.pin, { ...more.error, why: named ? why : `${task.pin}: ${why}` });
      }
      if (this.#entries.size > MAX_PINS)
        return err([
          refusal('limit', 'lock/too-many', `more than ${MAX_PINS} actions are used`, 'use fewer'),
        ]);
    }
    for (const { name } of wanted.flatMap(({ unnamed }) => unnamed))
      this.#notes.add(`${name} is named by an expression, or is of no form that can be locked`);
    if (this.#refusals.size > 0) return err([...this.#refusals.values()]);
    const workflows = new Map<string, { actions: readonly Pin[]; images: readonly string[] }>();
    const images = new Map<string, string | undefined>();
    for (const { path, uses, images: own } of wanted) {
      const actions = this.#closure(uses.map(({ pin }) => pin));
      const used = new Set([
        ...own.map(({ name }) => name),
        ...actions.flatMap((pin) => this.#entries.get(pin)?.images ?? []),
      ]);
      workflows.set(path, { actions, images: [...used] });
      for (const name of used) images.set(name, digestOf(name) ?? this.#imageDigest(name));
    }
    for (const [name, digest] of images)
      if (digest === undefined)
        this.#notes.add(`the image ${name} has no digest: whoever owns its tag decides (--image gives one)`);
    for (const name of this.#request.images?.keys() ?? [])
      if (!images.has(name))
        return err([
          refusal(
            'usage',
            'lock/image',
            `no workflow uses the image ${name}`,
            'name it as the workflow does',
          ),
        ]);
    return ok({
      lock: { workflows, actions: this.#entries, images },
      branches: this.#branches,
      notes: [...this.#notes].toSorted(),
    });
  }

  /** What a layout says now, else what is locked. */
  #imageDigest(name: string): string | undefined {
    const locked = this.#request.update(name) ? undefined : this.#locks.own?.images.get(name);
    return this.#request.images?.get(name) ?? locked;
  }

  #closure(pins: readonly Pin[]): readonly Pin[] {
    const found = new Set<Pin>();
    const open = [...pins];
    for (let pin = open.pop(); pin !== undefined; pin = open.pop()) {
      if (found.has(pin)) continue;
      found.add(pin);
      open.push(...(this.#entries.get(pin)?.uses ?? []));
    }
    return [...found];
  }

  /** Locks one use, and gives what it uses itself. */
  async #lock({ pin, path, kind }: Task): Promise<Result<readonly Task[], Refusal>> {
    const made = this.#entries.get(pin);
    if (made !== undefined && (path === undefined || made.paths.includes(path))) return ok([]);
    const before = this.#locks.own?.actions.get(pin);
    const old = this.#request.update(pin) ? undefined : before;
    const kept =
      made ?? (old !== undefined && (path === undefined || old.paths.includes(path)) ? old : undefined);
    if (made === undefined && kept !== undefined) {
      const complete = kept.uses.every((used) => this.#locks.own?.actions.has(used) === true);
      if (complete) {
        this.#entries.set(pin, kept);
        return ok(kept.uses.map((used) => ({ pin: used, kind: 'action' })));
      }
    }
    const paths = [
      ...new Set([...(made?.paths ?? []), ...(path === undefined ? (before?.paths ?? []) : [path])]),
    ];
    return this.#read(pin, paths, kind, made);
  }

  async #read(
    pin: Pin,
    paths: readonly string[],
    kind: Task['kind'],
    made: OwnLockEntry | undefined,
  ): Promise<Result<readonly Task[], Refusal>> {
    const { repository } = partsOf(pin);
    const origin = await this.#open(repository);
    if (!origin.ok) return origin;
    const known = made?.commit ?? this.#lockedCommit(pin);
    const found = await resolveRef(origin.value.directory, pin);
    if (!found.ok) return found;
    // What is locked stays, also when its tag has moved; it must still be in the repository.
    const moved = known !== undefined && known !== found.value.commit;
    const held = moved ? await resolveRef(origin.value.directory, `${repository}@${known}`) : found;
    if (!held.ok) return held;
    if (moved)
      this.#notes.add(`${pin} has moved to ${found.value.commit}; ${known} stays until --update ${pin}`);
    const { commit, tags, committed, branch } = held.value;
    const whole = await origin.value.whole(commit);
    if (!whole.ok) return whole;
    const tree = made === undefined ? await contentDigest(whole.value, commit) : ok(made.tree);
    if (!tree.ok) return tree;
    const before = this.#locks.own?.actions.get(pin);
    if (before !== undefined && before.commit === commit && before.tree !== tree.value)
      return err(
        refusal(
          'policy',
          'lock/tree-mismatch',
          `the tree of ${pin} at ${commit} is ${tree.value}, and the lock has ${before.tree}`,
          'find out who changed the lock or the mirror; nothing was written',
        ),
      );
    const uses = new Set<Pin>();
    const images = new Set<string>();
    const tasks: Task[] = [];
    for (const path of paths) {
      const within = await usedWithin(whole.value, commit, path, isWorkflow(path) ? 'workflow' : 'action');
      if (!within.ok) return within;
      if (within.value.unread !== undefined)
        return err(
          refusal(
            'policy',
            'lock/unread',
            `${pin}${path === '' ? '' : ` (${path})`} cannot be followed: ${within.value.unread}`,
            `see that it is ${kind === 'workflow' ? 'a workflow' : 'an action'}`,
          ),
        );
      for (const image of within.value.images)
        if (/\$|\s/.test(image)) this.#notes.add(`${pin} uses the image ${image}, which nobody can lock`);
        else images.add(image);
      for (const one of within.value.uses) {
        const task = this.#taskOf(pin, one.uses, one.kind, path, images);
        if (task === undefined) continue;
        tasks.push(task);
        if (task.pin !== pin) uses.add(task.pin);
      }
    }
    const entry = {
      at: AT,
      commit,
      tree: tree.value,
      kind: found.value.kind,
      tags,
      committed,
      paths,
      uses: [...uses],
      images: [...images],
    };
    this.#entries.set(pin, entry);
    if (branch !== undefined) this.#branches.set(pin, branch);
    return ok(tasks);
  }

  /** What a `uses` in another repository stands for: `$/` and a called workflow are of that repository at that commit, `./` is of the workspace. */
  #taskOf(
    pin: Pin,
    uses: UsesPart,
    kind: Task['kind'],
    within: string,
    images: Set<string>,
  ): Task | undefined {
    if (uses.kind === 'docker') {
      images.add(uses.image);
      return undefined;
    }
    if (uses.kind === 'local') {
      if (isOwn(uses, kind))
        return { pin, path: uses.path.replace(/^\.?\/|\/$/g, '').replace(/^\.$/, ''), kind };
      this.#notes.add(
        `${pin}${within === '' ? '' : ` (${within})`} uses ${uses.text}, which is whatever the workspace has there`,
      );
      return undefined;
    }
    const used = uses.kind === 'repository' ? pinOf(`${uses.repository}@${uses.ref}`) : undefined;
    if (uses.kind !== 'repository' || used === undefined) {
      this.#notes.add(`${pin} uses ${uses.text}, which is of no form that can be locked`);
      return undefined;
    }
    return { pin: used, path: uses.path, kind };
  }

  #lockedCommit(pin: Pin): string | undefined {
    if (this.#request.update(pin)) return undefined;
    return this.#locks.own?.actions.get(pin)?.commit ?? this.#locks.actions?.dependencies.get(pin)?.commit;
  }

  async #open(repository: string): Promise<Result<OpenOrigin, Refusal>> {
    const known = this.#origins.get(repository);
    if (known !== undefined) return known;
    const { mirrors, outside } = this.#request;
    const origin = originOf(repository, mirrors);
    const opening =
      origin === undefined
        ? Promise.resolve(
            err(
              refusal(
                'machine',
                'lock/no-origin',
                `${repository} is in no folder that was named, and --offline asks no server`,
                `clone it, and name it: --mirror ${repository}=FOLDER`,
              ),
            ),
          )
        : openOrigin(origin, outside);
    this.#origins.set(repository, opening);
    const opened = await opening;
    if (opened.ok) this.#opened.push(opened.value);
    return opened;
  }
}

function isWorkflow(path: string): boolean {
  return /^\.(?:github|forgejo|gitea)\/workflows\/[^/]+\.ya?ml$/.test(path);
}

function isOwn({ text }: UsesPart, kind: Task['kind']): boolean {
  return kind === 'workflow' || text.startsWith('$/');
}
