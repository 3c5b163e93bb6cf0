import type { Span } from '../finding.ts';
import type { Hop } from '../finding.ts';
import {
  type PublicationKind,
  PUBLISHING_ACTIONS,
  PUBLISHING_COMMANDS,
  PUBLISHING_INPUTS,
  PUBLISHING_WORKFLOWS,
} from '../known/publishing.ts';
import { row } from '../known/row.ts';
import type { ActionFile, JobPart, StepPart, WorkflowFile } from '../repository/model.ts';
import { pieceSpan, spanOf } from '../repository/tree.ts';
import { type Invocation, invocationOf, operands } from '../shell/invocation.ts';
import type { Site, Subject } from '../subject.ts';

/** That a job gives something to others, and what. */
export interface Publication extends Hop {
  readonly kind: PublicationKind;
}

const MAX_CALLS = 5;
/** A trial gives nothing to anybody. */
const TRIAL =
  /^(?:--dry-?run(?:=(?!false|none).*)?|--no-push|--push=false|--snapshot(?:=true)?|--skip=.*\bpublish\b.*|--skip-publish|--publish=never|-DskipPublish(?:=true)?|--check|--list)$/;
/** Programs that start another that they fetch. */
const RUNNERS: Readonly<Record<string, readonly string[]>> = {
  npx: [],
  bunx: [],
  pnpx: [],
  uvx: [],
  pnpm: ['exec', 'dlx'],
  yarn: ['exec', 'dlx', 'run'],
  npm: ['exec'],
  bun: ['x'],
  uv: ['run'],
  pipx: ['run'],
  poetry: ['run'],
  hatch: ['run'],
  bundle: ['exec'],
  mise: ['exec'],
};

/** Where a job gives something to others: a package, an image, a release, a site, or what then runs. */
export function publishes(
  subject: Subject,
  { file, job }: { readonly file: WorkflowFile; readonly job: JobPart },
): Publication | undefined {
  const known = subject.once(newMap);
  if (!known.has(job)) known.set(job, publishing(subject, file, job));
  return known.get(job);
}

function newMap(): Map<JobPart, Publication | undefined> {
  return new Map();
}

function publishing(subject: Subject, file: WorkflowFile, job: JobPart): Publication | undefined {
  if (job.uses?.kind === 'repository') {
    const kind = PUBLISHING_WORKFLOWS.get(job.uses.repository);
    return kind === undefined
      ? undefined
      : { at: spanOf(file.source, job.uses.at, job.uses.text.length), what: says(kind), kind };
  }
  return firstOf(subject, file, job, job.steps, 0);
}

function firstOf(
  subject: Subject,
  file: WorkflowFile | ActionFile,
  job: JobPart,
  steps: readonly StepPart[],
  depth: number,
): Publication | undefined {
  for (const step of steps) {
    const site = { file, step, ...(file.kind === 'workflow' && { job }) };
    const called = depth > MAX_CALLS ? undefined : subject.calledAction(step, job);
    const found =
      called === undefined
        ? (byAction(site) ?? byCommand(subject, site))
        : firstOf(subject, called, job, called.steps, depth + 1);
    if (found === undefined) continue;
    // An action of the repository publishes where it is used.
    const at = step.uses === undefined || called === undefined ? found.at : place(site, step.uses);
    return { ...found, at };
  }
  return undefined;
}

function place(
  { file }: Site,
  text: { readonly at: Parameters<typeof spanOf>[1]; readonly text: string },
): Span {
  return spanOf(file.source, text.at, text.text.length);
}

function says(kind: PublicationKind): string {
  return kind === 'deployment' ? 'deploys' : 'publishes';
}

function byAction(site: Site): Publication | undefined {
  const { uses, with: given } = site.step;
  if (uses?.kind !== 'repository') return undefined;
  const inputOf = (wanted: string): string | undefined =>
    given.find(({ name }) => name.toLowerCase() === wanted)?.value.text.trim();
  const by = row(PUBLISHING_INPUTS, uses.repository);
  const kind =
    by === undefined
      ? PUBLISHING_ACTIONS.get(uses.repository)
      : by.like.test(inputOf(by.input) ?? '') || /type=registry|push=true/.test(inputOf('outputs') ?? '')
        ? by.kind
        : undefined;
  if (kind === undefined) return undefined;
  const told = [inputOf('dry-run'), inputOf('dry_run'), inputOf('check')];
  const args = inputOf('args') ?? '';
  if (told.includes('true') || args.split(/\s+/).some((word) => TRIAL.test(word))) return undefined;
  if (uses.repository === 'goreleaser/goreleaser-action' && /^(?:check|build|healthcheck)\b/.test(args))
    return undefined;
  // Without a version it looks after the pull request alone.
  if (uses.repository === 'changesets/action' && inputOf('publish') === undefined) return undefined;
  if (uses.repository === 'cli/gh-extension-precompile' && inputOf('draft_release') === 'true')
    return undefined;
  return { at: place(site, uses), what: says(kind), kind };
}

function byCommand(subject: Subject, site: Site): Publication | undefined {
  const { run } = site.step;
  if (run === undefined) return undefined;
  for (const command of subject.script(site)?.commands ?? []) {
    const invocation = invocationOf(command);
    const kind = invocation === undefined ? undefined : kindOf(invocation, 0);
    if (kind !== undefined && invocation !== undefined && goesAway(subject, site, invocation))
      return { at: pieceSpan(site.file.source, run, command.text), what: says(kind), kind };
  }
  return undefined;
}

