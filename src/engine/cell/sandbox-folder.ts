import { join } from 'node:path';
import { readRootless, sandboxName } from '../../sandbox/index.ts';

/**
 * Where sandboxes keep what only lives with them. In memory, and passable by every user: the runtime enters a sandbox's
 * folder as the job's own root. What must not be seen lies in folders of mode 0700 below.
 */
export function sandboxes(): string {
  return readRootless()?.folder ?? '/run/cofferdam';
}

export function sandboxFolder(runId: string, jobId: string): string {
  return join(sandboxes(), sandboxName(runId, jobId));
}
