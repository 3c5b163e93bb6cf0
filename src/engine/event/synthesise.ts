import { type Refusal, type Result, err, ok, refusal } from '../../base/index.ts';
import type { ContextValue } from '../../workflow/index.ts';
import {
  type LocalRepository,
  resolveCommit,
  resolveRef,
  snapshotCommit,
} from '../repository/local-repository.ts';
import { commitsUpTo } from './commit-facts.ts';
import { EVENTS, type EventName, type RunEvent } from './event.ts';
import {
  type Mapping,
  type PayloadGround,
  pullRequestPayload,
  pushPayload,
  releasePayload,
  sharedPayload,
  workflowRunPayload,
  ZERO,
} from './payloads.ts';

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
  const start = await startOf(name, repository, options);
  if (!start.ok) return start;
  const given = mapping(options.payload) ?? {};
  const shape = wrongShape(name, given);
  if (shape !== undefined) return err(payloadRefusal(shape, options.payloadLabel));
  const fullName = words(at(given, 'repository', 'full_name')) ?? repository.fullName;
  const base = { repository, options, given, fullName, ...start.value };
  const parts = await eventParts(name, base);
  if (!parts.ok) return parts;
  const payload = merge(parts.value.payload, given);
  return ok({
    ...parts.value,
    name,
    payload,
    actor: words(at(given, 'sender', 'login')) ?? options.actor,
    repository: fullName,
    workTree: start.value.here && parts.value.sha === start.value.sha,
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

interface Ground extends Start {
  readonly repository: LocalRepository;
  readonly options: EventOptions;
  readonly given: Mapping;
  readonly fullName: string;
}

/** The commit and full ref that the event is about. */
interface Start {
  readonly ref: string;
  readonly sha: string;
  /** It is what lies in the work tree. */
  readonly here: boolean;
}

type Parts = Pick<RunEvent, 'payload' | 'ref' | 'sha' | 'headRef' | 'baseRef' | 'fork' | 'action'>;

/** GitHub runs these for the default branch, whatever anybody has checked out. */
const OF_DEFAULT_BRANCH: readonly EventName[] = ['schedule', 'workflow_run'];

async function startOf(
  name: EventName,
  repository: LocalRepository,
  options: EventOptions,
): Promise<Result<Start, Refusal>> {
  const { head, defaultBranch } = repository;
  const branch = head?.branch ?? defaultBranch;
  const current = `refs/heads/${branch}`;
  if (options.ref !== undefined) {
    const asked = await resolveRef(repository, options.ref);
    return asked.ok ? ok({ ...asked.value, ref: asked.value.ref ?? current, here: false }) : asked;
  }
  if (!repository.git) return ok({ ref: current, sha: snapshotCommit(repository), here: true });
  if (head === undefined) {
    return err(
      refusal(
        'usage',
        'repository/no-commit',
        `${repository.directory} has no commit yet`,
        'commit something first',
      ),
    );
  }
  if (OF_DEFAULT_BRANCH.includes(name) && branch !== defaultBranch) {
    const tip = await resolveRef(repository, defaultBranch);
    if (tip.ok) return ok({ ref: `refs/heads/${defaultBranch}`, sha: tip.value.sha, here: false });
  }
  return ok({ ref: current, sha: head.sha, here: true });
}

async function eventParts(name: EventName, ground: Ground): Promise<Result<Parts, Refusal>> {
  const { ref, sha, options, given } = ground;
  switch (name) {
    case 'push':
      return ok(await push(ground));
    case 'pull_request':
    case 'pull_request_target':
      return pullRequest(name, ground);
    case 'workflow_dispatch':
      return ok({
        ref,
        sha,
        fork: false,
        payload: {
          ...sharedPayload(await payloadGround(ground)),
          ref,
          inputs: { ...options.inputs },
          workflow: null,
        },
      });
    case 'schedule': {
      const schedule = words(given['schedule']) ?? null;
      return ok({
        ref,
        sha,
        fork: false,
        payload: { ...sharedPayload(await payloadGround(ground)), schedule },
      });
    }
    case 'release':
      return release(ground);
    case 'workflow_run':
      return ok(await workflowRun(ground));
  }
}

async function payloadGround(ground: Ground, before?: string): Promise<PayloadGround> {
  const { repository, options, fullName, sha } = ground;
  return {
    fullName,
    defaultBranch: repository.defaultBranch,
    actor: options.actor,
    now: options.now,
    commits: await commitsUpTo(repository, sha, before),
  };
}

async function push(ground: Ground): Promise<Parts> {
  const ref = words(ground.given['ref']) ?? ground.ref;
  const made = await payloadGround(ground);
  const before = ref.startsWith('refs/tags/') ? ZERO : (made.commits[0]?.parents[0] ?? ZERO);
  return { ref, sha: ground.sha, fork: false, payload: pushPayload(made, ref, ground.sha, before) };
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
  const headRef =
    words(at(given_pr, 'head', 'ref')) ??
    (options.ref === undefined ? (repository.head?.branch ?? 'pull-request') : branchName(ground.ref));
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
    payload: pullRequestPayload(await payloadGround(ground, baseSha === sha ? undefined : baseSha), {
      action,
      number: pull,
      fork,
      head: { ref: headRef, sha, repository: headName },
      base: { ref: baseRef, sha: baseSha, repository: fullName },
    }),
  });
}

function branchName(ref: string): string {
  return ref.replace(/^refs\/(?:heads|tags)\//, '');
}

async function baseCommit(repository: LocalRepository, baseRef: string, head: string): Promise<string> {
  if (!repository.git) return head;
  const found = await resolveCommit(repository, baseRef);
  return found.ok ? found.value : (repository.head?.parent ?? head);
}

async function release(ground: Ground): Promise<Result<Parts, Refusal>> {
  const { options, given } = ground;
  const tag = words(at(given, 'release', 'tag_name')) ?? options.ref?.replace(/^refs\/tags\//, '');
  if (tag === undefined) {
    return err(refusal('usage', 'event/release', 'a release event needs its tag', 'add --ref refs/tags/TAG'));
  }
  const action = words(given['action']) ?? options.action ?? 'published';
  const payload = releasePayload(await payloadGround(ground), action, tag);
  return ok({ action, ref: `refs/tags/${tag}`, sha: ground.sha, fork: false, payload });
}

async function workflowRun(ground: Ground): Promise<Parts> {
  const { options, given, repository, fullName, ref, sha } = ground;
  const action = words(given['action']) ?? options.action ?? 'completed';
  const headName = options.fork ? `contributor/${fullName.split('/')[1] ?? ''}` : fullName;
  // The run before it was of what is checked out.
  const head = { ref: repository.head?.branch ?? branchName(ref), sha: repository.head?.sha ?? sha };
  const made = await payloadGround({ ...ground, sha: head.sha });
  return {
    action,
    ref,
    sha,
    fork: options.fork,
    payload: workflowRunPayload(made, {
      action,
      fork: options.fork,
      head: { ...head, repository: headName },
    }),
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
