import type { Hop } from '../finding.ts';
import type { StepPart } from '../repository/model.ts';
import { pieceSpan, spanOf } from '../repository/tree.ts';
import type { ShellCommand } from '../shell/script.ts';
import type { ShellScript, ShellWord } from '../shell/script.ts';
import type { Site } from '../subject.ts';
import { leftOpen } from './conditions.ts';
import { fileCommandsOf } from './file-commands.ts';
import { type Folder, folderOf, foldersOf, names, within } from './folder.ts';
import type { Following } from './value.ts';
import { row } from '../known/row.ts';

/** Programs that run what lies in the working folder: build tools, package managers, interpreters. */
const RUNS_THE_WORKSPACE = new Set(
  `npm npx yarn pnpm bun deno node corepack make cmake ninja just task rake bundle gem ruby python python3 pip pip3 pipx poetry pdm uv uvx
  tox nox pytest hatch pre-commit cargo go goreleaser mvn ./mvnw gradle ./gradlew ant sbt lein composer php artisan phpunit dotnet msbuild
  swift xcodebuild bazel bazelisk docker docker-compose podman buildah earthly terraform terragrunt pulumi ansible-playbook helm kustomize
  eslint jest mocha vitest tsc tsx ts-node lerna nx turbo rush jekyll hugo mkdocs sphinx-build flake8 mypy pylint black ruff stack cabal mix
  rebar3 perl lua julia Rscript bash sh zsh source . chmod
  tflint checkov pulumi cdk sam serverless vagrant packer skaffold tilt stylelint prettier webpack rollup vite next nuxt gatsby ng nest
  astro eleventy docusaurus commitlint semantic-release standard xo ava tap karma cypress playwright storybook bats tofu  gomplate
  golangci-lint staticcheck mage buf bundler rspec rubocop rails fastlane pod swiftlint sonar-scanner conan meson scons waf autoreconf
 helmfile chezmoi devbox nix nix-build nix-shell nix-env nix-instantiate dub crystal shards zig`.split(/\s+/),
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
  'bridgecrewio/checkov-action',
  'docker/bake-action',
  'gradle/actions',
  'burrunan/gradle-cache-action',
  'actions/jekyll-build-pages',
  'helm/chart-testing-action',
  'sonarsource/sonarcloud-github-action',
  'sonarsource/sonarqube-scan-action',
  'reviewdog/action-eslint',
  'reviewdog/action-golangci-lint',
  'reviewdog/action-rubocop',
  'wearerequired/lint-action',
  'creyd/prettier_action',
  'actions-rs/cargo',
  'devcontainers/ci',
  'pulumi/actions',
  'serverless/github-action',
  'pyo3/maturin-action',
  'messense/maturin-action',
  'tauri-apps/tauri-action',
  'axel-op/googlejavaformat-action',
  'cloudflare/wrangler-action',
  'amondnet/vercel-action',
  'trunk-io/trunk-action',
  'pre-commit-ci/lite-action',
  'cycjimmy/semantic-release-action',
  'changesets/action',
]);

/** A folder that a stranger filled, and the folders within it that others did afterwards. */
export interface Place {
  readonly folder: string;
  /** As it is written, when it is. */
  readonly written?: string;
  readonly others: readonly string[];
}

const WORKSPACE: Place = { folder: '', others: [] };

/** The first step after this one that runs what lies in the folder. */
export function executedAfter(
  taints: Following,
  after: Site,
  place: Place = WORKSPACE,
  events: readonly string[] = [],
): Hop | undefined {
  const steps = after.job?.steps ?? (after.file.kind === 'action' ? after.file.steps : []);
  let from = place;
  const { index } = after.step;
  const busy = busyAmong(taints, steps, after);
  for (let at = firstFrom(busy, index); at < busy.length; at += 1) {
    const step = busy[at];
    if (step === undefined) break;
    const site = { ...after, step };
    // A step that these events never come to runs nothing of theirs.
    const asks = step.if !== undefined && events.length > 0;
    if (asks && leftOpen(taints.subject, site, events).length === 0) continue;
    const same = step.index === index;
    // To look from each of thousands of steps at each behind it would never end: what may run it is taken to.
    if (!same && steps.length > MAX_STEPS)
      return { at: spanOf(site.file.source, step.at), what: 'runs what lies in the workspace' };
    const hop = executes(taints, site, from, { same });
    if (hop !== undefined) return hop;
    if (spreads(taints, site, from)) from = WORKSPACE;
  }
  return undefined;
}

/** Of one job; no job that a person writes has as many. */
const MAX_STEPS = 1_000;
const COPIERS = new Set(['cp', 'mv', 'rsync']);
const BUSY = new WeakMap<readonly StepPart[], readonly StepPart[]>();

