import type { Socket } from 'node:net';
import type { Ranges } from './address.ts';
import type { Budgets } from './budgets.ts';
import type { AllowedDestination, EgressPolicy, ProgramSeen } from './contract.ts';
import type { Words } from './first-words.ts';
import type { HeldConnections } from './held-connections.ts';
import type { NamePool } from './name-pool.ts';
import type { RuleAsker } from './own-rules.ts';
import type { Recorder } from './recorder.ts';
import type { ProxyDialing } from './upstream/dial-proxy.ts';

export interface ConnectionContext {
  /** In force at this moment. */
  readonly policy: EgressPolicy;
  readonly ranges: Ranges;
  readonly held: HeldConnections;
  /** This machine's own addresses at this moment. */
  readonly own: () => Ranges;
  readonly budgets: Budgets;
  /** Absent: requests inside of TLS cannot be read. */
  readonly inspector?: Inspector;
  readonly pool: NamePool;
  readonly recorder: Recorder;
  readonly resolve: (host: string) => Promise<readonly string[]>;
  /** Present: nothing is dialled but by this proxy, and what the operator excepted. */
  readonly proxy?: ProxyDialing;
  /** Absent: nobody wrote one. */
  readonly rules?: RuleAsker;
  readonly next: () => number;
  /** Who made a connection; `names` are paths of programs that entries name. */
  readonly programs: ProgramAsker;
}

export interface ProgramAsker {
  ask(target: Target, names: readonly string[]): Promise<ProgramSeen>;
  /** The connection was allowed to a program: it is cut when that process starts another one. Gives what forgets it. */
  hold(program: ProgramSeen, cut: () => void): () => void;
}

/** Where a connection of the job's goes. */
export interface Target {
  readonly id: number;
  readonly family: 4 | 6;
  readonly clientPort: number;
  readonly address: string;
  readonly port: number;
  readonly host?: string;
  /** Known where an entry for it is for certain programs. */
  readonly program?: ProgramSeen;
}

/** What of a target is told with every event. */
export function placeOf({ program: _program, ...place }: Target): Omit<Target, 'program'> {
  return place;
}

/** What is known of a connection when it is decided: `silent` says that its client has not spoken yet. */
export type Hello = Words & { readonly silent?: true };

/** How long a client may take until it has said what it wants: a busy one connects long before it speaks. */
export const PEEK_MS = 10_000;

/** Under which entries a connection was allowed; with `reads`, each request is held against these. */
export interface Grant {
  readonly entry: AllowedDestination;
  readonly reads?: readonly AllowedDestination[];
  /** No entry names it: it is let through to be observed. */
  readonly observed?: true;
  /** It must be SSH, with a server that shows one of these keys; of none, any. */
  readonly ssh?: { readonly hostKeys: readonly string[] };
}

/** A connection that was allowed, whose requests are to be read inside of TLS. */
export interface ToInspect {
  readonly client: Socket;
  /** What was read of it already. */
  readonly first: Buffer;
  /** The far side, connected; `dial` gives a further connection to it. */
  readonly far: Socket;
  readonly dial: () => Promise<Socket | undefined>;
  readonly target: Target;
  readonly reads: readonly AllowedDestination[];
}

/** What reads requests inside of TLS. `done` is called once, when the client has gone. */
export interface Inspector {
  inspect(
    connection: ToInspect,
    context: ConnectionContext,
    done: (bytes: { readonly inward: number; readonly outward: number }, requests: number) => void,
  ): void;
}
