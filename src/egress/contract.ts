import type { Refusal, Result } from '../base/index.ts';
import type { Authority } from './inspect/authority.ts';
import type { EgressRule } from '../config/index.ts';
import type { Narrowing } from './narrowing.ts';
import type { OwnRules } from './own-rules.ts';
import type { UpstreamProxy, Via } from './upstream/contract.ts';

export type { UpstreamProxy, Via } from './upstream/contract.ts';

/** One destination that may be reached: the allowlist's entry after presets were resolved. */
export interface AllowedDestination extends Omit<EgressRule, 'to'> {
  /** Lower-case ASCII name without a final dot; `*.name` for any whole left label; or an address literal. */
  readonly host: string;
  /** Absent: 443 and 80. */
  readonly ports?: readonly number[];
  /** The entry as the operator wrote it, for the record: `@npm` or `api.test:8443`. */
  readonly entry: string;
}

export interface EgressPolicy {
  readonly allow: readonly AllowedDestination[];
  /** CIDR ranges that the operator named, out of those that are otherwise refused. */
  readonly allowRanges: readonly string[];
  /** What no entry names is let through to public addresses, and told as what would be denied. */
  readonly observe?: true;
}

/**
 * The program behind a connection, as the kernel knows it: the files are named by their paths in the job's root, each in
 * every spelling that an entry uses for it.
 */
export type ProgramSeen =
  | ({
      readonly known: true;
      /** Its process's id as the job has it. */
      readonly pid: number;
      /** Memory of no file is executed in it. */
      readonly jit: boolean;
      /** What started it, nearest first. */
      readonly above: readonly ProgramFiles[];
    } & ProgramFiles)
  /** It counts as no program; `run` is its executable where that much is known. */
  | { readonly known: false; readonly why: string; readonly run?: string };

export interface ProgramFiles {
  /** The executable; the first spelling is the file's own path. */
  readonly run: readonly string[];
  /** The script that it was started with, when that lies where the job cannot write. */
  readonly script?: readonly string[];
}

/** The inner end of a connection, and where it goes. */
export interface ProgramFlow {
  readonly localPort: number;
  readonly remotePort: number;
  readonly remoteAddress: string;
}

/** What the record says of the program by which a connection was decided. */
export interface DecidingProgram {
  readonly run?: string;
  readonly script?: string;
  readonly jit?: true;
  /** The same program stands above it. */
  readonly nested?: true;
  /** Why it is none that the entries are for. */
  readonly why?: string;
}

/** Why a destination was refused. One cause, one code, one behaviour on the wire. */
export type DenialReason =
  | 'not-on-allowlist'
  | 'address-without-name'
  | 'forbidden-range'
  | 'name-mismatch'
  | 'no-server-name'
  | 'protocol-not-allowed'
  | 'request-not-allowed'
  | 'path-not-clear'
  | 'not-readable'
  | 'encrypted-hello'
  | 'server-not-trusted'
  | 'authority-not-trusted'
  | 'host-key'
  | 'upstream-proxy'
  | 'proxy-unreachable'
  | 'proxy-refused'
  | 'policy-narrowed'
  | 'budget'
  | 'query-type-not-allowed'
  | 'malformed'
  | 'program-not-allowed'
  | 'program-not-known'
  | 'limit'
  /** A rule of the user’s own, by its name. */
  | `own/${string}`;

/** How many of the same, since the last that was told, one event stands for; absent: one. */
type Repeated = number;

