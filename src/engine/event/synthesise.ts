import { type Refusal, type Result, err, ok, refusal } from '../../base/index.ts';
import type { ContextValue } from '../../workflow/index.ts';
import { type LocalRepository, resolveCommit, snapshotCommit } from '../repository/local-repository.ts';
import { EVENTS, type EventName, type RunEvent } from './event.ts';

/** What the command line says of the event; all of it is the operator's word. */
export interface EventOptions {
  readonly event?: string;
  readonly action?: string;
  readonly fork: boolean;
  readonly ref?: string;
  readonly actor: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly now: Date;
  /** The parsed `--event-file`: a webhook payload, which may come from a stranger. */
  readonly payload?: ContextValue;
  readonly payloadLabel?: string;
}

type Mapping = { readonly [key: string]: ContextValue };

const ZERO = '0'.repeat(40);

function mapping(value: ContextValue | undefined): Mapping | undefined {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Mapping)
    : undefined;
}

function at(value: ContextValue | undefined, ...path: readonly string[]): ContextValue | undefined {
  let found: ContextValue | undefined = value;
  for (const key of path) {
    const inside = mapping(found);
    found = inside !== undefined && Object.hasOwn(inside, key) ? inside[key] : undefined;
  }
  return found;
}

function words(value: ContextValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= 1_000 ? value : undefined;
}

/**
 * Makes the event that a run is for: from the operator's options and the repository, or from a payload file. Fails when
 * the event is not supported, the ref is unknown, or a payload is not of the event's shape.
 */
export async function synthesiseEvent(
  repository: LocalRepository,
  options: EventOptions,
): Promise<Result<RunEvent, Refusal>> {
  const name = EVENTS.find((event) => event === (options.event ?? 'push'));
  if (name === undefined) {
    return err(
      refusal(
        'usage',
        'event/unsupported',
        `the event ${JSON.stringify(options.event)} is not supported`,
        `use one of ${EVENTS.join(', ')}`,
      ),
    );
  }
  if (options.payload !== undefined && mapping(options.payload) === undefined) {
    return err(payloadRefusal('the event file does not hold a JSON object', options.payloadLabel));
  }
  if (options.fork && name !== 'pull_request' && name !== 'pull_request_target' && name !== 'workflow_run') {
    return err(
      refusal(
        'usage',
        'event/fork',
        `a ${name} event has no fork`,
        'leave --fork out, or use --event pull_request',
      ),
    );
  }
  const commit = await commitOf(repository, options);
  if (!commit.ok) return commit;
  const given = mapping(options.payload) ?? {};
  const shape = wrongShape(name, given);
  if (shape !== undefined) return err(payloadRefusal(shape, options.payloadLabel));
  const fullName = words(at(given, 'repository', 'full_name')) ?? repository.fullName;
  const base = { repository, options, given, fullName, sha: commit.value };
  const parts = await eventParts(name, base);
  if (!parts.ok) return parts;
  const payload = merge(parts.value.payload, given);
  return ok({
    ...parts.value,
    name,
    payload,
    actor: words(at(given, 'sender', 'login')) ?? options.actor,
    repository: fullName,
    workTree: options.ref === undefined && parts.value.sha === commit.value,
    payloadSource: options.payload === undefined ? 'synthesised' : 'event-file',
  });
}

function payloadRefusal(why: string, file: string | undefined): Refusal {
  const fix = 'give the webhook payload as GitHub sends it';
  return refusal('usage', 'event/payload', why, fix, file === undefined ? undefined : { file });
}

const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/** What of a payload is of another kind than GitHub sends, among what decides anything. */
const SHAPES: readonly (readonly [readonly string[], 'mapping' | 'text' | 'commit' | 'number'])[] = [
  [['repository'], 'mapping'],
  [['repository', 'full_name'], 'text'],
  [['sender'], 'mapping'],
  [['sender', 'login'], 'text'],
  [['action'], 'text'],
  [['number'], 'number'],
  [['pull_request'], 'mapping'],
  [['pull_request', 'head'], 'mapping'],
  [['pull_request', 'head', 'ref'], 'text'],
  [['pull_request', 'head', 'sha'], 'commit'],
  [['pull_request', 'base'], 'mapping'],
  [['pull_request', 'base', 'ref'], 'text'],
  [['pull_request', 'base', 'sha'], 'commit'],
  [['release'], 'mapping'],
  [['release', 'tag_name'], 'text'],
  [['workflow_run'], 'mapping'],
  [['inputs'], 'mapping'],
];

