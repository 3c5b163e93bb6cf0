/** Keys that are written in most workflows. */
const WRITTEN = `
  name run-name on env defaults run shell working-directory concurrency group cancel-in-progress permissions jobs
  push pull_request pull_request_target workflow_dispatch workflow_call workflow_run schedule cron issue_comment issues release
  types branches branches-ignore tags tags-ignore paths paths-ignore workflows inputs outputs secrets description required default
  type options value deprecationMessage
  needs if runs-on labels environment url strategy matrix include exclude fail-fast max-parallel timeout-minutes continue-on-error
  container services image credentials username password ports volumes steps id uses with
  contents actions checks deployments discussions id-token packages pages pull-requests security-events statuses attestations
  os version node-version python-version go-version java-version distribution cache key path restore-keys fetch-depth ref repository
  token persist-credentials submodules script context file platforms registry node python architecture toolchain args files
  retention-days if-no-files-found fetch-tags GITHUB_TOKEN GH_TOKEN NODE_AUTH_TOKEN
  runs using main pre pre-if post post-if branding icon color author
  updates package-ecosystem directory interval
`;

const KNOWN: ReadonlyMap<string, string> = new Map(
  WRITTEN.split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => [word, word]),
);

/** The same text, as one string for all files where it is a key that most have: nothing is kept of what a file holds. */
export function knownKey(key: string): string {
  return KNOWN.get(key) ?? key;
}