/** What the gateway saw, in order. Bytes are counts of payload. Names come from the job and are hostile. */
export type GatewayEvent =
  | {
      readonly kind: 'dns';
      readonly name: string;
      readonly type: string;
      readonly verdict: 'allowed' | 'denied';
      readonly reason?: DenialReason;
      /** Why it would have been denied, where what is not on the list is only observed. */
      readonly wouldDeny?: DenialReason;
      readonly transport: 'udp' | 'tcp';
      readonly clientPort: number;
      readonly count?: Repeated;
    }
  | {
      readonly kind: 'connect';
      readonly id: number;
      readonly family: 4 | 6;
      /** The inner end of the connection, to find the process that made it. */
      readonly clientPort: number;
      readonly address: string;
      readonly port: number;
      /** The name, when one is known: from our DNS answer, TLS SNI or HTTP Host. */
      readonly host?: string;
      readonly protocol: 'tls' | 'http' | 'tcp';
      readonly verdict: 'allowed' | 'denied';
      readonly reason?: DenialReason;
      /** When an entry for it is for certain programs. */
      readonly program?: DecidingProgram;
      /** Why it would have been denied, where what is not on the list is only observed; it has no `entry` then. */
      readonly wouldDeny?: DenialReason;
      /** The allowlist's entry that let it through. */
      readonly entry?: string;
      /** The address really dialled, or that a proxy was asked for, when allowed and connected. */
      readonly dialled?: string;
      /** The proxy by which it went, or could not. */
      readonly via?: Via;
      /** `SHA256:…` of the key that an SSH server showed, and that was none of those named. */
      readonly hostKey?: string;
      readonly count?: Repeated;
    }
  | {
      /** One request of a connection that is inspected. */
      readonly kind: 'request';
      /** The connection's. */
      readonly id: number;
      readonly clientPort: number;
      readonly host: string;
      readonly port: number;
      readonly version: '1.1' | '2';
      readonly method: string;
      /** Without its query, which may hold anything. */
      readonly path: string;
      /** It asks for a WebSocket. */
      readonly websocket?: true;
      readonly verdict: 'allowed' | 'denied';
      readonly reason?: DenialReason;
      readonly entry?: string;
      readonly count?: number;
    }
  | {
      readonly kind: 'closed';
      readonly id: number;
      readonly bytesIn: number;
      readonly bytesOut: number;
      readonly durationMs: number;
      readonly requests: number;
      /** Set when it was allowed and the far side could not be reached: an errno name. */
      readonly failure?: string;
    }
  | {
      readonly kind: 'refused-packet';
      readonly family: 4 | 6;
      readonly protocol: string;
      readonly address: string;
      readonly port?: number;
      readonly uid?: number;
      readonly count?: Repeated;
    }
  | { readonly kind: 'gap'; readonly why: string };

/** How the gateway finds addresses: the machine's resolver, or a fixed table (tests, air-gapped use). */
export type Resolver =
  | { readonly kind: 'system' }
  | { readonly kind: 'static'; readonly addresses: Readonly<Record<string, readonly string[]>> };

/** What the gateway needs to read requests inside TLS. */
export interface Inspection {
  readonly authority: Authority;
  /** Further authorities that a server may be vouched for by, PEM; beside those that Node.js and the system trust. */
  readonly trusted: string;
}

export interface GatewayRequest {
  readonly policy: EgressPolicy;
  /** What decides besides, and can only deny. */
  readonly rules?: OwnRules;
  readonly resolver: Resolver;
  /** Whom the job's clients trust for the hosts whose requests are read; without it no TLS to them passes. */
  readonly inspection?: Inspection;
  /** Without it the gateway dials by itself. */
  readonly proxy?: UpstreamProxy;
  /**
   * Called for every event, in order. An allowed connection's first byte is passed only after the promise for its
   * event is fulfilled; when it rejects, the connection is refused.
   */
  readonly record: (event: GatewayEvent) => Promise<void>;
  /**
   * Asked for a connection to a destination of which some entry is for certain programs, before anything of it passes; `names`
   * are the paths that these entries name. Absent: no program is known, and such entries allow nothing.
   */
  readonly programOf?: (flow: ProgramFlow, names: readonly string[]) => Promise<ProgramSeen>;
}

export interface GatewayReceipt {
  /** Each statement was tested from inside the namespace, not assumed. */
  readonly checks: readonly { readonly id: string; readonly held: boolean; readonly seen: string }[];
  readonly armedMs: number;
}

/** What became of a policy that was to narrow the one in force. */
export interface Narrowed extends Pick<Narrowing, 'closed' | 'notGiven'> {
  /** How many open connections were ended. */
  readonly connections: number;
}

/** A running gateway: a process of its own that holds a network namespace with nothing in it but itself. */
export interface Gateway {
  /** A path that names the namespace for as long as the gateway lives. */
  readonly namespacePath: string;
  readonly receipt: GatewayReceipt;
  /** Whether the job's probe was heard: the other half of the sandbox's own receipt. Waits at most a second. */
  heard(probeName: string): Promise<boolean>;
  /**
   * Puts a policy in force as far as it allows no more than the one that is, and ends the connections that it would not allow.
   * Rejects when the gateway does not say that it did: the job must then end.
   */
  narrow(policy: EgressPolicy): Promise<Narrowed>;
  /** Settles if the gateway ends by itself; the job has no network from then on, and must fail. */
  readonly died: Promise<Refusal>;
  /** A process started another program: what was allowed to the one that it was before is cut. */
  becameAnother(pid: number): void;
  /** Ends it and its namespace. Every event was recorded when this settles. */
  close(): Promise<void>;
}

/** A gateway on its way: its namespace can be joined before the gateway itself is armed, and nothing passes until it is. */
export interface StartingGateway {
  readonly namespacePath: string;
  /** Whether the namespace is there to be joined: false when the start failed before. */
  readonly namespace: Promise<boolean>;
  readonly armed: Promise<Result<Gateway, Refusal>>;
}