/** The steps that run or copy anything at all, wherever it lies: the others need not be looked at for each place. */
function busyAmong(
  { subject }: Following,
  steps: readonly StepPart[],
  { file, job }: Site,
): readonly StepPart[] {
  const known = BUSY.get(steps);
  if (known !== undefined) return known;
  const found = steps.filter((step) => {
    const { uses } = step;
    if (uses?.kind === 'local' || (uses?.kind === 'repository' && ACTIONS.has(uses.repository))) return true;
    const script = subject.script({ file, step, ...(job !== undefined && { job }) });
    return (
      script?.commands.some((command) => {
        const [name = ''] = withoutWrapper([command.name, ...command.words.map(({ value }) => value)]);
        return name.includes('/') || RUNS_THE_WORKSPACE.has(name) || COPIERS.has(command.name);
      }) === true || step.run?.text.includes('GITHUB_PATH')
    );
  });
  BUSY.set(steps, found);
  return found;
}

/** The place in a list of the first step with this number or a later one. */
function firstFrom(steps: readonly StepPart[], index: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle]?.index ?? 0) < index) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Without these a script of JavaScript starts nothing, and takes in no file. */
const STARTS = /require|import|exec|spawn|fork/;

function executes(
  taints: Following,
  site: Site,
  place: Place,
  { same }: { readonly same: boolean },
): Hop | undefined {
  const { step, file } = site;
  const { uses } = step;
  const run = taints.subject.scriptText(site);
  if (uses !== undefined && !same && actionRuns(site, place))
    return { at: spanOf(file.source, uses.at, uses.text.length), what: 'runs what lies in the workspace' };
  if (run === undefined || (taints.subject.language(site) === 'javascript' && !STARTS.test(run.text)))
    return undefined;
  const script = taints.subject.script(site);
  if (script === undefined) return undefined;
  const folders = foldersOf(taints.subject, site, script);
  for (const { file: to, words, command } of fileCommandsOf(script))
    if (
      to === 'GITHUB_PATH' &&
      words.some((word) => isAPath(word) && names(word, place.folder, folders.get(command), site, script))
    )
      return {
        at: pieceSpan(file.source, run, command.text),
        what: 'lets programs be looked for in the workspace',
      };
  // In the step that fetched it, what stands after; commands are in order.
  const fetched = same ? script.commands.findIndex(({ name }) => name === 'git' || name === 'gh') : -1;
  for (const [index, command] of script.commands.entries())
    if (index > fetched && runsFrom(command, folders.get(command), place, site, script))
      return { at: pieceSpan(file.source, run, command.text), what: 'runs what lies in the workspace' };
  return undefined;
}