/** The first part of a payload that has another shape than the event's, in words; undefined when all fits. */
function wrongShape(event: EventName, given: Mapping): string | undefined {
  if (Object.keys(given).length === 0) return undefined;
  if (event.startsWith('pull_request') && at(given, 'pull_request') === undefined) {
    return `the event file holds no pull_request, which a ${event} event has`;
  }
  for (const [path, kind] of SHAPES) {
    const value = at(given, ...path);
    if (value === undefined || value === null || hasShape(value, kind)) continue;
    return `${path.join('.')} in the event file is not a ${kind === 'mapping' ? 'JSON object' : kind}`;
  }
  return undefined;
}

function hasShape(value: ContextValue, kind: 'mapping' | 'text' | 'commit' | 'number'): boolean {
  switch (kind) {
    case 'mapping':
      return mapping(value) !== undefined;
    case 'text':
      return typeof value === 'string' && value.length <= 1_000;
    case 'commit':
      return typeof value === 'string' && COMMIT.test(value);
    case 'number':
      return Number.isSafeInteger(value);
  }
}

interface Ground {
  readonly repository: LocalRepository;
  readonly options: EventOptions;
  readonly given: Mapping;
  readonly fullName: string;
  readonly sha: string;
}

type Parts = Pick<RunEvent, 'payload' | 'ref' | 'sha' | 'headRef' | 'baseRef' | 'fork' | 'action'>;

async function commitOf(
  repository: LocalRepository,
  options: EventOptions,
): Promise<Result<string, Refusal>> {
  if (options.ref !== undefined) return resolveCommit(repository, options.ref);
  if (!repository.git) return ok(snapshotCommit(repository));
  if (repository.head !== undefined) return ok(repository.head.sha);
  return err(
    refusal(
      'usage',
      'repository/no-commit',
      `${repository.directory} has no commit yet`,
      'commit something first',
    ),
  );
}

async function eventParts(name: EventName, ground: Ground): Promise<Result<Parts, Refusal>> {
  switch (name) {
    case 'push':
      return ok(push(ground));
    case 'pull_request':
    case 'pull_request_target':
      return pullRequest(name, ground);
    case 'workflow_dispatch':
      return ok({
        ref: branchRef(ground),
        sha: ground.sha,
        fork: false,
        payload: {
          ...shared(ground),
          ref: branchRef(ground),
          inputs: { ...ground.options.inputs },
          workflow: null,
        },
      });
    case 'schedule':
      return ok({
        ref: `refs/heads/${ground.repository.defaultBranch}`,
        sha: ground.sha,
        fork: false,
        payload: { ...shared(ground), schedule: words(ground.given['schedule']) ?? null },
      });
    case 'release':
      return release(ground);
    case 'workflow_run':
      return ok(workflowRun(ground));
  }
}

function branchRef(ground: Ground): string {
  const asked = ground.options.ref;
  if (asked !== undefined) return asked.startsWith('refs/') ? asked : `refs/heads/${asked}`;
  return `refs/heads/${ground.repository.head?.branch ?? ground.repository.defaultBranch}`;
}

function repositoryPayload(fullName: string, defaultBranch: string, fork: boolean): Mapping {
  const [owner = '', name = ''] = fullName.split('/');
  return {
    name,
    full_name: fullName,
    fork,
    private: false,
    default_branch: defaultBranch,
    owner: { login: owner, type: 'Organization' },
    html_url: `https://github.com/${fullName}`,
    clone_url: `https://github.com/${fullName}.git`,
  };
}

function shared(ground: Ground): Mapping {
  return {
    repository: repositoryPayload(ground.fullName, ground.repository.defaultBranch, false),
    sender: { login: ground.options.actor, type: 'User' },
  };
}

function push(ground: Ground): Parts {
  const ref = words(ground.given['ref']) ?? branchRef(ground);
  const commit = { id: ground.sha, message: '', timestamp: ground.options.now.toISOString() };
  return {
    ref,
    sha: ground.sha,
    fork: false,
    payload: {
      ...shared(ground),
      ref,
      before: ground.repository.head?.parent ?? ZERO,
      after: ground.sha,
      created: false,
      deleted: false,
      forced: false,
      base_ref: null,
      head_commit: commit,
      commits: [commit],
      pusher: { name: ground.options.actor },
    },
  };
}

