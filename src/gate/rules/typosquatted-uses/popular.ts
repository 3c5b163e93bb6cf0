/** Actions that very many use: whoever mistypes one is worth waiting for. By owner, in lower case. */
const POPULAR: Readonly<Record<string, string>> = {
  actions: `checkout cache setup-node setup-python setup-java setup-go setup-dotnet setup-ruby setup-elixir setup-haskell upload-artifact
    download-artifact github-script labeler stale first-interaction create-release upload-release-asset add-to-project attest attest-sbom
    attest-build-provenance configure-pages deploy-pages jekyll-build-pages upload-pages-artifact create-github-app-token
    dependency-review-action delete-package-versions ai-inference toolkit runner javascript-action typescript-action
    container-action publish-immutable-action go-dependency-submission component-detection-dependency-submission-action`,
  docker: `build-push-action login-action metadata-action setup-buildx-action setup-qemu-action bake-action setup-docker-action
    scout-action github-builder`,
  github:
    'codeql-action super-linter dependabot-action issue-metrics branch-deploy command lock evergreen stale-repos',
  'aws-actions': `configure-aws-credentials amazon-ecr-login amazon-ecs-deploy-task-definition amazon-ecs-render-task-definition
    aws-cloudformation-github-deploy setup-sam aws-codebuild-run-build`,
  'google-github-actions': `auth setup-gcloud deploy-cloudrun get-gke-credentials get-secretmanager-secrets deploy-appengine
    upload-cloud-storage release-please-action ssh-compute run-gemini-cli deploy-cloud-functions`,
  azure:
    'login webapps-deploy setup-kubectl setup-helm k8s-deploy aks-set-context docker-login cli arm-deploy functions-action static-web-apps-deploy',
  softprops: 'action-gh-release turnstyle',
  codecov: 'codecov-action test-results-action',
  'peter-evans': `create-pull-request create-or-update-comment find-comment repository-dispatch slash-command-dispatch
    dockerhub-description enable-pull-request-automerge close-issue create-issue-from-file`,
  peaceiris: 'actions-gh-pages actions-hugo actions-mdbook',
  jamesives: 'github-pages-deploy-action',
  dtolnay: 'rust-toolchain install',
  swatinem: 'rust-cache',
  'taiki-e': 'install-action upload-rust-binary-action create-gh-release-action cache-cargo-install-action',
  ruby: 'setup-ruby setup-ruby-pkgs',
  pypa: 'gh-action-pypi-publish cibuildwheel gh-action-pip-audit',
  'astral-sh': 'setup-uv ruff-action',
  pnpm: 'action-setup',
  'oven-sh': 'setup-bun',
  denoland: 'setup-deno',
  golangci: 'golangci-lint-action',
  goreleaser: 'goreleaser-action',
  gradle: 'actions gradle-build-action wrapper-validation-action',
  hashicorp: 'setup-terraform setup-packer vault-action',
  sigstore: 'cosign-installer gh-action-sigstore-python',
  'slsa-framework': 'slsa-github-generator slsa-verifier',
  'step-security': 'harden-runner',
  ossf: 'scorecard-action',
  aquasecurity: 'trivy-action setup-trivy',
  anchore: 'scan-action sbom-action',
  snyk: 'actions',
  sonarsource: 'sonarqube-scan-action sonarcloud-github-action sonarqube-quality-gate-action',
  'tj-actions': 'changed-files branch-names verify-changed-files glob eslint-changed-files',
  dorny: 'paths-filter test-reporter',
  reviewdog: 'action-setup action-eslint action-actionlint action-shellcheck action-misspell reviewdog',
  shivammathur: 'setup-php',
  subosito: 'flutter-action',
  microsoft: 'setup-msbuild playwright-github-action',
  nuget: 'setup-nuget',
  'cypress-io': 'github-action',
  'browser-actions': 'setup-chrome setup-geckodriver',
  dependabot: 'fetch-metadata',
  'crazy-max': 'ghaction-import-gpg ghaction-docker-meta ghaction-setup-docker',
  ncipollo: 'release-action',
  'release-drafter': 'release-drafter',
  googleapis: 'release-please-action',
  changesets: 'action',
  cycjimmy: 'semantic-release-action',
  'js-devtools': 'npm-publish',
  slackapi: 'slack-github-action',
  '8398a7': 'action-slack',
  appleboy: 'ssh-action scp-action',
  webfactory: 'ssh-agent',
  cloudflare: 'wrangler-action pages-action',
  amannn: 'action-semantic-pull-request',
  stefanzweifel: 'git-auto-commit-action',
  'ad-m': 'github-push-action',
  mxschmitt: 'action-tmate',
  'pre-commit': 'action',
  'super-linter': 'super-linter',
  oxsecurity: 'megalinter',
  'haskell-actions': 'setup run-fourmolu hlint-setup',
  erlef: 'setup-beam',
  'julia-actions': 'setup-julia julia-runtest cache julia-buildpkg',
  'r-lib': 'actions',
  'conda-incubator': 'setup-miniconda',
  'mamba-org': 'setup-micromamba',
  ilammy: 'msvc-dev-cmd setup-nasm',
  msys2: 'setup-msys2',
  cachix: 'install-nix-action cachix-action',
  determinatesystems: 'nix-installer-action magic-nix-cache-action',
  helm: 'kind-action chart-testing-action chart-releaser-action',
  'android-actions': 'setup-android',
  reactivecircus: 'android-emulator-runner',
  coverallsapp: 'github-action',
  arduino: 'setup-protoc setup-task',
  bufbuild: 'buf-setup-action buf-action',
  'redhat-actions': 'buildah-build push-to-registry podman-login',
  jdx: 'mise-action',
  'volta-cli': 'action',
  moonrepo: 'setup-toolchain setup-rust',
  trufflesecurity: 'trufflehog',
  gitleaks: 'gitleaks-action',
  semgrep: 'semgrep-action',
  bridgecrewio: 'checkov-action',
  anthropics: 'claude-code-action',
};

