import type { Hop } from '../finding.ts';
import type { StepPart } from '../repository/model.ts';
import { pieceSpan, spanOf } from '../repository/tree.ts';
import type { ShellCommand } from '../shell/script.ts';
import type { Site } from '../subject.ts';
import type { Following } from './value.ts';

/** Programs that run what lies in the working folder: build tools, package managers, interpreters. */
const RUNS_THE_WORKSPACE = new Set(
  `npm npx yarn pnpm bun deno node corepack make cmake ninja just task rake bundle gem ruby python python3 pip pip3 pipx poetry pdm uv uvx
  tox nox pytest hatch pre-commit cargo go goreleaser mvn ./mvnw gradle ./gradlew ant sbt lein composer php artisan phpunit dotnet msbuild
  swift xcodebuild bazel bazelisk docker docker-compose podman buildah earthly terraform terragrunt pulumi ansible-playbook helm kustomize
  eslint jest mocha vitest tsc tsx ts-node lerna nx turbo rush jekyll hugo mkdocs sphinx-build flake8 mypy pylint black ruff stack cabal mix
  rebar3 perl lua julia Rscript bash sh zsh source . chmod`.split(/\s+/),
);
const SUBCOMMANDS_THAT_DO_NOT: Readonly<Record<string, readonly string[]>> = {
  docker: ['login', 'logout', 'pull', 'push', 'ps', 'images', 'tag'],
  git: [],
  npm: ['--version', 'config', 'whoami', 'view'],
  pip: ['--version'],
  node: ['--version', '-v'],
  bash: ['-c'],
  sh: ['-c'],
  chmod: [],
};
/** Actions that build or install what lies in the workspace. */
const ACTIONS = new Set([
  'docker/build-push-action',
  'pre-commit/action',
  'gradle/gradle-build-action',
  'borales/actions-yarn',
  'bahmutov/npm-install',
  'cypress-io/github-action',
  'goreleaser/goreleaser-action',
  'ruby/setup-ruby',
  'golangci/golangci-lint-action',
  'pypa/cibuildwheel',
  'wagoid/commitlint-github-action',
  'super-linter/super-linter',
  'github/super-linter',
  'oxsecurity/megalinter',
  'hashicorp/setup-terraform',
  'codecov/codecov-action',
]);

/** The first step after this one that runs what lies in the workspace. */
export function executedAfter(taints: Following, after: Site): Hop | undefined {
  for (const step of after.job?.steps ?? []) {
    const same = step.index === after.step.index;
    if (step.index < after.step.index) continue;
    const hop = executes(taints, { ...after, step }, { same });
    if (hop !== undefined) return hop;
  }
  return undefined;
}

function executes(taints: Following, site: Site, { same }: { readonly same: boolean }): Hop | undefined {
  const { step, file } = site;
  const { uses, run } = step;
  if (uses !== undefined && !same && actionRuns(step))
    return { at: spanOf(file.source, uses.at, uses.text.length), what: 'runs what lies in the workspace' };
  if (run === undefined) return undefined;
  const script = taints.subject.script(site);
  // In the step that fetched it, what stands after; commands are in order.
  const fetched = same
    ? script?.commands.findIndex(({ name }) => name === 'git' || name === 'gh')
    : undefined;
  for (const [index, command] of (script?.commands ?? []).entries())
    if ((fetched === undefined || index > fetched) && commandRuns(command))
      return { at: pieceSpan(file.source, run, command.text), what: 'runs what lies in the workspace' };
  return undefined;
}

function actionRuns({ uses }: StepPart): boolean {
  return uses?.kind === 'local' || (uses?.kind === 'repository' && ACTIONS.has(uses.repository));
}

function commandRuns(command: ShellCommand): boolean {
  const [name, ...words] = withoutWrapper([command.name, ...command.words.map(({ value }) => value)]);
  if (name === undefined) return false;
  if (name.startsWith('./') || name.startsWith('../')) return true;
  const first = words[0] ?? '';
  if (name === 'chmod') return false;
  if (['bash', 'sh', 'zsh', 'source', '.'].includes(name))
    return first !== '' && !first.startsWith('-') && !first.startsWith('/');
  return RUNS_THE_WORKSPACE.has(name) && !(SUBCOMMANDS_THAT_DO_NOT[name] ?? []).includes(first);
}

const WRAPPERS = new Set([
  'sudo',
  'env',
  'time',
  'nice',
  'xvfb-run',
  'exec',
  'command',
  'timeout',
  'nohup',
  'stdbuf',
]);

/** `sudo -E npm ci` is `npm ci`. */
function withoutWrapper(words: readonly string[]): readonly string[] {
  let at = 0;
  while (at < words.length && WRAPPERS.has(words[at] ?? '')) {
    at += 1;
    while (at < words.length && /^(?:-|\d+[smh]?$|\w+=)/.test(words[at] ?? '')) at += 1;
  }
  return words.slice(at);
}