async function pullRequest(
  name: 'pull_request' | 'pull_request_target',
  ground: Ground,
): Promise<Result<Parts, Refusal>> {
  const { options, given, repository, fullName, sha } = ground;
  const given_pr = at(given, 'pull_request');
  const headRepository = words(at(given_pr, 'head', 'repo', 'full_name'));
  // Without a head repository in the payload GitHub deleted the fork: it was one.
  const fork =
    options.fork ||
    (given_pr !== undefined && headRepository !== fullName) ||
    at(given_pr, 'head', 'repo', 'fork') === true;
  const headRef = words(at(given_pr, 'head', 'ref')) ?? repository.head?.branch ?? 'pull-request';
  const baseRef = words(at(given_pr, 'base', 'ref')) ?? repository.defaultBranch;
  const baseSha = await baseCommit(repository, baseRef, sha);
  const number = at(given, 'number');
  const pull = typeof number === 'number' && Number.isSafeInteger(number) ? number : 1;
  const action = words(given['action']) ?? options.action ?? 'synchronize';
  const headName = headRepository ?? (fork ? `contributor/${fullName.split('/')[1] ?? ''}` : fullName);
  const target = name === 'pull_request_target';
  return ok({
    action,
    fork,
    headRef,
    baseRef,
    ref: target ? `refs/heads/${baseRef}` : `refs/pull/${pull}/merge`,
    sha: target ? baseSha : sha,
    payload: {
      ...shared(ground),
      action,
      number: pull,
      pull_request: {
        number: pull,
        state: 'open',
        draft: false,
        merged: false,
        title: '',
        body: null,
        labels: [],
        user: { login: options.actor, type: 'User' },
        author_association: fork ? 'NONE' : 'MEMBER',
        head: {
          ref: headRef,
          sha,
          label: `${headName.split('/')[0] ?? ''}:${headRef}`,
          repo: repositoryPayload(headName, repository.defaultBranch, fork),
        },
        base: {
          ref: baseRef,
          sha: baseSha,
          label: `${fullName.split('/')[0] ?? ''}:${baseRef}`,
          repo: repositoryPayload(fullName, repository.defaultBranch, false),
        },
      },
    },
  });
}

async function baseCommit(repository: LocalRepository, baseRef: string, head: string): Promise<string> {
  if (!repository.git) return head;
  const found = await resolveCommit(repository, baseRef);
  return found.ok ? found.value : (repository.head?.parent ?? head);
}

function release(ground: Ground): Result<Parts, Refusal> {
  const tag =
    words(at(ground.given, 'release', 'tag_name')) ?? ground.options.ref?.replace(/^refs\/tags\//, '');
  if (tag === undefined) {
    return err(refusal('usage', 'event/release', 'a release event needs its tag', 'add --ref refs/tags/TAG'));
  }
  const action = words(ground.given['action']) ?? ground.options.action ?? 'published';
  return ok({
    action,
    ref: `refs/tags/${tag}`,
    sha: ground.sha,
    fork: false,
    payload: {
      ...shared(ground),
      action,
      release: {
        tag_name: tag,
        name: tag,
        draft: false,
        prerelease: false,
        target_commitish: ground.repository.defaultBranch,
        author: { login: ground.options.actor },
      },
    },
  });
}

function workflowRun(ground: Ground): Parts {
  const branch = ground.repository.head?.branch ?? ground.repository.defaultBranch;
  const headName = ground.options.fork
    ? `contributor/${ground.fullName.split('/')[1] ?? ''}`
    : ground.fullName;
  const action = words(ground.given['action']) ?? ground.options.action ?? 'completed';
  return {
    action,
    ref: `refs/heads/${ground.repository.defaultBranch}`,
    sha: ground.sha,
    fork: ground.options.fork,
    payload: {
      ...shared(ground),
      action,
      workflow_run: {
        name: 'CI',
        event: ground.options.fork ? 'pull_request' : 'push',
        status: 'completed',
        conclusion: 'success',
        head_branch: branch,
        head_sha: ground.sha,
        head_repository: repositoryPayload(headName, ground.repository.defaultBranch, ground.options.fork),
      },
    },
  };
}

/** The given payload wins, key by key; what it leaves out is filled in. Bounded by the payload file's own bound. */
function merge(made: Mapping, given: Mapping): Mapping {
  const merged = new Map<string, ContextValue>(Object.entries(made));
  for (const [key, value] of Object.entries(given)) {
    const inside = mapping(value);
    const before = mapping(merged.get(key));
    merged.set(key, inside !== undefined && before !== undefined ? merge(before, inside) : value);
  }
  return Object.fromEntries(merged);
}