const NAMES: readonly string[] = Object.entries(POPULAR).flatMap(([owner, names]) =>
  names
    .split(/\s+/)
    .filter((name) => name !== '')
    .map((name) => `${owner}/${name}`),
);
const KNOWN = new Set(NAMES);
/** By their letters alone: `setupnode` and `setup-node` have the same. */
const BY_LETTERS = new Map(NAMES.map((name) => [flat(name), name]));

/** The well-known action that a name is nearly, or undefined when it is one itself, or is like none. */
export function likeOf(repository: string): string | undefined {
  if (KNOWN.has(repository)) return undefined;
  const [owner = '', name = ''] = repository.split('/');
  const same = BY_LETTERS.get(flat(repository));
  if (same !== undefined) return same;
  return NAMES.find((known) => {
    const [knownOwner = '', knownName = ''] = known.split('/');
    // Their own owner names whatever they like; a stranger gets only what was mistyped.
    if (owner === knownOwner) return isNear(name, knownName);
    return name === knownName && name.length >= 4 && owner.length >= 4 && isNear(owner, knownOwner);
  });
}

function flat(text: string): string {
  return text.replaceAll(/[-_./]/g, '');
}

/** One letter more, less, other, or two that have changed places; two of them in a name of ten and more. Short names are like too many. */
function isNear(a: string, b: string): boolean {
  const least = Math.min(a.length, b.length);
  if (least < 5 || Math.abs(a.length - b.length) > 2) return false;
  // `setup-go` and `setup-js` differ in what matters, `v2` and `v3` too.
  const [, tail] = /^(?:setup|action|install)-(.*)$/.exec(b) ?? [];
  if (tail !== undefined && tail.length < 5)
    return a !== b && distance(a, b) === 1 && sorted(a) === sorted(b);
  if (a.replaceAll(/\d/g, '') === b.replaceAll(/\d/g, '')) return false;
  // What stands before the dash is everybody's: `action-depup` is not nearly `action-setup`.
  return distance(a, b) <= (least >= 12 && tail === undefined ? 2 : 1);
}

function sorted(text: string): string {
  return [...text].toSorted().join('');
}

/** Optimal string alignment. Both are at most 100 long. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, (before[j - 2] ?? 0) + 1);
      row.push(least);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