/** A folder of the job, and none of the machine or of the home. */
function isAPath({ text }: ShellWord): boolean {
  return /^["']?(?:\.{0,2}\/?[\w-]|\$\{?(?:PWD|GITHUB_WORKSPACE|RUNNER_TEMP)\b|\$\(pwd\)|\$\{\{)/.test(text);
}

function actionRuns(site: Site, { folder, others }: Place): boolean {
  const { uses, with: given } = site.step;
  if (uses?.kind === 'local') {
    const path = folderOf(uses.path) ?? '';
    return within(path, folder) && !others.some((other) => within(path, other));
  }
  if (uses?.kind !== 'repository' || !ACTIONS.has(uses.repository)) return false;
  const named = given.flatMap(({ name, value }) =>
    /^(?:context|path|paths|directory|dir|file|files|source|project|config)$|director|workdir/i.test(name)
      ? value.text.split(/\s+/).flatMap((path) => folderOf(path, '', site) ?? [])
      : [],
  );
  if (folder !== '') return named.some((path) => within(path, folder));
  return named.length === 0 || named.some((path) => !others.some((other) => within(path, other)));
}

/** Whether a command, started in a folder, runs what lies in the place. */
function runsFrom(
  command: ShellCommand,
  cwd: Folder,
  { folder, others }: Place,
  site: Site,
  script: ShellScript,
): boolean {
  if (!runsWorkspace(command) && folder === '') return false;
  const words = withoutWrapper([command.name, ...command.words.map(({ value }) => value)]);
  const [name = ''] = words;
  const rest = command.words.slice(command.words.length + 1 - words.length);
  const mine = (path: Folder): boolean =>
    path !== undefined && within(path, folder) && !others.some((other) => within(path, other));
  if (name.includes('/')) return mine(folderOf(name, cwd, site, script));
  if (!RUNS_THE_WORKSPACE.has(name)) return false;
  const operand = rest.find(({ value }) => !value.startsWith('-'));
  // An interpreter runs the file that it is given, wherever it stands.
  if (INTERPRETERS.has(name) && operand !== undefined && !rest.some(({ value }) => /^-[mc]$/.test(value))) {
    const script_ = folderOf(operand.text, cwd, site, script);
    return script_ === undefined ? cwd === undefined || mine(cwd) : mine(script_);
  }
  if (cwd === undefined || mine(cwd))
    return runsWorkspace(command) && !elsewhere(rest, cwd, others, site, script);
  if (folder === '' || !TAKES_A_FOLDER.has(name)) return false;
  const named = rest.filter((word, at) => {
    if (!names(word, folder, cwd, site, script)) return false;
    // `npm run lint FOLDER` runs a script of where it stands, and gives it the folder to look at.
    const before = rest[at - 1]?.value ?? '';
    return (
      !PACKAGE_MANAGERS.has(name) ||
      ['ci', 'install', 'i', 'add'].includes(operand?.value ?? '') ||
      /^(?:--prefix|--cwd|--dir|-C)/.test(word.value) ||
      /^(?:--prefix|--cwd|--dir|-C)$/.test(before)
    );
  });
  return named.length > 0;
}

/** Whether all that a command is given lies in folders of others. */
function elsewhere(
  words: readonly ShellWord[],
  cwd: Folder,
  others: readonly string[],
  site: Site,
  script: ShellScript,
): boolean {
  if (others.length === 0) return false;
  const paths = words.flatMap(({ text, value }) => {
    const path = text.slice(text.indexOf('=') + 1);
    return value.includes('/') && !value.includes('://') ? [folderOf(path, cwd, site, script) ?? ''] : [];
  });
  return paths.length > 0 && paths.every((path) => others.some((other) => within(path, other)));
}

/** Programs that obey what lies in a folder that they are given. */
const TAKES_A_FOLDER = new Set(
  `npm yarn pnpm bun make cmake ninja pip pip3 pipx poetry pdm uv tox nox pytest cargo go mvn gradle ant docker podman buildah earthly
  terraform tofu terragrunt ansible-playbook bazel dotnet msbuild composer bundle eslint jest mocha pre-commit swift xcodebuild sbt
  helmfile kustomize`.split(/\s+/),
);
const INTERPRETERS = new Set(
  'bash sh zsh source . python python3 node ruby perl php lua julia Rscript tsx ts-node'.split(' '),
);
const PACKAGE_MANAGERS = new Set(['npm', 'yarn', 'pnpm', 'bun']);

/** Whether a step copies the folder, whole, over the workspace. */
function spreads(taints: Following, site: Site, { folder }: Place): boolean {
  const script = folder === '' ? undefined : taints.subject.script(site);
  if (script === undefined) return false;
  const folders = foldersOf(taints.subject, site, script);
  return script.commands.some((command) => {
    const { name, words } = command;
    if (!COPIERS.has(name)) return false;
    const cwd = folders.get(command);
    const operands = words.filter(({ value }) => !value.startsWith('-'));
    const target = folderOf(operands.at(-1)?.text ?? '', cwd, site, script);
    return (
      target !== undefined &&
      within(target, '') &&
      operands
        .slice(0, -1)
        .some(({ text }) => folderOf(text.replace(/\/?(?:\.|\*)?$/, ''), cwd, site, script) === folder)
    );
  });
}

/** Whether a command runs what lies in the folder in which it is started. */
export function runsWorkspace(command: ShellCommand): boolean {
  const [name, ...words] = withoutWrapper([command.name, ...command.words.map(({ value }) => value)]);
  if (name === undefined) return false;
  if (name.startsWith('./') || name.startsWith('../')) return true;
  const first = words[0] ?? '';
  if (name === 'chmod') return false;
  if (['bash', 'sh', 'zsh', 'source', '.'].includes(name))
    return first !== '' && !first.startsWith('-') && !first.startsWith('/');
  if (words.length === 1 && /^(?:--version|-[vV]|version|--help)$/.test(first)) return false;
  if (fetchesOnly(name, words)) return false;
  return RUNS_THE_WORKSPACE.has(name) && !(row(SUBCOMMANDS_THAT_DO_NOT, name) ?? []).includes(first);
}

/** An install of packages by their names, from a registry: nothing of the folder is looked at. */
function fetchesOnly(name: string, words: readonly string[]): boolean {
  const [first = '', ...rest] = words.filter((word) => !word.startsWith('-'));
  const local = rest.some((word) =>
    /^\.|^\/|\/|\.(?:whl|gem|tgz|txt)$|\$/.test(word.replace(/^@[\w.-]+\//, '')),
  );
  switch (name) {
    case 'pip':
    case 'pip3':
      return (
        ['install', 'download'].includes(first) &&
        !words.some((word) => /^(?:-r|-e|-c|--requirement|--editable|--constraint)/.test(word)) &&
        !local
      );
    case 'npm':
    case 'pnpm':
    case 'yarn':
    case 'bun':
      if (words.includes('--ignore-scripts') && /^(?:ci|install|i|add|)$/.test(first)) return true;
      return words.some((word) => word === '-g' || word === '--global') && !local;
    case 'gem':
    case 'cargo':
      return first === 'install' && rest.length > 0 && !words.includes('--path') && !local;
    case 'go':
      return first === 'install' && rest.length > 0 && rest.every((word) => word.includes('@'));
    case 'pipx':
      return first === 'install' && !local;
    case 'uv':
      return first === 'tool' && rest[0] === 'install' && !local;
    case 'dotnet':
      return first === 'tool' && (words.includes('-g') || words.includes('--global'));
    default:
      return false;
  }
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
