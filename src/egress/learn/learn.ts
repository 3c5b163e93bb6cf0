import { isIP } from 'node:net';
import {
  type AllowEntry,
  coversRule,
  type EgressRule,
  hostName,
  readsRequests,
  ruleOf,
  ruleText,
  USUAL_PORTS,
} from '../../config/index.ts';
import type { AllowedDestination } from '../contract.ts';
import type { Observed } from './observed.ts';
import { programsBehind } from './programs-behind.ts';
import { requestsBehind } from './requests-behind.ts';
import { suspicionOf, suspicionOfRequest } from './suspicion.ts';

export interface LearnedLine {
  readonly entry: AllowEntry;
  /** `kept`: it stood there and was used. `added`: a run asked for it and was denied. `narrowed`: to what runs used of it. */
  readonly how: 'kept' | 'added' | 'narrowed';
  readonly evidence: string;
}

/** What the runs teach of one zone. */
export interface Learned {
  readonly zone: string;
  /** The smallest list with which what was seen works. */
  readonly lines: readonly LearnedLine[];
  /** Entries that stand there and that no run used. */
  readonly unused: readonly AllowEntry[];
  readonly refused: readonly {
    readonly host: string;
    readonly port?: number;
    readonly why: string;
    readonly evidence: string;
  }[];
}

export interface LearnOptions {
  /** Hosts that a person vouches for although something speaks against them. */
  readonly accepted?: readonly string[];
  /** What presets stand for on this machine: a name of one is learned as the preset, and only to read from. */
  readonly presets?: Readonly<Record<string, readonly AllowedDestination[]>>;
  /** Also narrow what stands there to the programs, methods and paths that runs used. */
  readonly narrow?: boolean;
}

/** What a person can be asked about; anything else is no question of the allowlist. */
const TEACHABLE: readonly (string | undefined)[] = [
  'not-on-allowlist',
  'request-not-allowed',
  'program-not-allowed',
];

/**
 * Turns what runs did into the smallest allowlist under which they would do it again, for one zone: hosts, ports, programs, and
 * methods and paths where requests were read. Nothing is learned from an address, a mismatch or a forbidden range, and nothing
 * that looks like an exfiltration, unless its host is in `accepted`.
 */
export function learn(
  zone: string,
  current: readonly AllowEntry[],
  observed: readonly Observed[],
  { accepted = [], presets = {}, narrow = false }: LearnOptions = {},
): Learned {
  // One that says itself what may be asked there is not narrowed further.
  const readOnly = Object.keys(presets).filter((name) => presets[name]?.every((one) => !readsRequests(one)));
  const here = observed.filter((one) => one.zone === zone);
  const refused: Learned['refused'][number][] = [];
  const wanted = new Map<string, Observed[]>();
  for (const one of here.filter(({ verdict }) => verdict === 'denied')) {
    const why = reasonAgainst(one, here);
    const isAccepted = TEACHABLE.includes(one.reason) && isHost(one.host) && accepted.includes(one.host);
    if (why === undefined || isAccepted) {
      const to = destinationOf(one, presets);
      wanted.set(to, [...(wanted.get(to) ?? []), one]);
    } else {
      const place = { host: one.host, ...(one.port !== undefined && { port: one.port }) };
      refused.push({ ...place, why, evidence: evidenceOf([one]) });
    }
  }
  const asked = [...wanted].flatMap(([to, all]) => linesFor(to, all, readOnly));
  const used = usesOf(here);
  // An entry that was written since the run is as good as used by it.
  const usesBy = (entry: AllowEntry): readonly Observed[] | undefined =>
    used.get(ruleText(entry)) ?? used.get(ruleOf(entry).to);
  const isNeeded = (entry: AllowEntry): boolean =>
    usesBy(entry) !== undefined || asked.some((line) => coversRule(entry, line.entry));
  const kept = current.filter(isNeeded).flatMap((entry): readonly LearnedLine[] => {
    const uses = usesBy(entry);
    const since = asked.find((line) => coversRule(entry, line.entry))?.evidence;
    const evidence = since ?? evidenceOf(uses ?? []);
    const less = narrow && since === undefined && uses !== undefined ? narrowed(entry, uses) : undefined;
    return (
      less?.map((one) => ({ entry: one, how: 'narrowed', evidence })) ?? [{ entry, how: 'kept', evidence }]
    );
  });
  const added = asked.filter(({ entry }) => !kept.some((line) => coversRule(line.entry, entry)));
  const unused = current.filter((entry) => !isNeeded(entry));
  return { zone, lines: [...kept, ...added], unused, refused };
}

/** A question may hold any bytes for a name. */
function isHost(host: string): boolean {
  return isIP(host) !== 0 || hostName(host) === host;
}

