import type { RecordEvent } from '../../audit/index.ts';
import { formatSize } from '../../base/index.ts';

interface Armed {
  readonly limitsUnenforced?: readonly string[];
  readonly weakerLimits?: readonly { readonly limit: string; readonly by: string; readonly value: number }[];
  readonly uncounted?: readonly { readonly limit: string; readonly what: string }[];
  readonly rootless?: { readonly jobUser: string; readonly groupsKept: number };
}

/**
 * What of a sandbox is weaker than with root and all of the kernel's limits, in the words of the one who reads; undefined when
 * nothing is. A limit of each process is never called the job's.
 */
export function weakerText(receipt: unknown): string | undefined {
  const { limitsUnenforced = [], weakerLimits = [], uncounted = [], rootless } = (receipt ?? {}) as Armed;
  const parts = [
    ...(limitsUnenforced.length > 0 ? [`not limited: ${limitsUnenforced.map(shortName).join(', ')}`] : []),
    ...weakerLimits.map(({ by, value }) =>
      by === 'RLIMIT_NPROC'
        ? `instead ${value} processes of its user (${by})`
        : `${formatSize(value)} for each process (${by})`,
    ),
    ...uncounted.map(({ limit, what }) => `${what} not counted as ${shortName(limit)}`),
    ...(rootless?.jobUser === 'yours' ? [`your own user id${groups(rootless.groupsKept)}`] : []),
  ];
  return parts.length === 0 ? undefined : parts.join(', ');
}

/** Of an event, when it is the sandbox's receipt. */
export function weakerIn(event: RecordEvent): string | undefined {
  return event.type === 'policy.armed' && event.control === 'sandbox' ? weakerText(event.receipt) : undefined;
}

function shortName(limit: string): string {
  return limit === 'memoryBytes' ? 'memory' : limit;
}

function groups(kept: number): string {
  return kept === 0 ? '' : ` and ${kept} of your groups`;
}
