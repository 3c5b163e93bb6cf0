import { isIP } from 'node:net';
import {
  coversHost,
  isGitFetch,
  matchesPath,
  normalisePath,
  readsRequests,
  SSH_PORT,
  strictness,
  USUAL_PORTS,
} from '../config/index.ts';
import type { AllowedDestination, DenialReason, EgressPolicy, ProgramSeen } from './contract.ts';
import { fitsPrograms } from './programs.ts';

export type Decision =
  | {
      readonly allowed: true;
      readonly entry: AllowedDestination;
      /** Every entry under which its requests may go, each of which must be read; absent: nothing is read. */
      readonly reads?: readonly AllowedDestination[];
      /** No entry names it: it is let through to be observed. */
      readonly observed?: true;
      /** It must be SSH, with a server that shows one of these keys; of none, any. */
      readonly ssh?: { readonly hostKeys: readonly string[] };
    }
  | { readonly allowed: false; readonly reason: DenialReason };

/** What is known of a connection when it must be decided. */
export interface Destination {
  /** The name that was asked for in DNS, or the address literal when no name was. */
  readonly host: string;
  readonly port: number;
  /** What the first bytes are. `tcp` is anything that is neither TLS nor HTTP. */
  readonly protocol: 'tls' | 'http' | 'tcp';
  /** The name in TLS SNI or HTTP Host. */
  readonly claimed?: string;
  /** The first request, of HTTP. */
  readonly request?: Request;
  /** Its TLS holds a name that only the server can read. */
  readonly encrypted?: boolean;
  /** The program that made it; absent: not known, and no entry for certain programs allows it. */
  readonly program?: ProgramSeen;
  /** Whether requests inside of TLS can be read. */
  readonly inspectable?: boolean;
}

export interface Request {
  readonly method: string;
  readonly path: string;
  /** Where it names one beside the host. */
  readonly port?: number;
  /** Methods that its headers ask to be taken for its own. */
  readonly methodsToo?: readonly string[];
  /** Its headers name a path that is to be taken for its own. */
  readonly pathToo?: true;
  /** The key with which it asks for a WebSocket. */
  readonly websocket?: string;
}

/**
 * The pattern under which a name is answered: an entry's, or where the rest is only observed one that bounds what can be said by
 * asking, as a wildcard of the operator's does. Undefined: it is not answered.
 */
export function answeredUnder(
  policy: EgressPolicy,
  host: string,
): { readonly pattern: string; readonly observed: boolean } | undefined {
  const entry = allowsName(policy, host);
  if (entry !== undefined) return { pattern: entry.host, observed: false };
  if (policy.observe !== true) return undefined;
  const labels = host.split('.');
  return { pattern: labels.length < 3 ? host : `*.${labels.slice(-2).join('.')}`, observed: true };
}

/**
 * Whether any entry covers the name: its question may be answered. Says nothing of ports, nor of programs: who asks is often
 * not who connects, and an answer tells nothing and is asked of nobody.
 */
function allowsName(policy: EgressPolicy, host: string): AllowedDestination | undefined {
  return policy.allow.find((entry) => coversHost(entry.host, host));
}

/** The entries for this host on this port that are for certain programs. */
export function entriesByProgram(
  policy: EgressPolicy,
  host: string,
  port: number,
): readonly AllowedDestination[] {
  return policy.allow.filter(
    (entry) =>
      entry.programs !== undefined &&
      coversHost(entry.host, host) &&
      (entry.ports ?? USUAL_PORTS).includes(port),
  );
}

/** The entries that name this host on this port, whatever is spoken there. */
export function entriesAt(policy: EgressPolicy, host: string, port: number): readonly AllowedDestination[] {
  return policy.allow.filter(
    (entry) => coversHost(entry.host, host) && (entry.ports ?? USUAL_PORTS).includes(port),
  );
}

/** Plain text where TLS belongs, or the reverse: else a port would say nothing of who can read it on the way. */
export function isMisplaced(protocol: Destination['protocol'], port: number): boolean {
  return (protocol === 'http' && port === 443) || (protocol === 'tls' && port === 80);
}

/**
 * Decides one connection. Absence never grants: without an entry for host and port it is denied. A connection whose own
 * words name another host than the one it asked for is denied, also when both are on the list. Where every entry asks for
 * methods or paths, what cannot be read is denied.
 */
