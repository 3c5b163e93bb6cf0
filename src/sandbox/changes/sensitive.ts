import { plainName } from './git-name.ts';

/**
 * Names at which a file is obeyed by a tool rather than read by a person: to write one is to run code later, as you, outside
 * of any sandbox. The list is by what the tools document; a tool that is not in it is not covered.
 */
const KINDS: readonly (readonly [string, RegExp])[] = [
  ['git\u2019s own data', /^(?:\.git|git~\d+)$/],
  ['git configuration', /^(?:\.gitmodules|\.gitattributes|\.gitconfig|\.mailmap)$/],
  [
    'hooks',
    /^(?:\.husky|\.githooks|\.git-hooks|\.hooks|lefthook\.ya?ml|\.lefthook\.ya?ml|lefthook-local\.ya?ml|\.pre-commit-config\.yaml|\.lintstagedrc.*|\.overcommit\.yml|\.pre-commit-hooks\.yaml)$/,
  ],
  [
    'shell configuration',
    /^(?:\.(?:bash(?:rc|_profile|_login|_logout|_aliases)|profile|zshrc|zshenv|zprofile|zlogin|zlogout|kshrc|cshrc|tcshrc|login|inputrc|envrc|env|tool-versions|direnvrc|mise\.toml)|config\.fish|mise\.toml|\.mise)$/,
  ],
  [
    'package-manager configuration',
    /^(?:\.npmrc|\.yarnrc(?:\.yml)?|\.yarn|\.pnpmfile\.c?js|\.pnpmrc|pnpm-workspace\.yaml|bunfig\.toml|\.pypirc|pip\.conf|pip\.ini|\.pip|uv\.toml|\.cargo|\.condarc|\.gemrc|\.bundle|\.mvn|settings\.xml|gradle\.properties|init\.gradle(?:\.kts)?|gradle-wrapper\.(?:jar|properties)|nuget\.config|\.netrc|\.curlrc|\.wgetrc|auth\.json|\.terraformrc)$/,
  ],
  [
    'workflow files',
    /^(?:\.github|\.forgejo|\.gitea|\.gitlab-ci\.ya?ml|\.gitlab|\.circleci|\.woodpecker(?:\.ya?ml)?|\.drone\.ya?ml|\.travis\.yml|\.buildkite|\.azure-pipelines|azure-pipelines\.ya?ml|jenkinsfile|bitbucket-pipelines\.yml|appveyor\.yml|cofferdam\.yaml)$/,
  ],
  [
    'settings that editors and agents obey',
    /^(?:\.vscode|\.idea|\.vs|\.zed|\.fleet|\.devcontainer(?:\.json)?|\.claude|\.cursor|\.windsurf|\.gemini|\.codex|\.mcp\.json|\.vimrc|\.exrc|\.nvimrc|\.nvim\.lua|\.dir-locals\.el|\.editorconfig-exec|claude\.md|agents\.md|gemini\.md|\.cursorrules|\.ssh|\.gnupg|\.aws|\.kube|\.docker)$/,
  ],
];

/**
 * What makes a path one that is applied only when it is named, or undefined. Judged by each name on the way, without
 * regard to case and to characters that some file systems ignore.
 */
export function whySensitive(path: Buffer): string | undefined {
  for (const name of path.toString('utf8').split('/')) {
    const plain = plainName(name);
    const kind = KINDS.find(([, pattern]) => pattern.test(plain));
    if (kind !== undefined) return kind[0];
  }
  return undefined;
}
