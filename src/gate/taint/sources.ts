import type { Reference } from './references.ts';

/** Events that somebody without any right to the repository can bring about. Source: GitHub's events reference. */
export const STRANGERS_EVENTS: ReadonlySet<string> = new Set([
  'pull_request',
  'pull_request_target',
  'pull_request_review',
  'pull_request_review_comment',
  'pull_request_comment',
  'issues',
  'issue_comment',
  'discussion',
  'discussion_comment',
  'workflow_run',
  'fork',
  'watch',
  'gollum',
]);

/** Of those, the ones whose jobs hold the repository's secrets and token all the same. */
export const PRIVILEGED_EVENTS: ReadonlySet<string> = new Set([
  'pull_request_target',
  'pull_request_comment',
  'issues',
  'issue_comment',
  'discussion',
  'discussion_comment',
  'workflow_run',
  'fork',
  'watch',
  'gollum',
]);

export interface Source {
  readonly path: Reference;
  /** Events whose payload has it. */
  readonly events: readonly string[];
  /** Whose words it holds: a stranger's, or of somebody who may write to the repository. */
  readonly by: 'stranger' | 'writer';
  /** `text`: may hold any character. `pointer`: names a commit, a number or a repository, and leads to a stranger's code. */
  readonly holds: 'text' | 'pointer';
}

const PULLS = [
  'pull_request',
  'pull_request_target',
  'pull_request_review',
  'pull_request_review_comment',
  'pull_request_comment',
];
const ISSUES = ['issues', 'issue_comment'];

function of(
  by: Source['by'],
  holds: Source['holds'],
  events: readonly string[],
  paths: string,
): readonly Source[] {
  return paths
    .trim()
    .split(/\s+/)
    .map((path) => ({ path: path.split('.'), events, by, holds }));
}

