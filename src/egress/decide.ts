import { isIP } from 'node:net';
import { coversHost, USUAL_PORTS } from '../config/index.ts';
import type { AllowedDestination, DenialReason, EgressPolicy } from './contract.ts';

export type Decision =
  | { readonly allowed: true; readonly entry: AllowedDestination }
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
}

/** Whether any entry covers the name: its question may be answered. Says nothing of ports. */
export function allowsName(policy: EgressPolicy, host: string): AllowedDestination | undefined {
  return policy.allow.find((entry) => coversHost(entry.host, host));
}

/** The entry that names this host on this port, whatever is spoken there. */
export function allowsPort(policy: EgressPolicy, host: string, port: number): AllowedDestination | undefined {
  return policy.allow.find(
    (entry) => coversHost(entry.host, host) && (entry.ports ?? USUAL_PORTS).includes(port),
  );
}

/**
 * Decides one connection. Absence never grants: without an entry for host and port it is denied. A connection whose own
 * words name another host than the one it asked for is denied, also when both are on the list.
 */
export function decide(policy: EgressPolicy, to: Destination): Decision {
  const literal = isIP(to.host) !== 0;
  const named = policy.allow.filter((entry) => coversHost(entry.host, to.host));
  if (named.length === 0) return denied(literal ? 'address-without-name' : 'not-on-allowlist');
  const entry = allowsPort(policy, to.host, to.port);
  if (entry === undefined) return denied('not-on-allowlist');
  if (to.protocol === 'tcp') {
    // A protocol that does not name its host is let through only where the operator named the port.
    const explicit = entry.ports?.includes(to.port) === true && !USUAL_PORTS.includes(to.port);
    return explicit ? { allowed: true, entry } : denied('protocol-not-allowed');
  }
  if (to.claimed === undefined) {
    return literal && to.protocol === 'tls' ? { allowed: true, entry } : denied('no-server-name');
  }
  return to.claimed === to.host ? { allowed: true, entry } : denied('name-mismatch');
}

function denied(reason: DenialReason): Decision {
  return { allowed: false, reason };
}
