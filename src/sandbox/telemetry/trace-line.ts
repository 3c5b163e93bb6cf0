import type {
  ObservedAttempt,
  ObservedExit,
  ObservedFile,
  ObservedListener,
  ObservedProcess,
} from '../contract.ts';
import { signalName } from '../process/names.ts';
import type { Dial, Flow } from './flow-owners.ts';

/** One line of the trace program, checked. Text in it came from the job and is hostile. */
export type TraceLine =
  | { readonly kind: 'attached' | 'ended' | 'settled' | 'watching' }
  | { readonly kind: 'unwatchable'; readonly path: string; readonly why: string }
  | { readonly kind: 'file'; readonly hostPid: number; readonly file: ObservedFile }
  | { readonly kind: 'ready'; readonly landlock: number }
  | {
      readonly kind: 'exec';
      readonly hostPid: number;
      readonly process: ObservedProcess;
      readonly was?: number;
    }
  | { readonly kind: 'attempt'; readonly hostPid: number; readonly attempt: ObservedAttempt }
  | { readonly kind: 'socket'; readonly pid: number; readonly family: string; readonly protocol: string }
  | { readonly kind: 'exit'; readonly exit: ObservedExit }
  | { readonly kind: 'connect'; readonly hostPid: number; readonly flow: Flow }
  | { readonly kind: 'dial'; readonly hostPid: number; readonly dial: Dial }
  | { readonly kind: 'listening'; readonly hostPid: number; readonly listener: ObservedListener }
  | { readonly kind: 'dropped' | 'unwatched'; readonly count: number }
  | { readonly kind: 'gap'; readonly why: string };

/** Linux numbers (include/linux/socket.h) of the families that a job may meet. */
const FAMILIES: Readonly<Record<number, string>> = {
  2: 'inet',
  10: 'inet6',
  16: 'netlink',
  17: 'packet',
  29: 'can',
  31: 'bluetooth',
  38: 'alg',
  40: 'vsock',
  44: 'xdp',
};

/** IANA protocol numbers. */
const PROTOCOLS: Readonly<Record<number, string>> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  33: 'dccp',
  47: 'gre',
  58: 'icmpv6',
  115: 'l2tp',
  132: 'sctp',
  136: 'udplite',
  255: 'raw',
  262: 'mptcp',
};

function protocolName(family: number, type: number, protocol: number): string {
  if (family === 2 || family === 10) {
    const name = PROTOCOLS[protocol] ?? `protocol ${protocol}`;
    return type === 3 && name !== 'raw' ? `raw ${name}` : name;
  }
  return `protocol ${protocol}`;
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

function exec(members: Readonly<Record<string, unknown>>): TraceLine | undefined {
  const { argv, path, cut, missing } = members;
  const pid = count(members['pid']);
  const parent = count(members['parent']);
  const hostPid = count(members['host']);
  const startedAt = count(members['at']);
  if (pid === undefined || parent === undefined || hostPid === undefined || startedAt === undefined)
    return undefined;
  if (!Array.isArray(argv) || !argv.every((item) => typeof item === 'string')) return undefined;
  if (typeof path !== 'string' || typeof cut !== 'boolean' || typeof missing !== 'boolean') return undefined;
  const uid = count(members['uid']);
  const process = {
    pid,
    parent,
    argv,
    truncated: cut,
    startedAt,
    executable: path,
    ...(uid !== undefined && { uid }),
  };
  const was = count(members['was']);
  return {
    kind: 'exec',
    hostPid,
    process: missing ? { ...process, notFound: true } : process,
    ...(was !== undefined && { was }),
  };
}

function attempt(members: Readonly<Record<string, unknown>>): TraceLine | undefined {
  const { call, refused, path, argv, arguments: given } = members;
  const [times, at, hostPid] = [count(members['count']), count(members['at']), count(members['host'])];
  const [pid, parent, uid] = [count(members['pid']), count(members['parent']), count(members['uid'])];
  if (times === undefined || at === undefined || pid === undefined || parent === undefined) return undefined;
  if (hostPid === undefined) return undefined;
  if (typeof call !== 'string' || typeof refused !== 'boolean' || typeof path !== 'string') return undefined;
  if (!Array.isArray(argv) || !argv.every((item) => typeof item === 'string')) return undefined;
  if (!Array.isArray(given) || !given.every((item) => count(item) !== undefined)) return undefined;
  return {
    kind: 'attempt',
    hostPid,
    attempt: {
      call,
      refused,
      at,
      count: times,
      arguments: given,
      ...(path !== '' && { path }),
      process: { pid, parent, argv, ...(uid !== undefined && { uid }) },
    },
  };
}

function ended(members: Readonly<Record<string, unknown>>): TraceLine | undefined {
  const [pid, at, began] = [count(members['pid']), count(members['at']), count(members['began'])];
  const [code, signal, cpuNs] = [
    count(members['code']),
    count(members['signal']),
    count(members['processor']),
  ];
  if (pid === undefined || at === undefined) return undefined;
  return {
    kind: 'exit',
    exit: {
      pid,
      at,
      code: code ?? null,
      signal: signal === undefined ? null : signalName(signal),
      ...(began !== undefined && { durationMs: Math.max(0, at - began) }),
      ...(cpuNs !== undefined && { cpuMs: Math.round(cpuNs / 1_000) / 1_000 }),
    },
  };
}

function socketUse(
  kind: 'connect' | 'dial' | 'listen',
  members: Readonly<Record<string, unknown>>,
): TraceLine | undefined {
  const { protocol, address, argv } = members;
  const [pid, port, hostPid] = [count(members['pid']), count(members['port']), count(members['host'])];
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'unix') return undefined;
  if (typeof address !== 'string' || pid === undefined || port === undefined) return undefined;
  if (hostPid === undefined) return undefined;
  if (!Array.isArray(argv) || !argv.every((item) => typeof item === 'string')) return undefined;
  const process = { pid, argv };
  if (kind === 'listen')
    return {
      kind: 'listening',
      hostPid,
      listener: { protocol, address, process, ...(protocol !== 'unix' && { port }) },
    };
  if (protocol === 'unix') return undefined;
  if (kind === 'dial') return { kind, hostPid, dial: { address, port, process } };
  return { kind, hostPid, flow: { protocol, localPort: port, process } };
}

