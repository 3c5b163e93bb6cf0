import type { ContextValue } from '../../workflow/index.ts';

/** The events that a run can be started for in this version. */
export const EVENTS = [
  'push',
  'pull_request',
  'pull_request_target',
  'workflow_dispatch',
  'schedule',
  'release',
  'workflow_run',
] as const;
export type EventName = (typeof EVENTS)[number];

/** What started a run: the words of GitHub's `github` context that come from the event. */
export interface RunEvent {
  readonly name: EventName;
  readonly action?: string;
  readonly payload: { readonly [key: string]: ContextValue };
  /** Full ref that the run is for: `refs/heads/main`, `refs/pull/1/merge`, `refs/tags/v1`. */
  readonly ref: string;
  /** The commit that a checkout without a ref gives. */
  readonly sha: string;
  /** True when that commit is what lies in the work tree: the checkout then takes what is not committed along. */
  readonly workTree: boolean;
  /** Pull requests: source and target branch. */
  readonly headRef?: string;
  readonly baseRef?: string;
  readonly actor: string;
  /** `owner/name` */
  readonly repository: string;
  /** The head's repository is another than the base's. */
  readonly fork: boolean;
  readonly payloadSource: 'synthesised' | 'event-file';
}