function reasonAgainst(one: Observed, here: readonly Observed[]): string | undefined {
  if (!TEACHABLE.includes(one.reason)) return `denied for another cause: ${one.reason ?? 'unknown'}`;
  if (!isHost(one.host))
    return 'a name that no host has: in a list it would be a wildcard, a preset, a port or something else than was asked for';
  if (one.reason === 'program-not-allowed') return 'another program than its entries are for';
  return suspicionOf(one, here) ?? suspicionOfRequest(one) ?? programsBehind([one]).suspicion;
}

/** A preset stands for its hosts wherever the client is configured, and says in one word what they are. */
function destinationOf({ host, port }: Observed, presets: NonNullable<LearnOptions['presets']>): string {
  const preset = Object.entries(presets).find(([, all]) =>
    all.some((one) => one.host === host && (port === undefined || (one.ports ?? USUAL_PORTS).includes(port))),
  )?.[0];
  return preset ?? (port === undefined || USUAL_PORTS.includes(port) ? host : `${host}:${port}`);
}

/** The lines for one destination: of the requests that were read, and of what was not. */
function linesFor(to: string, all: readonly Observed[], readOnly: readonly string[]): readonly LearnedLine[] {
  const read = all.filter(({ request }) => request !== undefined);
  const unread = all.filter(({ request }) => request === undefined);
  const lines: LearnedLine[] = [];
  if (unread.length > 0) {
    const { programs, unknown } = programsBehind(unread);
    const methods = readOnly.includes(to) ? { methods: ['GET', 'HEAD'] as const } : {};
    const said = unknown === undefined ? '' : `; by any program: ${unknown.slice(0, 80)}`;
    const evidence = `${evidenceOf(unread)}${said}`;
    // One line for each program: what stands above a program counts among those of one line.
    for (const by of programs?.map((one) => ({ programs: [one] })) ?? [{}])
      lines.push({ entry: entryOf({ to, ...by, ...methods }), how: 'added', evidence });
  }
  for (const requests of requestsBehind(read) ?? [])
    lines.push({ entry: { to, ...requests }, how: 'added', evidence: evidenceOf(read) });
  return lines;
}

function entryOf(rule: EgressRule): AllowEntry {
  return Object.keys(rule).length === 1 ? rule.to : rule;
}

/** An entry as far as runs used it; undefined when that is all of it, or cannot be said. */
function narrowed(entry: AllowEntry, uses: readonly Observed[]): readonly AllowEntry[] | undefined {
  const rule = ruleOf(entry);
  const { programs } = programsBehind(uses.filter(({ request }) => request === undefined));
  const requests = readsRequests(rule) ? requestsBehind(uses) : [];
  const by = rule.programs === undefined && programs !== undefined ? { programs } : {};
  const lines = (requests?.length ?? 0) === 0 ? [{}] : (requests ?? []);
  const { websocket, ...others } = rule;
  const less = lines.map((request) => {
    // One begins with a GET.
    const keeps =
      websocket !== undefined && (request as Partial<EgressRule>).methods?.includes('GET') !== false;
    return entryOf({ ...others, ...(keeps && { websocket }), ...by, ...request });
  });
  return less.every((one) => ruleText(one) === ruleText(entry)) ? undefined : less;
}

function usesOf(here: readonly Observed[]): ReadonlyMap<string, readonly Observed[]> {
  const used = new Map<string, Observed[]>();
  for (const one of here) {
    if (one.verdict !== 'allowed' || one.entry === undefined) continue;
    used.set(one.entry, [...(used.get(one.entry) ?? []), one]);
  }
  return used;
}

function evidenceOf(all: readonly Observed[]): string {
  const times = all.reduce((sum, one) => sum + one.times, 0);
  const programs = [...new Set(all.flatMap((one) => [...one.programs]))];
  const jobs = [...new Set(all.flatMap((one) => [...one.jobs]))];
  const steps = [...new Set(all.flatMap((one) => [...one.steps]))];
  const sent = all.reduce((sum, one) => sum + one.bytesOut, 0);
  const more = programs.length > 1 ? ` and ${programs.length - 1} other programs` : '';
  const out = sent > MUCH_BYTES ? `; ${Math.round(sent / 1_000_000)} MB were sent there` : '';
  return `${times} ${times === 1 ? 'time' : 'times'} in ${jobs.slice(0, 3).join(', ')} (${steps.slice(0, 3).join(', ')}), by ${programs[0]?.slice(0, 120) ?? 'an unknown program'}${more}${out}`;
}

/** Asking takes few bytes: whoever reads the line is told of more. */
const MUCH_BYTES = 2_000_000;
