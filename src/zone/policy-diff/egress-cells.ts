import {
  type AllowEntry,
  coversHost,
  coversPrograms,
  type EgressRule,
  METHODS,
  parseDestination,
  type ProgramRule,
  programText,
  pathBeyond,
  readsRequests,
  ruleOf,
  USUAL_PORTS,
} from '../../config/index.ts';

/** What is said on a connection: a method of HTTP, another one, or anything else, which nobody reads. */
export const SPEECH = [...METHODS, 'another method', 'what is not HTTP'] as const;
export type Speech = (typeof SPEECH)[number] | 'git fetch' | 'WebSocket';

/** Something that one allowlist allows and the other does not. */
export interface EgressCell {
  /** A name, `*.name` for every name below it that no list names by itself, an address, or a preset. */
  readonly host: string;
  /** Absent for a preset, whose ports are the client's configuration. */
  readonly port?: number;
  /** By which program; absent: by one that neither list names. */
  readonly program?: string;
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
 * All that `wider` allows and `narrower` does not. Every kind of host, port, program and speech that either list can tell
 * apart is asked, and the paths of each are compared exactly, so that nothing found is nothing there. A program is asked as
 * the most that a rule stands for (with its marks, and without a script where the rule names none): what allows that allows
 * the rest of it.
 */
export function cellsBeyond(
  wider: readonly AllowEntry[],
  narrower: readonly AllowEntry[],
): readonly EgressCell[] {
  const [wide, narrow] = [wider.flatMap(named), narrower.flatMap(named)];
  const hosts = [...new Set([...wide, ...narrow].map(({ host }) => host))];
  const ports = [...new Set([...wide, ...narrow].flatMap((one) => one.ports))];
  const programs = programKinds([...wide, ...narrow]);
  const cells: EgressCell[] = [];
  for (const host of hosts) {
    for (const port of ports) {
      for (const program of programs) {
        const [theirs, ours] = [covering(wide, host, port, program), covering(narrow, host, port, program)];
        if (theirs.length === 0) continue;
        for (const speech of SPEECH) {
          const paths = pathsOf(theirs, speech);
          const example = pathBeyond(paths, pathsOf(ours, speech));
          if (example === undefined) continue;
          const by = program === undefined ? {} : { program: programText(program) };
          cells.push({ host, ...(port !== undefined && { port }), ...by, speech, paths, example });
        }
        const sockets = socketsOf(theirs);
        const socket = pathBeyond(sockets, socketsOf(ours));
        if (socket !== undefined) {
          const by = program === undefined ? {} : { program: programText(program) };
          const what = { speech: 'WebSocket', paths: sockets, example: socket } as const;
          cells.push({ host, ...(port !== undefined && { port }), ...by, ...what });
        }
        const paths = fetchesOf(theirs);
        const example = (['GET', 'POST'] as const)
          .map((method) => pathBeyond(paths, [...pathsOf(ours, method), ...fetchesOf(ours)]))
          .find((path) => path !== undefined);
        if (example === undefined) continue;
        const by = program === undefined ? {} : { program: programText(program) };
        const speech = 'git fetch';
        cells.push({ host, ...(port !== undefined && { port }), ...by, speech, paths, example });
      }
    }
  }
  return cells;
}

/** Each kind of program that the lists tell apart; undefined is one that they do not name. */
function programKinds(list: readonly { readonly rule: EgressRule }[]): readonly (ProgramRule | undefined)[] {
  const kinds = list.flatMap(({ rule }) => rule.programs ?? []);
  return [undefined, ...new Map(kinds.map((one) => [programText(one), one])).values()];
}

/** The same of lists as they were written. */
export function programsOf(list: readonly AllowEntry[]): readonly (ProgramRule | undefined)[] {
  return programKinds(list.map((entry) => ({ rule: ruleOf(entry) })));
}

/** The rules of a list that let a program reach a host on a port. */
export function rulesFor(
  list: readonly AllowEntry[],
  host: string,
  port: number | undefined,
  program: ProgramRule | undefined,
): readonly EgressRule[] {
  return covering(list.flatMap(named), host, port, program).map(({ rule }) => rule);
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

function covering(
  list: readonly Named[],
  host: string,
  port: number | undefined,
  program: ProgramRule | undefined,
): readonly Named[] {
  const asked = program === undefined ? undefined : [program];
  return list.filter(
    (one) =>
      coversHost(one.host, host) && one.ports.includes(port) && coversPrograms(one.rule.programs, asked),
  );
}

function pathsOf(rules: readonly Named[], speech: Speech): readonly string[] {
  return [
    ...new Set(
      rules.flatMap(({ rule }) => {
        if (speech === 'what is not HTTP') return readsRequests(rule) ? [] : ANY_PATH;
        if (rule.git !== undefined || rule.hostKeys !== undefined) return [];
        if (rule.methods !== undefined && !rule.methods.some((method) => method === speech)) return [];
        return rule.paths ?? ANY_PATH;
      }),
    ),
  ];
}

/** The paths on which rules let a WebSocket begin where requests are read. */
function socketsOf(rules: readonly Named[]): readonly string[] {
  return [
    ...new Set(rules.flatMap(({ rule }) => (rule.websocket === undefined ? [] : (rule.paths ?? ANY_PATH)))),
  ];
}

/** The paths of repositories that rules for nothing but fetching allow. */
function fetchesOf(rules: readonly Named[]): readonly string[] {
  return [...new Set(rules.flatMap(({ rule }) => (rule.git === undefined ? [] : (rule.paths ?? ANY_PATH))))];
}
