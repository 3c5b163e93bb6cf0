/** What a file is to the tools that obey it. */
export type WatchedKind =
  | 'shell-configuration'
  | 'git-configuration'
  | 'hook'
  | 'package-manager-configuration'
  | 'tool-configuration'
  | 'workflow-file';

const HOME = '/home/runner';

/** Names ending in `/` stand for all below them. By what the tools document (see also `../changes/sensitive.ts`). */
const AT_HOME: readonly (readonly [WatchedKind, string])[] = [
  [
    'shell-configuration',
    `.bashrc .bash_profile .bash_login .bash_logout .bash_aliases .profile .zshrc .zshenv .zprofile .zlogin .zlogout
     .kshrc .cshrc .tcshrc .login .inputrc .config/fish/`,
  ],
  ['git-configuration', '.gitconfig .config/git/'],
  [
    'package-manager-configuration',
    `.npmrc .pnpmrc .yarnrc .yarnrc.yml .pypirc .pip/ .config/pip/ .config/uv/ .cargo/config .cargo/config.toml
     .cargo/credentials.toml .m2/settings.xml .gradle/gradle.properties .gradle/init.gradle .gradle/init.d/ .gemrc
     .bundle/config .condarc .netrc .curlrc .wgetrc`,
  ],
  [
    'tool-configuration',
    '.ssh/ .aws/ .kube/ .docker/ .config/gh/ .claude/ .cursor/ .gemini/ .codex/ .vimrc .config/nvim/',
  ],
];

/** Below the workspace and below each folder that is written for real. */
const IN_A_REPOSITORY: readonly (readonly [WatchedKind, string])[] = [
  ['git-configuration', '.git/config .git/config.worktree .git/info/attributes .gitmodules .gitattributes'],
  [
    'hook',
    `.git/hooks/ .husky/ .githooks/ .git-hooks/ lefthook.yml .lefthook.yml .pre-commit-config.yaml
     .pre-commit-hooks.yaml .overcommit.yml`,
  ],
  [
    'package-manager-configuration',
    `.npmrc .pnpmrc .yarnrc .yarnrc.yml .pnpmfile.cjs bunfig.toml .pypirc pip.conf .cargo/config .cargo/config.toml
     .mvn/ .bundle/config .netrc`,
  ],
  ['shell-configuration', '.envrc .bashrc .profile .zshrc'],
  ['tool-configuration', '.vscode/ .idea/ .devcontainer/ .claude/ .cursor/ .gemini/ .codex/ .mcp.json'],
  [
    'workflow-file',
    `.github/workflows/ .github/actions/ **/action.yml **/action.yaml action.yml action.yaml cofferdam.yaml
     .forgejo/ .gitea/ .gitlab-ci.yml .circleci/ .woodpecker/ .woodpecker.yml .drone.yml .travis.yml .buildkite/
     azure-pipelines.yml Jenkinsfile`,
  ],
];

const words = (text: string): readonly string[] => text.trim().split(/\s+/u);

/** Every rule for these places, as the trace program takes them: `A/` all below A, and with two stars on the way every such file below. */
export function watchedRules(repositories: readonly string[]): readonly string[] {
  return [
    ...AT_HOME.flatMap(([, names]) => words(names).map((name) => `${HOME}/${name}`)),
    ...repositories.flatMap((root) =>
      IN_A_REPOSITORY.flatMap(([, names]) => words(names).map((name) => `${root}/${name}`)),
    ),
  ];
}

/** What a path is that one of the rules let through; undefined: nothing that is told. */
export function watchedKind(path: string, repositories: readonly string[]): WatchedKind | undefined {
  // Published packages carry the workflows of their own repositories, and git's samples are never run.
  if (path.includes('/node_modules/') || path.endsWith('.sample')) return undefined;
  const root = repositories.find((one) => path.startsWith(`${one}/`));
  if (root !== undefined) return kindOf(path.slice(root.length + 1), IN_A_REPOSITORY);
  return path.startsWith(`${HOME}/`) ? kindOf(path.slice(HOME.length + 1), AT_HOME) : undefined;
}

function kindOf(name: string, list: readonly (readonly [WatchedKind, string])[]): WatchedKind | undefined {
  const of = (holds: (rule: string) => boolean): WatchedKind | undefined =>
    list.find(([, names]) => words(names).some(holds))?.[0];
  // A folder or a link was put where such files lie below.
  return of((rule) => fits(rule, name)) ?? of((rule) => rule.startsWith(`${name}/`));
}

function fits(rule: string, name: string): boolean {
  if (rule.startsWith('**/')) return name.endsWith(rule.slice(2));
  return rule.endsWith('/') ? name.startsWith(rule) || `${name}/` === rule : name === rule;
}
