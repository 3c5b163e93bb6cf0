import type { ContextValue } from '../../workflow/index.ts';
import type { RunEvent } from './event.ts';

/** What a run knows of itself, beside its event. */
export interface RunIdentity {
  readonly runId: string;
  readonly workflowName: string;
  /** Path of the workflow within the repository. */
  readonly workflowPath: string;
  readonly job: string;
}

/** Where a job's folders are, as the job sees them. */
export interface JobFolders {
  readonly workspace: string;
  readonly temp: string;
  readonly toolCache: string;
  readonly home: string;
  readonly eventPath: string;
}

/** GitHub's own hosts; a local run talks to none of them. */
const SERVER_URL = 'https://github.com';

function refName(ref: string): string {
  return ref.replace(/^refs\/(heads|tags|pull)\//, '');
}

/** A number that GitHub would have: workflows do arithmetic and comparisons with it. */
function runNumber(runId: string): string {
  let number = 0n;
  for (const character of runId) number = (number * 31n + BigInt(character.charCodeAt(0))) % 10_000_000_000n;
  return number.toString();
}

/** The `github` context (GitHub's contexts reference), without a token: whoever brokers tokens adds it. */
export function githubContext(
  event: RunEvent,
  identity: RunIdentity,
  folders: JobFolders,
): { readonly [key: string]: ContextValue } {
  const [owner = ''] = event.repository.split('/');
  return {
    action: '',
    action_path: '',
    action_ref: '',
    action_repository: '',
    action_status: '',
    actor: event.actor,
    actor_id: '',
    api_url: 'https://api.github.com',
    base_ref: event.baseRef ?? '',
    event: event.payload,
    event_name: event.name,
    event_path: folders.eventPath,
    graphql_url: 'https://api.github.com/graphql',
    head_ref: event.headRef ?? '',
    job: identity.job,
    ref: event.ref,
    ref_name: refName(event.ref),
    ref_protected: false,
    ref_type: event.ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    repository: event.repository,
    repository_id: '',
    repository_owner: owner,
    repository_owner_id: '',
    repositoryUrl: `git://github.com/${event.repository}.git`,
    retention_days: '0',
    run_attempt: '1',
    run_id: runNumber(identity.runId),
    run_number: '1',
    secret_source: 'None',
    server_url: SERVER_URL,
    sha: event.sha,
    token: '',
    triggering_actor: event.actor,
    workflow: identity.workflowName,
    workflow_ref: `${event.repository}/${identity.workflowPath}@${event.ref}`,
    workflow_sha: event.sha,
    workspace: folders.workspace,
  };
}

const ENVIRONMENT_KEYS = [
  'action',
  'action_path',
  'action_ref',
  'action_repository',
  'actor',
  'actor_id',
  'api_url',
  'base_ref',
  'event_name',
  'event_path',
  'graphql_url',
  'head_ref',
  'job',
  'ref',
  'ref_name',
  'ref_protected',
  'ref_type',
  'repository',
  'repository_id',
  'repository_owner',
  'repository_owner_id',
  'retention_days',
  'run_attempt',
  'run_id',
  'run_number',
  'server_url',
  'sha',
  'triggering_actor',
  'workflow',
  'workflow_ref',
  'workflow_sha',
  'workspace',
] as const;

/** The default variables of a step (GitHub's variables reference). */
export function defaultEnvironment(
  github: { readonly [key: string]: ContextValue },
  folders: JobFolders,
  architecture: 'X64' | 'ARM64',
): Readonly<Record<string, string>> {
  const environment: Record<string, string> = {};
  for (const key of ENVIRONMENT_KEYS) {
    const value = github[key];
    if (value === undefined || value === null || typeof value === 'object') continue;
    if (value === '' && key.startsWith('action')) continue;
    environment[`GITHUB_${key.toUpperCase()}`] = String(value);
  }
  return {
    ...environment,
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    HOME: folders.home,
    RUNNER_OS: 'Linux',
    RUNNER_ARCH: architecture,
    RUNNER_NAME: 'cofferdam',
    RUNNER_ENVIRONMENT: 'self-hosted',
    RUNNER_TEMP: folders.temp,
    RUNNER_TOOL_CACHE: folders.toolCache,
    RUNNER_WORKSPACE: folders.workspace.slice(0, folders.workspace.lastIndexOf('/')),
  };
}
