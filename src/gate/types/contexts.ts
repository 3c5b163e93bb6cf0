import { ANY, BOOL, mapOf, NUMBER, object, objectFrom, STRING, type Type } from './type.ts';

/** Contexts whose properties are the same in every workflow. Source: GitHub's contexts reference, read 2026-11. */
const GITHUB_TEXTS =
  `action action_path action_ref action_repository action_status actor actor_id api_url base_ref env
  event_name event_path graphql_url head_ref job job_workflow_sha output path ref ref_name ref_type repository repository_id
  repository_owner repository_owner_id repository_visibility repositoryurl retention_days run_attempt run_id run_number secret_source
  server_url sha state step_summary token triggering_actor workflow workflow_ref workflow_sha workspace`.split(
    /\s+/,
  );

/** `github`, with what is known of `github.event.inputs`. */
export function githubContext(inputs: Type | undefined): Type {
  const event = object(inputs === undefined ? {} : { inputs }, ANY);
  return objectFrom([
    ...GITHUB_TEXTS.map((name) => [name, STRING] as const),
    ['artifact_cache_size_limit', NUMBER],
    ['ref_protected', BOOL],
    ['event', event],
  ]);
}

const SERVICE = object({ id: STRING, network: STRING, ports: mapOf(STRING) });

export const JOB_CONTEXT: Type = object({
  container: object({ id: STRING, network: STRING }),
  services: mapOf(SERVICE),
  status: STRING,
  check_run_id: NUMBER,
  workflow_ref: STRING,
  workflow_sha: STRING,
  workflow_repository: STRING,
  workflow_file_path: STRING,
});

export const RUNNER_CONTEXT: Type = objectFrom(
  'name os arch temp tool_cache debug environment workspace'
    .split(' ')
    .map((name) => [name, STRING] as const),
);

export const STRATEGY_CONTEXT: Type = object({
  'fail-fast': BOOL,
  'job-index': NUMBER,
  'job-total': NUMBER,
  'max-parallel': NUMBER,
});

/** `env`, `vars`, `secrets`, and outputs that are not known: texts by any name. */
export const TEXTS: Type = mapOf(STRING);
