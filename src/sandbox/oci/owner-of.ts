import { opendirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Sandbox } from '../contract.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

const MAX_ARGUMENTS_BYTES = 4_096;
const MAX_TABLE_BYTES = 4_194_304;

type Owner = NonNullable<Awaited<ReturnType<Sandbox['ownerOf']>>>;
type Flow = Parameters<Sandbox['ownerOf']>[0];

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** The telemetry's word comes by another way than the gateway's, and as a rule a millisecond after it. */
const LATE_MS = 20;

/**
 * The process that asked for a connection: as the telemetry saw it ask, else whoever holds it now (a socket that sends
 * without connecting has asked nobody). Waiting for that word comes before the search: to read the kernel's table of connections
 * takes it milliseconds, in which nobody else is served, and searches are bounded.
 */
export async function askerOf(
  telemetry: Telemetry,
  holders: HolderSearch,
  flow: Flow,
): Promise<Owner | undefined> {
  const told = await telemetry.toldOwner(flow.protocol ?? 'tcp', flow.localPort, LATE_MS);
  return told ?? holders.find(flow);
}

/** The resolver of every sandbox. */
const RESOLVER = '127.0.0.1';
const DNS = 53;

/** The process that asked a kernel of its own for this destination; that kernel does not say from which port. */
export async function diallerOf(telemetry: Telemetry, flow: Flow): Promise<Owner | undefined> {
  const { remoteAddress = RESOLVER, remotePort = DNS } = flow;
  const asked = telemetry.dialler(remoteAddress, remotePort);
  if (asked !== undefined) return asked;
  await wait(LATE_MS);
  return telemetry.dialler(remoteAddress, remotePort);
}

/** How many descriptors are looked at for one connection. Ordinary jobs have few; a hostile one has millions. */
const MAX_LOOKED = 8_192;
/** What of our time goes into it at most: a tenth, and at first half a second. */
const SHARE = 0.1;
const SAVED_MS = 500;

/**
 * Finds the process that holds a connection's inner end: by the socket's number in the sandbox's own table of connections,
 * then by who has that socket open. What the job says of itself (its arguments) is bounded and hostile, and so is how much
 * there is to search: a search is short, and there are none when too much was searched of late. Who is not found in that
 * time stays unknown.
 */
export class HolderSearch {
  readonly #initPid: number;
  readonly #processes: () => readonly number[];
  readonly #now: () => number;
  #savedMs = SAVED_MS;
  #at: number;

  constructor(initPid: number, processes: () => readonly number[], now = (): number => performance.now()) {
    this.#initPid = initPid;
    this.#processes = processes;
    this.#now = now;
    this.#at = now();
  }

  find(flow: Flow): Owner | undefined {
    const began = this.#now();
    this.#savedMs = Math.min(SAVED_MS, this.#savedMs + SHARE * (began - this.#at));
    this.#at = began;
    if (this.#savedMs <= 0) return undefined;
    const found = this.#search(flow);
    this.#savedMs -= this.#now() - began;
    return found;
  }

  #search(flow: Flow): Owner | undefined {
    const inode = socketInode(this.#initPid, flow.localPort, flow.remotePort, flow.protocol ?? 'tcp');
    if (inode === undefined) return undefined;
    const wanted = `socket:[${inode}]`;
    let left = MAX_LOOKED;
    for (const pid of this.#processes()) {
      const descriptors = descriptorsOf(pid, left);
      if (descriptors.some((path) => linkAt(path) === wanted)) return describe(pid);
      left -= descriptors.length + 1;
      if (left <= 0) return undefined;
    }
    return undefined;
  }
}

/** By both ports: the local port alone may be shared by connections to several destinations. */
function socketInode(
  pid: number,
  localPort: number,
  remotePort: number | undefined,
  protocol: 'tcp' | 'udp',
): string | undefined {
  const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');
  for (const table of protocol === 'udp' ? ['udp', 'udp6'] : ['tcp', 'tcp6']) {
    const text = read(`/proc/${pid}/net/${table}`)?.subarray(0, MAX_TABLE_BYTES).toString('latin1') ?? '';
    for (const row of text.split('\n').slice(1)) {
      const [, local = '', remote = '', , , , , , , inode] = row.trim().split(/\s+/);
      if (!local.endsWith(`:${hex(localPort)}`)) continue;
      if (remotePort !== undefined && !remote.endsWith(`:${hex(remotePort)}`)) continue;
      if (inode !== undefined && inode !== '0') return inode;
    }
  }
  return undefined;
}

/** At most so many: a folder of descriptors is read entry by entry, so that a large one is not read whole. */
function descriptorsOf(pid: number, most: number): readonly string[] {
  const paths: string[] = [];
  try {
    const folder = opendirSync(`/proc/${pid}/fd`);
    try {
      for (let entry = folder.readSync(); entry !== null && paths.length < most; entry = folder.readSync()) {
        paths.push(`/proc/${pid}/fd/${entry.name}`);
      }
    } finally {
      folder.closeSync();
    }
  } catch {
    // It has ended meanwhile.
  }
  return paths;
}

function linkAt(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function describe(pid: number): Owner {
  const status = read(`/proc/${pid}/status`)?.toString('latin1') ?? '';
  const inner = /^NSpid:.*\s(\d+)$/m.exec(status)?.[1];
  const line = read(`/proc/${pid}/cmdline`)?.subarray(0, MAX_ARGUMENTS_BYTES).toString('utf8') ?? '';
  return { pid: Number(inner ?? pid), argv: line.replace(/\0$/, '').split('\0') };
}
