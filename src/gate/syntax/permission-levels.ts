/** Levels by scope. Source: GitHub's workflow syntax, `permissions`, and the schema of its language services, read 2026-11. */
const ANY_LEVEL =
  `actions artifact-metadata attestations checks code-quality contents deployments discussions drives issues
  packages pages pull-requests repository-projects security-events statuses organization-packages`.split(
    /\s+/,
  );

export const LEVELS: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(ANY_LEVEL.map((scope) => [scope, ['read', 'write', 'none']])),
  'id-token': ['write', 'none'],
  'copilot-requests': ['write', 'none'],
  models: ['read', 'none'],
  'vulnerability-alerts': ['read', 'none'],
};