/** Fields that somebody else fills. Source: GitHub's webhook payloads, and its guide to script injection. */
const SOURCES: readonly Source[] = [
  ...of(
    'stranger',
    'text',
    PULLS,
    `github.head_ref github.event.pull_request.title github.event.pull_request.body
    github.event.pull_request.head.ref github.event.pull_request.head.label
    github.event.pull_request.head.repo.default_branch github.event.pull_request.head.repo.description
    github.event.pull_request.head.repo.homepage github.event.changes.*.from
    github.event.changes.*.*.from`,
  ),
  ...of(
    'stranger',
    'text',
    ISSUES,
    'github.event.issue.title github.event.issue.body github.event.changes.*.from',
  ),
  ...of(
    'stranger',
    'text',
    ['issue_comment', 'pull_request_review_comment', 'discussion_comment', 'commit_comment'],
    'github.event.comment.body github.event.comment.diff_hunk github.event.comment.path',
  ),
  ...of('stranger', 'text', ['pull_request_review'], 'github.event.review.body'),
  ...of(
    'stranger',
    'text',
    ['discussion', 'discussion_comment'],
    'github.event.discussion.title github.event.discussion.body',
  ),
  ...of(
    'stranger',
    'text',
    ['gollum'],
    'github.event.pages.*.page_name github.event.pages.*.title github.event.pages.*.summary',
  ),
  ...of(
    'stranger',
    'text',
    ['workflow_run'],
    `github.event.workflow_run.head_branch github.event.workflow_run.display_title
    github.event.workflow_run.head_commit.message github.event.workflow_run.head_commit.author.name
    github.event.workflow_run.head_commit.author.email github.event.workflow_run.head_commit.committer.name
    github.event.workflow_run.head_commit.committer.email github.event.workflow_run.head_repository.description
    github.event.workflow_run.pull_requests.*.head.ref github.event.workflow_run.path github.event.workflow.path
    github.event.workflow_run.referenced_workflows.*.path`,
  ),
  ...of(
    'stranger',
    'text',
    ['push'],
    `github.event.head_commit.message github.event.head_commit.author.name
    github.event.head_commit.author.email github.event.head_commit.committer.name github.event.head_commit.committer.email
    github.event.commits.*.message github.event.commits.*.author.name github.event.commits.*.author.email
    github.event.commits.*.committer.name github.event.commits.*.committer.email`,
  ),
  ...of(
    'stranger',
    'text',
    ['check_run', 'check_suite'],
    `github.event.check_suite.head_branch
    github.event.check_run.check_suite.head_branch github.event.check_suite.head_commit.message
    github.event.check_suite.head_commit.author.name github.event.check_suite.head_commit.author.email
    github.event.check_run.name github.event.check_run.output.title github.event.check_run.output.summary
    github.event.check_run.output.text`,
  ),
  // The repository that a fork makes is described by whoever made it.
  ...of(
    'stranger',
    'text',
    ['fork'],
    'github.event.forkee.description github.event.forkee.homepage github.event.forkee.default_branch',
  ),
  ...of(
    'stranger',
    'text',
    ['status'],
    `github.event.commit.commit.message github.event.commit.commit.author.name
    github.event.commit.commit.author.email github.event.branches.*.name`,
  ),
  ...of(
    'stranger',
    'text',
    ['merge_group'],
    `github.event.merge_group.head_commit.message github.event.merge_group.head_commit.author.name
    github.event.merge_group.head_commit.author.email github.event.merge_group.head_ref
    github.event.merge_group.head_commit.committer.name github.event.merge_group.head_commit.committer.email
    github.event.merge_group.committer.name github.event.merge_group.committer.email`,
  ),
  ...of(
    'writer',
    'text',
    ['deployment', 'deployment_status'],
    `github.event.deployment.ref github.event.deployment.payload.* github.event.deployment.description
    github.event.deployment.task github.event.deployment_status.description
    github.event.deployment_status.environment_url github.event.deployment_status.target_url`,
  ),
  ...of(
    'stranger',
    'pointer',
    PULLS,
    `github.event.pull_request.head.sha github.event.pull_request.merge_commit_sha
    github.event.pull_request.number github.event.pull_request.diff_url github.event.pull_request.patch_url github.event.number github.event.pull_request.head.repo.full_name
    github.event.pull_request.head.repo.clone_url github.event.pull_request.head.repo.ssh_url
    github.event.pull_request.head.user.login github.event.pull_request.head.repo.owner.login`,
  ),
  ...of(
    'stranger',
    'pointer',
    ['issue_comment'],
    'github.event.issue.number github.event.issue.pull_request.*',
  ),
  ...of(
    'stranger',
    'pointer',
    ['workflow_run'],
    `github.event.workflow_run.head_sha github.event.workflow_run.head_commit.id
    github.event.workflow_run.head_repository.full_name github.event.workflow_run.pull_requests.*.number
    github.event.workflow_run.pull_requests.*.head.sha github.event.workflow_run.head_repository.owner.login
    github.event.workflow_run.id`,
  ),
  ...of(
    'writer',
    'text',
    ['push', 'create', 'delete', 'workflow_dispatch'],
    'github.ref_name github.ref github.event.ref github.event.base_ref',
  ),
  ...of('writer', 'text', ['workflow_dispatch'], 'github.event.inputs.*'),
  ...of('writer', 'text', ['repository_dispatch'], 'github.event.client_payload.* github.event.branch'),
  ...of(
    'writer',
    'text',
    ['release'],
    'github.event.release.name github.event.release.body github.event.release.tag_name',
  ),
];

/** The sources that a reference takes in: it is one of them, lies below one, or has one below it. */
export function sourcesOf(reference: Reference): readonly Source[] {
  if (reference[0] !== 'github') return [];
  return SOURCES.filter(({ path }) => {
    const shared = Math.min(path.length, reference.length);
    for (let at = 0; at < shared; at += 1)
      if (path[at] !== reference[at] && path[at] !== '*' && reference[at] !== '*') return false;
    // `github.event.number` of which nothing is below must not be met by `github.event.number.x` alone; that is harmless.
    return true;
  });
}
