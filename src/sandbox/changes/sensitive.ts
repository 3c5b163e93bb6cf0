import { lstatSync } from 'node:fs';
import type { Change } from './change.ts';
import { plainName } from './git-name.ts';

/**
 * Names at which a file is obeyed by a tool rather than read by a person: to write one is to run code later, as you, outside
 * of any sandbox. The list is by what the tools document; a tool that is not in it is not covered.
 */
const KINDS: readonly (readonly [string, RegExp])[] = [
  ['git\u2019s own data', /^(?:\.git|git~\d+|\.hg|\.jj|\.sl|\.bzr)$/],
  ['git configuration', /^(?:\.gitmodules|\.gitattributes|\.gitconfig|\.mailmap)$/],
  [
    'hooks',
    /^(?:\.husky|\.githooks|\.git-hooks|\.hooks|lefthook\.ya?ml|\.lefthook\.ya?ml|lefthook-local\.ya?ml|\.pre-commit-config\.yaml|\.lintstagedrc.*|\.overcommit\.yml|\.pre-commit-hooks\.yaml|\.?simple-git-hooks\..*|captainhook\.json|prek\.toml)$/,
  ],
  [
    'shell configuration',
    /^(?:\.(?:bash(?:rc|_profile|_login|_logout|_aliases)|profile|zshrc|zshenv|zprofile|zlogin|zlogout|kshrc|cshrc|tcshrc|login|inputrc|envrc|env|tool-versions|direnvrc|mise(?:\.local)?\.toml|autoenv(?:\.zsh)?|pam_environment|xprofile|xsession|xinitrc|tmux\.conf|screenrc)|config\.fish|mise(?:\.local)?\.toml|\.?mise)$/,
  ],
  [
    'start files of interpreters and debuggers',
    /^(?:\.(?:irbrc|pryrc|pdbrc|ghci|rprofile|renviron|gdbinit|lldbinit|octaverc|ocamlinit|guile|perldb|sqliterc|psqlrc|pythonrc(?:\.py)?|node_repl_history)|sitecustomize\.py|usercustomize\.py)$/,
  ],
  [
    'build-tool options',
    /^(?:\.(?:bazelrc|bazeliskrc|buckconfig|buckconfig\.local|pants\.rc|sbtopts|jvmopts|mavenrc)|pants\.toml)$/,
  ],
  [
    'package-manager configuration',
    /^(?:\.npmrc|\.yarnrc(?:\.yml)?|\.yarn|\.pnpmfile\.[cm]?js|\.bunfig\.toml|poetry\.toml|\.swiftpm|\.sbt|\.ivy2|\.m2|\.opam|\.luarocks|\.composer|\.config|\.pnpmrc|pnpm-workspace\.yaml|bunfig\.toml|\.pypirc|pip\.conf|pip\.ini|\.pip|uv\.toml|\.cargo|\.condarc|\.gemrc|\.bundle|\.mvn|settings\.xml|gradle\.properties|init\.gradle(?:\.kts)?|gradle-wrapper\.(?:jar|properties)|nuget\.config|\.netrc|\.curlrc|\.wgetrc|auth\.json|\.terraformrc)$/,
  ],
  [
    'workflow files',
    /^(?:\.github|\.forgejo|\.gitea|\.gitlab-ci\.ya?ml|\.gitlab|\.circleci|\.woodpecker(?:\.ya?ml)?|\.drone\.ya?ml|\.travis\.yml|\.buildkite|\.azure-pipelines|azure-pipelines\.ya?ml|jenkinsfile|bitbucket-pipelines\.yml|\.?appveyor\.yml|\.cirrus\.yml|\.tekton|\.semaphore|\.teamcity|\.harness|cloudbuild\.ya?ml|codemagic\.ya?ml|wercker\.yml|\.mergify\.yml|netlify\.toml|vercel\.json|cofferdam\.yaml)$/,
  ],
  [
    'settings that editors and agents obey',
    /^(?:\.vscode|\.idea|\.vs|\.zed|\.fleet|\.devcontainer(?:\.json)?|\.claude|\.cursor|\.windsurf|\.gemini|\.codex|\.vimrc|\.exrc|\.nvimrc|\.nvim\.lua|\.dir-locals(?:-2)?\.el|\.vim|\.l?vimrc|_vimrc|\.helix|\.nova|\.theia|\.run|\.emacs(?:\.d)?|.+\.code-workspace|.+\.sublime-(?:project|workspace)|\.gitpod\.ya?ml|\.replit|replit\.nix|\.idx|(?:claude(?:\.local)?|agents?|gemini|qwen|crush|warp)\.md|\.cursorrules|\.windsurfrules|\.clinerules.*|\.cline|\.roo|\.roorules.*|\.roomodes|\.kilocode.*|\.kiro|\.amazonq|\.augment.*|\.goose|\.goosehints|\.junie|\.trae|\.qwen|\.?crush\.json|\.crush|\.opencode|opencode\.jsonc?|\.aider.*|\.continue|\.continuerc\.json|\.copilot|\.agents?|\.rules|\.amp|\.factory|\.warp|\.?mcp\.json|\.mcp|\.ssh|\.gnupg|\.aws|\.kube|\.docker)$/,
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

/**
 * As `whySensitive`, for the changes of one folder, with what only shows from them together: a folder that holds what a bare
 * repository holds is one to git, under any name. Whoever runs git in it, as a prompt does by itself, obeys its `config`.
 */
export function sensitiveAmong(
  changes: readonly Change[],
  folder: string,
): (path: Buffer) => string | undefined {
  const made = new Map(changes.map(({ path, kind }) => [plainPath(path), kind !== 'deleted']));
  const known = new Map<string, boolean>();
  const holds = (at: string, name: string): boolean =>
    made.get(plainPath(Buffer.from(`${at}${name}`, 'latin1'))) ??
    stands(Buffer.from(`${folder}/${at}${name}`, 'latin1'));
  const isRepository = (at: string): boolean => {
    const before = known.get(at);
    if (before !== undefined) return before;
    const is = holds(at, 'HEAD') && ((holds(at, 'objects') && holds(at, 'refs')) || holds(at, 'commondir'));
    known.set(at, is);
    return is;
  };
  return (path) => {
    const byName = whySensitive(path);
    if (byName !== undefined) return byName;
    const text = path.toString('latin1');
    for (let slash = -1; ; ) {
      if (isRepository(text.slice(0, slash + 1))) return 'git\u2019s own data: its folder is a repository';
      slash = text.indexOf('/', slash + 1);
      if (slash < 0) return undefined;
    }
  };
}

function stands(path: Buffer): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** For comparing as a file system would that does not tell letter cases apart. */
function plainPath(path: Buffer): string {
  return path.toString('utf8').split('/').map(plainName).join('/');
}
