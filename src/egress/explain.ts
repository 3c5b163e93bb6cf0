import { isIP } from 'node:net';
import {
  type AllowEntry,
  coversHost,
  hostName,
  METHODS,
  type ProgramRule,
  parseDestination,
  programText,
  SSH_PORT,
  USUAL_PORTS,
} from '../config/index.ts';
import { cellsBeyond, type EgressCell } from '../zone/index.ts';
import type { AllowedDestination, ProgramSeen } from './contract.ts';
import { decide } from './decide.ts';
import { fitsPrograms } from './programs.ts';

/** A destination that somebody asks about. */
export interface Asked {
  readonly host: string;
  readonly port: number;
  readonly method?: string;
  readonly path?: string;
  /** By whom; absent: by a program that no entry names. */
  readonly program?: ProgramRule;
}

export interface Explanation {
  readonly allowed: boolean;
  /** The entry that lets it through, as it was written. */
  readonly entry?: string;
  readonly reason?: string;
  /** Entries that come near, and what each lacks. */
  readonly nearly: readonly { readonly entry: string; readonly lacks: string }[];
  /** The smallest entry with which it would be allowed; absent when no entry can. */
  readonly smallest?: AllowEntry;
  /** All that this entry would open, the asked one included. */
  readonly opens: readonly EgressCell[];
}

/**
 * Says which entry decides about a destination, which nearly does, and what the smallest change would open besides. `allow` is
 * the list as it was written, `resolved` what it stands for on this machine. The address that a name leads to is not asked.
 */
export function explain(
  allow: readonly AllowEntry[],
  resolved: readonly AllowedDestination[],
  asked: Asked,
): Explanation {
  const read = asked.method !== undefined || asked.path !== undefined;
  const verdict = decide(
    { allow: resolved, allowRanges: [] },
    {
      host: asked.host,
      port: asked.port,
      protocol: read ? 'http' : asked.port === SSH_PORT ? 'tcp' : 'tls',
      ...(isIP(asked.host) === 0 && { claimed: asked.host }),
      inspectable: true,
      ...(asked.program !== undefined && { program: seen(asked.program) }),
      ...(read && { request: { method: asked.method ?? 'GET', path: asked.path ?? '/' } }),
    },
  );
  if (verdict.allowed) return { allowed: true, entry: verdict.entry.entry, nearly: [], opens: [] };
  const smallest = smallestFor(asked, verdict.reason);
  return {
    allowed: false,
    reason: verdict.reason,
    nearly: resolved.flatMap((one) => {
      const lacks = lackOf(one, asked);
      return lacks === undefined ? [] : [{ entry: one.entry, lacks }];
    }),
    ...(smallest !== undefined && { smallest }),
    opens: smallest === undefined ? [] : cellsBeyond([...allow, smallest], allow),
  };
}

/** A process that is what a rule stands for, with its marks. */
function seen({ run, script, jit, nested }: ProgramRule): ProgramSeen {
  const files = { run: [run], ...(script !== undefined && { script: [script] }) };
  return { known: true, pid: 0, jit: jit === true, above: nested === true ? [files] : [], ...files };
}

function smallestFor(asked: Asked, reason: string): AllowEntry | undefined {
  const written = isIP(asked.host) === 6 ? `[${asked.host}]` : asked.host;
  const to = `${written}:${asked.port}`;
  if (parseDestination(to).kind !== 'host' || reason === 'path-not-clear') return undefined;
  const programs = asked.program === undefined ? {} : { programs: [asked.program] };
  if (asked.method === undefined && asked.path === undefined)
    return asked.program === undefined ? to : { to, ...programs };
  const method = METHODS.find((one) => one === asked.method);
  return {
    to,
    ...programs,
    ...(method !== undefined && { methods: [method] }),
    ...(asked.path !== undefined && { paths: [asked.path.split('?')[0] ?? '/'] }),
  };
}

/** What an entry lacks to be the one; undefined when it is about something else. */
function lackOf(one: AllowedDestination, { host, port, method, path, program }: Asked): string | undefined {
  if (coversHost(one.host, host)) {
    const ports = one.ports ?? USUAL_PORTS;
    if (!ports.includes(port)) return `it is for port ${ports.join(' and ')} only`;
    if (!fitsPrograms(one.programs, program === undefined ? undefined : seen(program)))
      return `it is for ${(one.programs ?? []).map(programText).join(' or ')} only`;
    const said = [method, path].filter((part) => part !== undefined).join(' ');
    const narrowed = [one.methods?.join(' '), one.paths?.join(' '), one.git && `git ${one.git}`]
      .filter((part) => part !== undefined)
      .join('  ');
    return said === ''
      ? `it is for requests that can be read only: ${narrowed}`
      : `it is for ${narrowed} only, and this is ${said}`;
  }
  if (one.host.startsWith('*.') && one.host.slice(2) === host)
    return 'it is for the names below, not for the name itself';
  if (host.endsWith(`.${one.host}`)) return `it is for that name itself, not for those below: *.${one.host}`;
  const domain = (name: string): string => name.split('.').slice(-2).join('.');
  const related = isIP(host) === 0 && host.split('.').length > 2 && domain(host) === domain(one.host);
  return related ? 'it is another name of the same domain' : undefined;
}

/** `host`, `host:port`, `[address]:port` as a person writes it; port 443 when none is said. Undefined when it is none. */
export function askedPlace(text: string): { readonly host: string; readonly port: number } | undefined {
  const to = parseDestination(text);
  if (to.kind !== 'host' || to.host.startsWith('*')) return undefined;
  const host = isIP(to.host) === 0 ? hostName(to.host) : to.host;
  return host === undefined ? undefined : { host, port: to.port ?? 443 };
}
