import { type Refusal, type Result, err, ok, refusal } from '../../base/index.ts';
import type { RunEvent } from '../event/event.ts';
import type { CheckoutRequest } from '../repository/checkout-tree.ts';
import { type LocalRepository, resolveCommit } from '../repository/local-repository.ts';

/** A checkout as asked, and the folder below the workspace that it goes to; empty is the workspace itself. */
export interface PlannedCheckout {
  readonly request: CheckoutRequest;
  readonly path: string;
  readonly clean: boolean;
}

function yes(value: string | undefined, fallback: boolean): boolean {
  return value === undefined || value === '' ? fallback : value.trim().toLowerCase() === 'true';
}

/**
 * Reads the inputs of `actions/checkout`. The source is always the local repository; another repository is refused,
 * and no credential is ever written, whatever `persist-credentials` says.
 */
export async function planCheckout(
  inputs: ReadonlyMap<string, string>,
  repository: LocalRepository,
  event: RunEvent,
): Promise<Result<PlannedCheckout, Refusal>> {
  const other = inputs.get('repository');
  if (other !== undefined && other !== '' && other.toLowerCase() !== event.repository.toLowerCase()) {
    return refuse(
      'checkout/repository',
      `a checkout of ${JSON.stringify(other)} is not supported: only the local repository is here`,
    );
  }
  for (const name of ['submodules', 'lfs', 'sparse-checkout', 'ssh-key']) {
    const value = inputs.get(name) ?? '';
    if (value !== '' && value.toLowerCase() !== 'false') {
      return refuse('checkout/input', `the input ${name} of actions/checkout is not supported`);
    }
  }
  const path = inputs.get('path') ?? '';
  if (path.startsWith('/') || path.split('/').includes('..') || path.length > 1_000 || path.includes('\0')) {
    return refuse('checkout/path', `the path ${JSON.stringify(path)} leaves the workspace`);
  }
  const depth = Number(inputs.get('fetch-depth') || '1');
  if (!Number.isSafeInteger(depth) || depth < 0)
    return refuse('checkout/depth', 'fetch-depth is not a whole number');
  const asked = inputs.get('ref') ?? '';
  const given = await commitOf(asked, repository, event);
  if (!given.ok) return given;
  return ok({
    path: path
      .replace(/^(\.\/)+/, '')
      .replace(/\/+$/, '')
      .replace(/^\.$/, ''),
    clean: yes(inputs.get('clean'), true),
    request: {
      ...(given.value.commit !== undefined && { commit: given.value.commit }),
      ref: given.value.ref,
      depth,
      tags: yes(inputs.get('fetch-tags'), depth === 0),
      remoteUrl: `https://github.com/${event.repository}`,
    },
  });
}

async function commitOf(
  asked: string,
  repository: LocalRepository,
  event: RunEvent,
): Promise<Result<{ readonly commit?: string; readonly ref: string }, Refusal>> {
  if (asked === '' || asked === event.ref || asked === event.sha) {
    return ok({ ref: event.ref, ...(!event.workTree && repository.git && { commit: event.sha }) });
  }
  // What GitHub names a pull request's head is here the same commit.
  if (
    event.headRef !== undefined &&
    (asked === event.headRef || asked === `refs/heads/${event.headRef}`) &&
    event.workTree
  ) {
    return ok({ ref: `refs/heads/${event.headRef}` });
  }
  if (!repository.git) {
    return ok({
      ref: asked.startsWith('refs/') ? asked : `refs/heads/${asked.replaceAll(/[^\w./-]/g, '-')}`,
    });
  }
  const commit = await resolveCommit(repository, asked);
  if (!commit.ok) return commit;
  const isCommit = /^[0-9a-f]{40}$/.test(asked);
  return ok({
    commit: commit.value,
    ref: isCommit ? asked : asked.startsWith('refs/') ? asked : `refs/heads/${asked}`,
  });
}

function refuse(rule: string, why: string): Result<PlannedCheckout, Refusal> {
  return err(refusal('usage', rule, why, 'change the step, or give the folder another way'));
}