const WHAT = { written: 'written', 'set-user-id': 'set-user-id', memory: 'memory' } as const;

function file(members: Readonly<Record<string, unknown>>): TraceLine | undefined {
  const { path, argv } = members;
  const what = WHAT[members['what'] as keyof typeof WHAT];
  const [pid, parent, uid] = [count(members['pid']), count(members['parent']), count(members['uid'])];
  const [at, hostPid] = [count(members['at']), count(members['host'])];
  if (what === undefined || typeof path !== 'string' || at === undefined || hostPid === undefined)
    return undefined;
  if (pid === undefined || parent === undefined) return undefined;
  if (!Array.isArray(argv) || !argv.every((item) => typeof item === 'string')) return undefined;
  const process = { pid, parent, argv, ...(uid !== undefined && { uid }) };
  const refused = members['refused'] === true;
  return { kind: 'file', hostPid, file: { what, path, at, refused, process } };
}

/** Reads one line; `undefined` when it is not one that the trace program writes. */
export function parseTraceLine(text: string): TraceLine | undefined {
  let members: unknown;
  try {
    members = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (members === null || typeof members !== 'object') return undefined;
  const line = members as Readonly<Record<string, unknown>>;
  const kind = line['kind'];
  switch (kind) {
    case 'ready':
      return { kind, landlock: count(line['landlock']) ?? 0 };
    case 'file':
      return file(line);
    case 'unwatchable': {
      const { path, why } = line;
      return typeof path === 'string' && typeof why === 'string' ? { kind, path, why } : undefined;
    }
    case 'end':
      return ended(line);
    case 'connect':
    case 'dial':
    case 'listen':
      return socketUse(kind, line);
    case 'attached':
    case 'ended':
    case 'settled':
    case 'watching':
      return { kind };
    case 'exec':
      return exec(line);
    case 'attempt':
      return attempt(line);
    case 'socket': {
      const [pid, family] = [count(line['pid']), count(line['family'])];
      const [type, protocol] = [count(line['type']), count(line['protocol'])];
      if (pid === undefined || family === undefined || type === undefined || protocol === undefined)
        return undefined;
      return {
        kind,
        pid,
        family: FAMILIES[family] ?? `family ${family}`,
        protocol: protocolName(family, type, protocol),
      };
    }
    case 'dropped':
    case 'unwatched': {
      const lost = count(line['count']);
      return lost === undefined ? undefined : { kind, count: lost };
    }
    case 'gap': {
      const why = line['why'];
      return typeof why === 'string' ? { kind, why } : undefined;
    }
    default:
      return undefined;
  }
}