const CLUSTERS = new Set([
  'kubectl',
  'oc',
  'helm',
  'helmfile',
  'kapp',
  'flux',
  'argocd',
  'terraform',
  'tofu',
]);
const COPIES = new Set(['aws', 'gsutil', 'gcloud', 'rsync', 'scp', 'rclone', 's3cmd']);
const LOCAL = /(?:^|[/@=:])(?:localhost|127\.0\.0\.1|kind-registry|registry\.local)(?=[:/]|$)/;

/** Whether it leaves the machine: what goes to a registry or a cluster of the job itself, or comes from elsewhere, is no publication. */
function goesAway(subject: Subject, site: Site, { program, args }: Invocation): boolean {
  if (args.some(({ value }) => LOCAL.test(value))) return false;
  if (CLUSTERS.has(program)) return !ownCluster(subject, site);
  if (!COPIES.has(program) || !args.some(({ value }) => /^(?:cp|sync|rsync|copy|put)$/.test(value)))
    if (program !== 'rsync' && program !== 'scp') return true;
  const target = args.findLast(({ value }) => !value.startsWith('-'));
  return target === undefined || /:|^.?\$/.test(target.text);
}

/** Whether the job makes a cluster of its own, to try something in it. */
function ownCluster(subject: Subject, { file, job }: Site): boolean {
  const steps = job?.steps ?? (file.kind === 'action' ? file.steps : []);
  return steps.some((step) => {
    const { uses, run } = step;
    if (uses?.kind === 'repository')
      return /(?:kind-action|setup-kind|setup-minikube|setup-k3d|k3d-action|setup-k3s|start-k3s|kind-cluster|localstack|microk8s)/.test(
        uses.repository,
      );
    if (run === undefined || !/kind|minikube|k3d|k3s|localstack/.test(run.text)) return false;
    const site = { file, step, ...(job !== undefined && { job }) };
    return (subject.script(site)?.commands ?? []).some(
      ({ name, words }) =>
        /^(?:minikube|k3d|k3s|localstack|tflocal)$/.test(name) ||
        (name === 'kind' && words[0]?.value === 'create'),
    );
  });
}

function kindOf(invocation: Invocation, depth: number): PublicationKind | undefined {
  const { program, args } = invocation;
  const forms = PUBLISHING_COMMANDS.get(program);
  const starters = Object.hasOwn(RUNNERS, program) ? RUNNERS[program] : undefined;
  const docker = program === 'docker' || program === 'podman' || program === 'buildctl';
  if (forms === undefined && starters === undefined && !docker) return undefined;
  if (args.some(({ value }) => TRIAL.test(value))) return undefined;
  const values = args.map(({ value }) => value);
  const named = operands(invocation, row(VALUED, program) ?? []).map(({ value }) => value);
  for (const { kind, words, anywhere } of forms ?? [])
    if (
      words.every((word, at) => named[at] === word) &&
      anywhere.every((pattern) => values.some((value) => pattern.test(value))) &&
      (program !== 'vercel' || named.length === 0 || named[0] === 'deploy') &&
      (program !== 'cargo' || words[0] !== 'release' || values.includes('--execute') || values.includes('-x'))
    )
      return kind;
  if (docker && named.some((word) => word === 'build' || word === 'bake') && pushes(values)) return 'image';
  if (starters === undefined || depth > 2) return undefined;
  const [first = ''] = named;
  const started = starters.includes(first) ? named[1] : named[0];
  // `yarn semantic-release` is `yarn run semantic-release`; of the others only what says that it starts something does.
  const starts =
    starters.length === 0 || starters.includes(first) || program === 'yarn' || program === 'pnpm';
  const at =
    started === undefined
      ? -1
      : values.indexOf(started, starters.includes(first) ? values.indexOf(first) + 1 : 0);
  return starts && started !== undefined ? inner(started, args.slice(at + 1), depth) : undefined;
}

/** Options of theirs that take a value. */
const VALUED: Readonly<Record<string, readonly string[]>> = {
  vercel: ['--token', '-t', '--scope', '-S', '--cwd'],
  npx: ['-p', '--package', '-c', '--call'],
  pnpm: ['--filter', '-F', '-C', '--dir'],
  kubectl: ['-n', '--namespace', '--context', '--kubeconfig'],
  helm: ['-n', '--namespace', '--kube-context'],
  oc: ['-n', '--namespace'],
  npm: ['-w', '--workspace', '--prefix'],
  yarn: ['--cwd'],
  uv: ['--directory', '--project', '--with', '--group', '--extra'],
  aws: ['--region', '--profile', '--endpoint-url'],
  cargo: ['--manifest-path', '-p', '--package'],
  docker: ['--context', '-H', '-f', '--file', '-t', '--tag'],
};

function pushes(values: readonly string[]): boolean {
  return values.some(
    (value, at) =>
      value === '--push' ||
      value === '--push=true' ||
      /type=registry|push=true/.test(
        value.startsWith('--output=') || values[at - 1] === '--output' || values[at - 1] === '-o'
          ? value
          : '',
      ),
  );
}

/** The program that another fetches and starts: `npx semantic-release@24`. */
function inner(started: string, args: Invocation['args'], depth: number): PublicationKind | undefined {
  const bare = started.replace(/(?<=.)@[\w.^~-]+$/, '');
  const program = row(SCOPED, bare) ?? bare.slice(bare.lastIndexOf('/') + 1);
  return kindOf({ program, args }, depth + 1);
}

/** Packages whose program has another name. */
const SCOPED: Readonly<Record<string, string>> = {
  '@changesets/cli': 'changeset',
  '@vscode/vsce': 'vsce',
  'chrome-webstore-upload-cli': 'chrome-webstore-upload',
  'netlify-cli': 'netlify',
  'firebase-tools': 'firebase',
  '@railway/cli': 'railway',
  'aws-cdk': 'cdk',
  'cdktf-cli': 'cdktf',
  'eas-cli': 'eas',
};
