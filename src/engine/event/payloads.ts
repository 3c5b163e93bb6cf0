import type { ContextValue } from '../../workflow/index.ts';
import type { CommitFacts } from './commit-facts.ts';

export type Mapping = { readonly [key: string]: ContextValue };

/** What all payloads of one event are made from. */
export interface PayloadGround {
  readonly fullName: string;
  readonly defaultBranch: string;
  readonly actor: string;
  readonly now: Date;
  /** The commits of the event, oldest first; the last is the one that the run is for. Empty without git. */
  readonly commits: readonly CommitFacts[];
}

export const ZERO = '0'.repeat(40);
/** Where GitHub would show it; a local run asks nobody there. */
const SERVER = 'https://github.com';

/**
 * Webhook payloads as GitHub sends them (its "Webhook events and payloads"), as far as a repository on this machine knows
 * them: numbers that only GitHub gives are left out rather than invented.
 */
export function repositoryPayload(fullName: string, defaultBranch: string, fork: boolean): Mapping {
  const [owner = '', name = ''] = fullName.split('/');
  const url = `${SERVER}/${fullName}`;
  return {
    name,
    full_name: fullName,
    fork,
    private: false,
    visibility: 'public',
    archived: false,
    disabled: false,
    default_branch: defaultBranch,
    owner: { login: owner, name: owner, type: 'Organization' },
    html_url: url,
    clone_url: `${url}.git`,
    ssh_url: `git@github.com:${fullName}.git`,
  };
}

export function sharedPayload(ground: PayloadGround): Mapping {
  return {
    repository: repositoryPayload(ground.fullName, ground.defaultBranch, false),
    sender: user(ground.actor),
  };
}

function user(login: string): Mapping {
  return { login, type: 'User', site_admin: false, html_url: `${SERVER}/${login}` };
}

function commitPayload(commit: CommitFacts, fullName: string): Mapping {
  return {
    id: commit.sha,
    tree_id: commit.tree,
    distinct: true,
    message: commit.message,
    timestamp: commit.committedAt,
    url: `${SERVER}/${fullName}/commit/${commit.sha}`,
    author: { ...commit.author },
    committer: { ...commit.committer },
  };
}

export function pushPayload(ground: PayloadGround, ref: string, sha: string, before: string): Mapping {
  const commits = ground.commits.map((commit) => commitPayload(commit, ground.fullName));
  const head = commits.at(-1) ?? { id: sha, message: '', timestamp: ground.now.toISOString() };
  return {
    ...sharedPayload(ground),
    ref,
    before,
    after: sha,
    created: before === ZERO,
    deleted: false,
    forced: false,
    base_ref: null,
    compare: `${SERVER}/${ground.fullName}/compare/${before.slice(0, 12)}...${sha.slice(0, 12)}`,
    head_commit: head,
    // A tag's push carries its commit as head_commit alone.
    commits: ref.startsWith('refs/tags/') ? [] : commits.length === 0 ? [head] : commits,
    pusher: { name: ground.actor, email: ground.commits.at(-1)?.committer.email ?? null },
  };
}

export interface Side {
  readonly ref: string;
  readonly sha: string;
  readonly repository: string;
}

export function pullRequestPayload(
  ground: PayloadGround,
  pull: {
    readonly action: string;
    readonly number: number;
    readonly fork: boolean;
    readonly head: Side;
    readonly base: Side;
  },
): Mapping {
  const { action, number, fork, head, base } = pull;
  const tip = ground.commits.at(-1);
  const [title = '', ...rest] = (tip?.message ?? '').split('\n');
  const url = `${SERVER}/${ground.fullName}/pull/${number}`;
  const at = tip?.committedAt ?? ground.now.toISOString();
  const side = (one: Side, isFork: boolean): Mapping => {
    const owner = one.repository.split('/')[0] ?? '';
    return {
      ref: one.ref,
      sha: one.sha,
      label: `${owner}:${one.ref}`,
      user: { login: owner, type: 'User' },
      repo: repositoryPayload(one.repository, ground.defaultBranch, isFork),
    };
  };
  return {
    ...sharedPayload(ground),
    action,
    number,
    ...(action === 'synchronize' && { before: tip?.parents[0] ?? ZERO, after: head.sha }),
    pull_request: {
      number,
      state: action === 'closed' ? 'closed' : 'open',
      locked: false,
      draft: action === 'converted_to_draft',
      merged: false,
      mergeable: null,
      merge_commit_sha: head.sha,
      title,
      body: rest.join('\n').trim() || null,
      labels: [],
      assignees: [],
      requested_reviewers: [],
      requested_teams: [],
      milestone: null,
      user: user(fork ? (head.repository.split('/')[0] ?? '') : ground.actor),
      author_association: fork ? 'NONE' : 'MEMBER',
      created_at: at,
      updated_at: at,
      closed_at: null,
      merged_at: null,
      auto_merge: null,
      maintainer_can_modify: fork,
      commits: Math.max(1, ground.commits.length),
      html_url: url,
      diff_url: `${url}.diff`,
      patch_url: `${url}.patch`,
      head: side(head, fork),
      base: side(base, false),
    },
  };
}

export function releasePayload(ground: PayloadGround, action: string, tag: string): Mapping {
  const at = ground.now.toISOString();
  return {
    ...sharedPayload(ground),
    action,
    release: {
      tag_name: tag,
      name: tag,
      body: null,
      draft: false,
      prerelease: action === 'prereleased',
      target_commitish: ground.defaultBranch,
      created_at: ground.commits.at(-1)?.committedAt ?? at,
      published_at: at,
      author: user(ground.actor),
      assets: [],
      html_url: `${SERVER}/${ground.fullName}/releases/tag/${tag}`,
    },
  };
}

export function workflowRunPayload(
  ground: PayloadGround,
  run: { readonly action: string; readonly fork: boolean; readonly head: Side },
): Mapping {
  const { action, fork, head } = run;
  const tip = ground.commits.at(-1);
  const at = ground.now.toISOString();
  return {
    ...sharedPayload(ground),
    action,
    workflow_run: {
      name: 'CI',
      display_title: tip?.message.split('\n')[0] ?? '',
      event: fork ? 'pull_request' : 'push',
      status: action === 'completed' ? 'completed' : action,
      conclusion: action === 'completed' ? 'success' : null,
      run_number: 1,
      run_attempt: 1,
      head_branch: head.ref,
      head_sha: head.sha,
      head_commit:
        tip === undefined
          ? null
          : {
              id: tip.sha,
              tree_id: tip.tree,
              message: tip.message,
              timestamp: tip.committedAt,
              author: { ...tip.author },
              committer: { ...tip.committer },
            },
      actor: user(ground.actor),
      triggering_actor: user(ground.actor),
      pull_requests: [],
      created_at: at,
      run_started_at: at,
      updated_at: at,
      repository: repositoryPayload(ground.fullName, ground.defaultBranch, false),
      head_repository: repositoryPayload(head.repository, ground.defaultBranch, fork),
    },
  };
}
