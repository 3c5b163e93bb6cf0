import { row } from '../known/row.ts';

/**
 * Inputs whose text an action runs as code or hands to a shell. Source: CodeQL's models of actions (github/codeql,
 * actions/ql/lib/ext); what these have not, by how the action is commonly used.
 */
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
  '8398a7/action-slack': ['custom_payload'],
  'sergeysova/jq-action': ['cmd'],
  'devorbitus/yq-action-output': ['cmd'],
  'gautamkrishnar/blog-post-workflow': ['item_exec'],
  'imjohnbo/issue-bot': ['body', 'linked-comments-previous-issue-text', 'linked-comments-new-issue-text'],
  'lucasbento/auto-close-issues': ['issue-close-message'],
  'roots/issue-closer': ['issue-close-message', 'issue-pattern'],
  'asdf-vm/actions': ['before_install'],
  'bahmutov/npm-install': ['install-command'],
  'blackducksoftware/github-action': ['args'],
  'cachix/cachix-action': ['installcommand'],
  'changesets/action': ['publish', 'version'],
  'crazy-max/ghaction-chocolatey': ['args'],
  'cycjimmy/semantic-release-action': ['extra_plugins', 'extends', 'semantic_version'],
  'goreleaser/goreleaser-action': ['args'],
  'akhileshns/heroku-deploy': ['heroku_app_name', 'buildpack', 'branch', 'appdir', 'docker_build_args'],
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
  'jsmith/changes-since-last-tag': ['files', 'added', 'modified', 'removed', 'renamed'],
  'knu/changed-files': ['changed_files', 'changed_files_json', 'matched_files', 'matched_files_json'],
  'wyrihaximus/github-action-files-in-commit': ['files'],
  'lots0logs/gh-action-get-changed-files': ['*'],
  'karpikpl/list-changed-files-action': ['*'],
  'avraammavridis/files-changed-action': ['*'],
  'yumemi-inc/changed-files': ['*'],
  'step-security/changed-files': ['*'],
  'tzkhan/pr-update-action': ['headmatch'],
  'franzdiebold/github-env-vars-action': ['ci_pr_description', 'ci_pr_title'],
  'dawidd6/action-download-artifact': ['artifacts'],
  'marocchino/on_artifact': ['*'],
  'redhat-plumbers-in-action/download-artifact': ['*'],
};

/** Whether an output of an action holds a stranger's words; `fromInput` actions pass on what they were given. */
export function strangersOutput(repository: string, output: string): boolean {
  const outputs = row(STRANGERS_OUTPUTS, repository) ?? [];
  // How many there are, and whether there is any, holds no word of anybody.
  if (/(?:^|_)(?:any|only)_|_count$/.test(output)) return false;
  return outputs.includes('*') || outputs.includes(output);
}

/** Actions whose outputs are made of what they were given. Source: each action's own documentation, and CodeQL's models. */
const PASS_ON: ReadonlySet<string> = new Set([
  'actions-ecosystem/action-regex-match',
  'kaisugi/action-regex-match',
  'meilcli/regex-match',
  'dsfx3d/action-extract-unique-matches',
  'ashley-taylor/regex-property-action',
  'ashley-taylor/read-json-property-action',
  'aszc/change-string-case-action',
  'frabert/replace-string-action',
  'mad9000/actions-find-and-replace-string',
  'haya14busa/action-cond',
  'jsdaniell/create-json',
  'larsoner/circleci-artifacts-redirector-action',
  'rishabhgupta/split-by',
  'sergeysova/jq-action',
  'devorbitus/yq-action-output',
]);
/** Actions that ask a language model, with the inputs that are its words; what it answers holds what it was told to say. */
const MODELS: Readonly<Record<string, readonly string[]>> = {
  'actions/ai-inference': ['prompt', 'system-prompt', 'input'],
  'github/ai-moderator': ['prompt'],
  'anthropics/claude-code-action': ['prompt', 'direct_prompt', 'custom_instructions', 'override_prompt'],
  'anthropics/claude-code-base-action': ['prompt', 'system_prompt', 'append_system_prompt'],
  'google/gemini-code-assist-action': ['prompt'],
  'google-gemini/code-assist-action': ['prompt'],
  'google-github-actions/run-gemini-cli': ['prompt'],
  'openai/chat-completion-action': ['prompt'],
  'openai/codex-action': ['prompt'],
  'coderabbitai/ai-pr-reviewer': ['prompt', 'system_message'],
  'codiumai/pr-agent': ['prompt'],
  'platisd/openai-pr-description': ['prompt', 'completion_prompt'],
  'austenstone/openai-completion-action': ['prompt'],
  'github/copilot-text-inference': ['prompt'],
  'huggingface/inference-action': ['prompt'],
  'replicate/action': ['prompt'],
  'warpdotdev/oz-agent-action': ['prompt'],
};

/** The inputs of an action that are words for a language model. */
export function promptInputs(repository: string): readonly string[] {
  return row(MODELS, repository) ?? [];
}

/** Whether what an action gives is made of what it was given. */
export function passesOn(repository: string): boolean {
  return PASS_ON.has(repository) || row(MODELS, repository) !== undefined;
}

/** Actions whose outputs hold what a file holds, and the inputs that name it, by how each is commonly used. */
const READS_FILES: Readonly<Record<string, readonly string[]>> = {
  'juliangruber/read-file-action': ['path'],
  'andstor/file-reader-action': ['path'],
  'jaywcjlove/github-action-read-file': ['path', 'localfile'],
  'komorebitech/read-files-action': ['files'],
  'notiz-dev/github-action-json-property': ['path'],
  'gr2m/get-json-paths-action': ['json'],
  'christian-draeger/read-properties': ['path'],
  'madhead/read-java-properties': ['file'],
  'falti/dotenv-action': ['path'],
  'c-py/action-dotenv-to-setenv': ['env-file'],
  'mikefarah/yq': ['cmd'],
};

/** The inputs by which an action is told which file to put into its outputs; undefined: it reads none, as far as is known. */
export function readsFile(repository: string): readonly string[] | undefined {
  return Object.hasOwn(READS_FILES, repository) ? READS_FILES[repository] : undefined;
}
