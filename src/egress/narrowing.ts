import { coversHost, coversRule, USUAL_PORTS } from '../config/index.ts';
import type { AllowedDestination, EgressPolicy } from './contract.ts';

/** What another policy leaves of the one that is in force. */
export interface Narrowing {
  /** Never allows what the one in force does not. What stays is the very entry that was there. */
  readonly policy: EgressPolicy;
  /** Entries and ranges that are in force no longer, or with less. */
  readonly closed: readonly string[];
  /** What the other policy has beyond the one in force, and is not given. */
  readonly notGiven: readonly string[];
}

/**
 * Narrows a policy to what another one allows too. An entry stays when the other policy has one that allows all of it; an entry of
 * the other's takes its place when it allows less. Of two that only overlap neither stays: that is less than both allow, and never
 * more than either. A range stays when the other names it in the same words.
 */
export function narrow(inForce: EgressPolicy, wanted: EgressPolicy): Narrowing {
  const stays = inForce.allow.filter((one) => wanted.allow.some((other) => covers(other, one)));
  const less = wanted.allow.filter(
    (other) => inForce.allow.some((one) => covers(one, other)) && !stays.some((one) => covers(one, other)),
  );
  const ranges = inForce.allowRanges.filter((range) => wanted.allowRanges.includes(range));
  return {
    policy: {
      allow: [...stays, ...less],
      allowRanges: ranges,
      ...(inForce.observe === true && wanted.observe === true && { observe: true }),
    },
    closed: [
      ...inForce.allow.filter((one) => !stays.includes(one)).map(({ entry }) => entry),
      ...inForce.allowRanges.filter((range) => !ranges.includes(range)),
      ...(inForce.observe === true && wanted.observe === undefined ? ['observe'] : []),
    ],
    notGiven: [
      ...wanted.allow
        .filter((other) => !inForce.allow.some((one) => covers(one, other)))
        .map(({ entry }) => entry),
      ...wanted.allowRanges.filter((range) => !inForce.allowRanges.includes(range)),
      ...(wanted.observe === true && inForce.observe === undefined ? ['observe'] : []),
    ],
  };
}

function covers(wider: AllowedDestination, narrower: AllowedDestination): boolean {
  const ports = wider.ports ?? USUAL_PORTS;
  return (
    coversHost(wider.host, narrower.host) &&
    (narrower.ports ?? USUAL_PORTS).every((port) => ports.includes(port)) &&
    coversRule({ ...wider, to: ANY }, { ...narrower, to: ANY })
  );
}

/** Hosts and ports are compared here: a destination after its preset was resolved may have several. */
const ANY = 'host.invalid';
