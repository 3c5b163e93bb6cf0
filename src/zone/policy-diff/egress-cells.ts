import {
  type AllowEntry,
  coversHost,
  type EgressRule,
  METHODS,
  parseDestination,
  pathBeyond,
  readsRequests,
  ruleOf,
  USUAL_PORTS,
} from '../../config/index.ts';

/** What is said on a connection: a method of HTTP, another one, or anything else, which nobody reads. */
export const SPEECH = [...METHODS, 'another method', 'what is not HTTP'] as const;
export type Speech = (typeof SPEECH)[number];

/** Something that one allowlist allows and the other does not. */
export interface EgressCell {
  /** A name, `*.name` for every name below it that no list names by itself, an address, or a preset. */
  readonly host: string;
  /** Absent for a preset, whose ports are the client's configuration. */
  readonly port?: number;
  readonly speech: Speech;
  /** The patterns of the one list that allow it; `/**` where paths are not read. */
  readonly paths: readonly string[];
  /** A path for which it is so. */
  readonly example: string;
}

interface Named {
  readonly rule: EgressRule;
  readonly host: string;
  readonly ports: readonly (number | undefined)[];
}

const ANY_PATH = ['/**'];

/**
 * All that `wider` allows and `narrower` does not. Every kind of host, port and speech that either list can tell apart is
 * asked, and the paths of each are compared exactly, so that nothing found is nothing there.
 */
export function cellsBeyond(
  wider: readonly AllowEntry[],
  narrower: readonly AllowEntry[],
): readonly EgressCell[] {
  const [wide, narrow] = [wider.flatMap(named), narrower.flatMap(named)];
  const hosts = [...new Set([...wide, ...narrow].map(({ host }) => host))];
  const ports = [...new Set([...wide, ...narrow].flatMap((one) => one.ports))];
  const cells: EgressCell[] = [];
  for (const host of hosts) {
    for (const port of ports) {
      const [theirs, ours] = [covering(wide, host, port), covering(narrow, host, port)];
      if (theirs.length === 0) continue;
      for (const speech of SPEECH) {
        const paths = pathsOf(theirs, speech);
        const example = pathBeyond(paths, pathsOf(ours, speech));
        if (example === undefined) continue;
        cells.push({ host, ...(port !== undefined && { port }), speech, paths, example });
      }
    }
  }
  return cells;
}

/** The rules of a list that let a host be reached on a port. */
export function rulesFor(
  list: readonly AllowEntry[],
  host: string,
  port: number | undefined,
): readonly EgressRule[] {
  return covering(list.flatMap(named), host, port).map(({ rule }) => rule);
}

/** Each kind of host and port that the list tells apart. */
export function placesOf(
  list: readonly AllowEntry[],
): readonly { readonly host: string; readonly port?: number }[] {
  return list
    .flatMap(named)
    .flatMap(({ host, ports }) => ports.map((port) => ({ host, ...(port !== undefined && { port }) })));
}

function named(entry: AllowEntry): readonly Named[] {
  const rule = ruleOf(entry);
  const to = parseDestination(rule.to);
  if (to.kind === 'preset') return [{ rule, host: to.name, ports: [undefined] }];
  if (to.kind === 'wrong') return [];
  return [{ rule, host: to.host, ports: to.port === undefined ? USUAL_PORTS : [to.port] }];
}

function covering(list: readonly Named[], host: string, port: number | undefined): readonly Named[] {
  return list.filter((one) => coversHost(one.host, host) && one.ports.includes(port));
}

function pathsOf(rules: readonly Named[], speech: Speech): readonly string[] {
  return [
    ...new Set(
      rules.flatMap(({ rule }) => {
        if (speech === 'what is not HTTP') return readsRequests(rule) ? [] : ANY_PATH;
        if (rule.methods !== undefined && !rule.methods.some((method) => method === speech)) return [];
        return rule.paths ?? ANY_PATH;
      }),
    ),
  ];
}
