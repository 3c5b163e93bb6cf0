import { posix } from 'node:path';
import { err, ok, type Refusal, refusal, type Result } from '../base/index.ts';
import {
  committedFile,
  committedNames,
  loadPolicy,
  type LocalRepository,
  openRepository,
  type RunEvent,
  type RunPolicy,
  synthesiseEvent,
} from '../engine/index.ts';
import type { CommandContext } from './command.ts';
import { eventOptions } from './event-options.ts';
import { MAX_WORKFLOW_BYTES, type WorkflowFile, workflowSource } from './workflow-source.ts';

/** What a run or a plan is about: whose code, for which event, under which policy, from which workflow files. */
export interface RunSubject {
  readonly repository: LocalRepository;
  readonly event: RunEvent;
  readonly policy: RunPolicy;
  readonly files: readonly WorkflowFile[];
}

/** Finds it from the command line. Workflow files come from where the code comes from: the work tree, or the commit. */
export async function runSubject(
  context: CommandContext,
  asked: string | undefined,
  values: Parameters<typeof eventOptions>[0] & { readonly config?: string },
): Promise<Result<RunSubject, readonly Refusal[]>> {
  const source = await workflowSource(asked, context.directory);
  if (!source.ok) return err([source.error]);
  const repository = await openRepository(source.value.repository);
  if (!repository.ok) return err([repository.error]);
  const options = await eventOptions(values, context);
  if (!options.ok) return err([options.error]);
  const event = await synthesiseEvent(repository.value, options.value);
  if (!event.ok) return err([event.error]);
  const files =
    repository.value.git && !event.value.workTree
      ? await committed(repository.value, event.value.sha, source.value.files, source.value.all)
      : ok(source.value.files);
  if (!files.ok) return err([files.error]);
  const policy = await loadPolicy(context.environment, repository.value, event.value, values.config);
  if (!policy.ok) return policy;
  return ok({ repository: repository.value, event: event.value, policy: policy.value, files: files.value });
}

async function committed(
  repository: LocalRepository,
  commit: string,
  files: readonly WorkflowFile[],
  all: boolean,
): Promise<Result<readonly WorkflowFile[], Refusal>> {
  const folder = posix.dirname(files[0]?.path ?? '');
  const names = all
    ? await committedNames(repository.directory, commit, folder)
    : ok(files.map((file) => file.path));
  if (!names.ok) return names;
  const found: WorkflowFile[] = [];
  for (const path of names.value.filter((name) => /\.ya?ml$/.test(name))) {
    const bytes = await committedFile(repository.directory, commit, path, MAX_WORKFLOW_BYTES);
    if (!bytes.ok) return bytes;
    if (bytes.value !== undefined) found.push({ path, bytes: bytes.value });
  }
  if (found.length > 0) return ok(found);
  return err(
    refusal(
      'usage',
      'run/no-workflow',
      `${all ? folder : (files[0]?.path ?? '')} is not in commit ${commit.slice(0, 12)}`,
      'name a workflow that this commit has, or leave --ref out to run the work tree as it is',
    ),
  );
}
