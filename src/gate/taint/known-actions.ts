import { row } from '../known/row.ts';

/** Inputs whose text an action runs as code or hands to a shell. Source: each action's own documentation. */
const CODE_INPUTS: Readonly<Record<string, readonly string[]>> = {
  'actions/github-script': ['script'],
  'azure/powershell': ['inlinescript'],
  'azure/cli': ['inlinescript'],
  'appleboy/ssh-action': ['script'],
  'cardinalby/js-eval-action': ['expression'],
  'addnab/docker-run-action': ['run', 'options'],
  'nick-fields/retry': ['command', 'on_retry_command', 'new_command_on_retry'],
  'nick-invision/retry': ['command'],
  'amadevus/pwsh-script': ['script'],
  'mikefarah/yq': ['cmd'],
  'jannekem/run-python-script-action': ['script'],
  'gautamkrishnar/keepalive-workflow': ['commit_message'],
  'gradle/gradle-build-action': ['arguments'],
  'gradle/actions/setup-gradle': ['arguments'],
  'reactivecircus/android-emulator-runner': ['script', 'pre-emulator-launch-script'],
  'coactions/setup-xvfb': ['run'],
  'gabrielbb/xvfb-action': ['run'],
  'webiny/action-post-run': ['run'],
  'lycheeverse/lychee-action': ['args'],
  'docker/bake-action': ['set'],
  'burnett01/rsync-deployments': ['switches'],
  'garygrossgarten/github-action-ssh': ['command'],
  'matlab-actions/run-command': ['command'],
  'google-github-actions/get-gke-credentials': [],
  'cypress-io/github-action': ['command', 'build', 'start', 'install-command'],
};

export function codeInputs(repository: string, path: string): readonly string[] {
  return row(CODE_INPUTS, path === '' ? repository : `${repository}/${path}`) ?? [];
}

/** Outputs that hold what a stranger wrote. `*` stands for all. Source: each action's own documentation. */
const STRANGERS_OUTPUTS: Readonly<Record<string, readonly string[]>> = {
  'tj-actions/changed-files': ['*'],
  'tj-actions/branch-names': ['head_ref_branch', 'current_branch', 'ref_branch'],
  'jitterbit/get-changed-files': ['*'],
  'trilom/file-changes-action': ['*'],
  'ahmadnassri/action-changed-files': ['*'],
  'masesgroup/retrieve-changed-files': ['*'],
  'xt0rted/pull-request-comment-branch': ['head_ref', 'head_sha'],
  'alessbell/pull-request-comment-branch': ['head_ref', 'head_sha'],
  'gotson/pull-request-comment-branch': ['head_ref', 'head_sha'],
  'eficode/resolve-pr-refs': ['head_ref', 'head_sha'],
  'potiuk/get-workflow-origin': ['sourceheadbranch', 'sourceheadsha', 'targetcommitsha', 'sourceheadrepo'],
  'peter-evans/find-comment': ['comment-body'],
  'stefanbuck/github-issue-parser': ['*'],
  'zentered/issue-forms-body-parser': ['*'],
  'peter-murray/issue-body-parser-action': ['*'],
  'peter-murray/issue-forms-body-parser': ['*'],
  'tim-actions/get-pr-commits': ['*'],
  'khan/pull-request-comment-trigger': ['comment_body'],
  'actions-ecosystem/action-regex-match': ['*'],
  'bt-macole/lambda-invoke': [],
};

/** Whether an output of an action holds a stranger's words; `fromInput` actions pass on what they were given. */
export function strangersOutput(repository: string, output: string): boolean {
  const outputs = row(STRANGERS_OUTPUTS, repository) ?? [];
  return outputs.includes('*') || outputs.includes(output);
}
