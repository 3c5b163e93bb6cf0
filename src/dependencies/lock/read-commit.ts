import { ok, type Refusal, type Result } from '../../base/index.ts';
import { type ActionFile, readRepository, type UsesPart, type WorkflowFile } from '../../gate/index.ts';
import { git } from './git.ts';

const MAX_FILE = 1_048_576;
const MAX_LINES = 2_000;

/** What an action or a workflow of another repository uses itself. */
export interface UsedWithin {
  /** Actions and workflows, as they are written. */
  readonly uses: readonly { readonly uses: UsesPart; readonly kind: 'action' | 'workflow' }[];
  readonly images: readonly string[];
  /** The file was not there, or could not be read. */
  readonly unread?: string;
}

/** Reads an action\u2019s metadata (`path` is its folder) or a workflow (`path` is its file) as it stands in a commit. Only plain files, never a link. */
export async function usedWithin(
  directory: string,
  commit: string,
  path: string,
  kind: 'action' | 'workflow',
): Promise<Result<UsedWithin, Refusal>> {
  const names = kind === 'workflow' ? [path] : ['action.yml', 'action.yaml'].map((name) => below(path, name));
  for (const name of names) {
    const bytes = await plainFile(directory, commit, name);
    if (!bytes.ok) return bytes;
    if (bytes.value === undefined) continue;
    const { actions, workflows, unread } = await readRepository([
      { path: name, kind, read: ok(bytes.value) },
    ]);
    const [problem] = unread;
    if (problem !== undefined) return ok({ uses: [], images: [], unread: problem.why.why });
    const [workflow] = workflows;
    if (workflow !== undefined) return ok(ofWorkflow(workflow));
    const [action] = actions;
    if (action !== undefined) return ofAction(action, directory, commit, path);
  }
  // An action may be nothing but a Dockerfile.
  const docker =
    kind === 'action' ? await plainFile(directory, commit, below(path, 'Dockerfile')) : ok(undefined);
  if (!docker.ok) return docker;
  if (docker.value !== undefined) return ok({ uses: [], images: basesIn(docker.value.toString('utf8')) });
  return ok({ uses: [], images: [], unread: `there is no ${names[0] ?? path} in it` });
}

function ofWorkflow({ jobs }: WorkflowFile): UsedWithin {
  const uses = jobs.flatMap((job) => [
    ...job.steps.flatMap((step) =>
      step.uses === undefined ? [] : [{ uses: step.uses, kind: 'action' as const }],
    ),
    ...(job.uses === undefined ? [] : [{ uses: job.uses, kind: 'workflow' as const }]),
  ]);
  const containers = jobs.flatMap((job) => [
    ...(job.container === undefined ? [] : [job.container]),
    ...job.services,
  ]);
  return { uses, images: containers.flatMap(({ image }) => (image === undefined ? [] : [image.text])) };
}

async function ofAction(
  { steps, image }: ActionFile,
  directory: string,
  commit: string,
  path: string,
): Promise<Result<UsedWithin, Refusal>> {
  const uses = steps.flatMap((step) =>
    step.uses === undefined ? [] : [{ uses: step.uses, kind: 'action' as const }],
  );
  if (image === undefined) return ok({ uses, images: [] });
  if (image.text.startsWith('docker://')) return ok({ uses, images: [image.text.slice('docker://'.length)] });
  const file = await plainFile(directory, commit, below(path, image.text.replace(/^\.\//, '')));
  if (!file.ok) return file;
  return ok({ uses, images: file.value === undefined ? [] : basesIn(file.value.toString('utf8')) });
}

/** The images that a Dockerfile begins from; one that an argument names is told as it is written. */
function basesIn(text: string): readonly string[] {
  const stages = new Set<string>();
  const bases: string[] = [];
  for (const line of text.split('\n', MAX_LINES)) {
    const words = line.trim().split(/\s+/, 8);
    if (words[0]?.toLowerCase() !== 'from') continue;
    const [image = '', as, name] = words.slice(1).filter((word) => !word.startsWith('--'));
    if (image !== '' && image !== 'scratch' && !stages.has(image.toLowerCase())) bases.push(image);
    if (as?.toLowerCase() === 'as' && name !== undefined) stages.add(name.toLowerCase());
  }
  return bases;
}

async function plainFile(
  directory: string,
  commit: string,
  path: string,
): Promise<Result<Buffer | undefined, Refusal>> {
  const listed = await git({
    directory,
    args: [
      '--literal-pathspecs',
      'ls-tree',
      '-z',
      '-l',
      '--full-tree',
      '--end-of-options',
      commit,
      '--',
      path,
    ],
  });
  if (!listed.ok) return listed;
  const entry = listed.value.toString('latin1').split('\0')[0] ?? '';
  const [, object, size] = /^100(?:644|755) blob ([0-9a-f]{40,64}) +(\d{1,12})\t/.exec(entry) ?? [];
  if (object === undefined || Number(size) > MAX_FILE) return ok(undefined);
  return git({ directory, args: ['cat-file', 'blob', object] });
}

function below(folder: string, name: string): string {
  return folder === '' || folder === '.' ? name : `${folder}/${name}`;
}
