import type { Ranges } from './address.ts';
import type { Budgets } from './budgets.ts';
import type { AllowedDestination, EgressPolicy } from './contract.ts';
import type { Words } from './first-words.ts';
import type { NamePool } from './name-pool.ts';
import type { Recorder } from './recorder.ts';

export interface ConnectionContext {
  readonly policy: EgressPolicy;
  readonly ranges: Ranges;
  /** This machine's own addresses at this moment. */
  readonly own: () => Ranges;
  readonly budgets: Budgets;
  readonly pool: NamePool;
  readonly recorder: Recorder;
  readonly resolve: (host: string) => Promise<readonly string[]>;
  readonly next: () => number;
}

/** Where a connection of the job's goes. */
export interface Target {
  readonly id: number;
  readonly family: 4 | 6;
  readonly clientPort: number;
  readonly address: string;
  readonly port: number;
  readonly host?: string;
}

/** What is known of a connection when it is decided: `silent` says that its client has not spoken yet. */
export type Hello = Words & { readonly silent?: true };

/** How long a client may take until it has said what it wants: a busy one connects long before it speaks. */
export const PEEK_MS = 10_000;

/** Under which entries a connection was allowed; with `reads`, each request is held against these. */
export interface Grant {
  readonly entry: AllowedDestination;
  readonly reads?: readonly AllowedDestination[];
}
