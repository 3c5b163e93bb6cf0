import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import {
  configurationIn,
  type LoadedConfiguration,
  operatorConfiguration,
  type TrustedRepository,
} from '../../config/index.ts';
import type { RunEvent } from '../event/event.ts';
import { committedFile } from '../repository/committed-files.ts';
import type { LocalRepository } from '../repository/local-repository.ts';
import { commitAt, matchesAny, protectedRef } from './local-facts.ts';

/** The files that decide what a run is granted, and what the operator says of its repository. */
export interface RunPolicy {
  readonly files: readonly LoadedConfiguration[];
  readonly trust?: TrustedRepository;
}

const NAME = 'cofferdam.yaml';
const MAX_BYTES = 262_145;

/**
 * Reads the operator's file, the protected branch's when the operator's file asks for it, and the head's, which can only
 * narrow (guide §0). A file that is there and wrong refuses the run: half a policy is none.
 */
export async function loadPolicy(
  environment: Readonly<Record<string, string | undefined>>,
  repository: LocalRepository,
  event: RunEvent,
  named: string | undefined,
): Promise<Result<RunPolicy, readonly Refusal[]>> {
  const operator = await operatorConfiguration(environment, {
    notIn: repository.directory,
    ...(named !== undefined && { named }),
  });
  if (!operator.ok) return operator;
  const files: LoadedConfiguration[] = operator.value === undefined ? [] : [operator.value];
  const trust = await vouchedFor(repository, operator.value);
  if (trust?.policyFrom !== undefined) {
    const branch = await branchConfiguration(repository, trust, trust.policyFrom);
    if (!branch.ok) return branch;
    if (branch.value !== undefined) files.push(branch.value);
  }
  const head = await headConfiguration(repository, event);
  if (!head.ok) return head;
  if (head.value !== undefined && !files.some((file) => file.digest === head.value?.digest)) {
    files.push(head.value);
  }
  return ok({ files, ...(trust !== undefined && { trust }) });
}

async function vouchedFor(
  repository: LocalRepository,
  operator: LoadedConfiguration | undefined,
): Promise<TrustedRepository | undefined> {
  for (const candidate of operator?.configuration.trust?.repositories ?? []) {
    const path = await realpath(candidate.path).catch(() => undefined);
    if (path === repository.directory) return candidate;
  }
  return undefined;
}

async function branchConfiguration(
  repository: LocalRepository,
  trust: TrustedRepository,
  branch: string,
): Promise<Result<LoadedConfiguration | undefined, readonly Refusal[]>> {
  const ref = protectedRef(trust, branch);
  const commit = await commitAt(repository.directory, ref);
  if (commit === undefined || !matchesAny(branch, trust.protectedBranches)) {
    const why = commit === undefined ? `there is no ${ref}` : `${branch} is not one of its protectedBranches`;
    return err([
      refusal(
        'policy',
        'config/policy-from',
        `policyFrom of ${trust.name} cannot be used: ${why}`,
        'name a protected branch that exists, or leave policyFrom out',
      ),
    ]);
  }
  return committed(repository, commit, `${NAME} on ${ref}`, 'protected-branch');
}

async function headConfiguration(
  repository: LocalRepository,
  event: RunEvent,
): Promise<Result<LoadedConfiguration | undefined, readonly Refusal[]>> {
  if (repository.git && !event.workTree) return committed(repository, event.sha, NAME, 'head');
  const bytes = await plainFile(join(repository.directory, NAME));
  if (!bytes.ok) return err([bytes.error]);
  return bytes.value === undefined ? ok(undefined) : configurationIn(bytes.value, NAME, 'head');
}

async function committed(
  repository: LocalRepository,
  commit: string,
  label: string,
  origin: 'protected-branch' | 'head',
): Promise<Result<LoadedConfiguration | undefined, readonly Refusal[]>> {
  const read = await committedFile(repository.directory, commit, NAME, MAX_BYTES - 1);
  if (!read.ok) return err([read.error]);
  return read.value === undefined ? ok(undefined) : configurationIn(read.value, label, origin);
}

/** The file in a work tree that anyone may have written: no link is followed, nothing else than a file is opened. */
async function plainFile(path: string): Promise<Result<Buffer | undefined, Refusal>> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (!(await file.stat()).isFile()) return err(unusable(NAME));
      const bytes = Buffer.alloc(MAX_BYTES);
      let size = 0;
      for (let got = 1; got > 0 && size < bytes.length; size += got) {
        got = (await file.read(bytes, size, bytes.length - size, null)).bytesRead;
      }
      return ok(bytes.subarray(0, size));
    } finally {
      await file.close();
    }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? ok(undefined) : err(unusable(NAME));
  }
}

function unusable(label: string): Refusal {
  return refusal(
    'usage',
    'config/unreadable',
    `${label} is not a plain file of at most 256 KiB`,
    'make it a plain file, or remove it',
    { file: NAME },
  );
}