export function decide(policy: EgressPolicy, to: Destination): Decision {
  const literal = isIP(to.host) !== 0;
  const named = policy.allow.filter((entry) => coversHost(entry.host, to.host));
  if (named.length === 0 && literal) return denied('address-without-name');
  const onPort = named.filter((entry) => (entry.ports ?? USUAL_PORTS).includes(to.port));
  if (onPort.length === 0)
    return policy.observe === true && !literal ? observed(to) : denied('not-on-allowlist');
  const entries = onPort
    .filter((entry) => fitsPrograms(entry.programs, to.program))
    .toSorted((a, b) => strictness(a) - strictness(b));
  if (entries.length === 0)
    return denied(to.program?.known === true ? 'program-not-allowed' : 'program-not-known');
  if (to.port === SSH_PORT) return decideSsh(entries, to);
  const others = entries.filter(({ hostKeys }) => hostKeys === undefined);
  const isSocket = to.request?.websocket !== undefined;
  const unread = others.find((entry) => !readsRequests(entry));
  if (to.protocol === 'tcp') {
    // A protocol that does not name its host is let through only where the operator named the port.
    const explicit = others.find(
      (entry) =>
        entry.ports?.includes(to.port) === true && !USUAL_PORTS.includes(to.port) && !readsRequests(entry),
    );
    return explicit === undefined ? decideSsh(entries, to) : { allowed: true, entry: explicit };
  }
  if (others.length === 0) return denied('protocol-not-allowed');
  if (to.claimed === undefined && !(literal && to.protocol === 'tls')) return denied('no-server-name');
  if (to.claimed !== undefined && !namesOnly(to, to.claimed, to.request)) return denied('name-mismatch');
  // Where its TLS ends here, the other hello is never answered.
  if (to.encrypted === true && unread !== undefined && !literal) return denied('encrypted-hello');
  if (isSocket && !others.some(({ websocket }) => websocket)) return denied('protocol-not-allowed');
  if (unread !== undefined && !isSocket) return { allowed: true, entry: unread };
  const [first] = others;
  if (to.protocol === 'tls' && to.inspectable === true && first !== undefined)
    return { allowed: true, entry: first, reads: others };
  if (to.protocol !== 'http' || to.request === undefined) return denied('not-readable');
  const verdict = decideRequest(others, to.request);
  return verdict.allowed ? { ...verdict, reads: others } : verdict;
}

/** Whether what is said names no other place: a proxy that is allowed would go there. */
export function namesOnly(
  to: Pick<Destination, 'host' | 'port'>,
  claimed: string | undefined,
  request?: Pick<Request, 'port'>,
): boolean {
  return claimed === to.host && (request?.port === undefined || request.port === to.port);
}

/** What an observed connection counts under: no list has it, and it has no bound. */
const OBSERVED: AllowedDestination = { host: '*', ports: [], entry: 'observe' };

/** A name that no entry covers, where that is only observed: still held to be what it says it is. */
function observed(to: Destination): Decision {
  if (to.protocol !== 'tcp') {
    if (to.claimed === undefined) return denied('no-server-name');
    if (!namesOnly(to, to.claimed, to.request)) return denied('name-mismatch');
    if (to.encrypted === true) return denied('encrypted-hello');
    if (to.request?.websocket !== undefined) return denied('protocol-not-allowed');
  }
  return { allowed: true, entry: OBSERVED, observed: true };
}

/** SSH: on its own port, and where keys are named. An entry that names no key lets any server answer. */
function decideSsh(entries: readonly AllowedDestination[], to: Destination): Decision {
  const fitting = entries.filter(
    (entry) =>
      entry.ports?.includes(to.port) === true &&
      !USUAL_PORTS.includes(to.port) &&
      !readsRequests(entry) &&
      (to.port === SSH_PORT || entry.hostKeys !== undefined),
  );
  const open = fitting.find(({ hostKeys }) => hostKeys === undefined);
  const entry = open ?? fitting[0];
  if (to.protocol !== 'tcp' || entry === undefined) return denied('protocol-not-allowed');
  const hostKeys = open === undefined ? fitting.flatMap((one) => one.hostKeys ?? []) : [];
  return { allowed: true, entry, ssh: { hostKeys } };
}

export type RequestDecision =
  | { readonly allowed: true; readonly entry: AllowedDestination }
  | { readonly allowed: false; readonly reason: DenialReason };

/** Decides one request under the entries of its connection. A path that could be read as two is none of them. */
export function decideRequest(entries: readonly AllowedDestination[], request: Request): RequestDecision {
  const path = normalisePath(request.path);
  const isSocket = request.websocket !== undefined;
  const said = [request.method, ...(request.methodsToo ?? [])];
  const isOther = said.length > 1 || request.pathToo === true;
  if (isSocket && !entries.some(({ websocket }) => websocket)) return denied('protocol-not-allowed');
  const entry = entries.find(({ methods, paths, git, websocket }) => {
    if (isSocket && websocket === undefined) return false;
    if (git !== undefined && (!isGitFetch(request) || isOther)) return false;
    if (methods !== undefined && !said.every((one) => methods.some((method) => method === one))) return false;
    if (paths !== undefined && request.pathToo === true) return false;
    return paths === undefined || (path !== undefined && paths.some((pattern) => matchesPath(pattern, path)));
  });
  if (entry !== undefined) return { allowed: true, entry };
  return denied(path === undefined ? 'path-not-clear' : 'request-not-allowed');
}

function denied(reason: DenialReason): { readonly allowed: false; readonly reason: DenialReason } {
  return { allowed: false, reason };
}
