import { opendirSync, readFileSync, readlinkSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ProgramFlow } from '../contract.ts';

/** How many descriptors are looked at for one connection. Ordinary jobs have few; whoever has more is not known. */
const MAX_LOOKED = 32_768;
const MAX_TABLE_BYTES = 8_388_608;

/**
 * The number of a connection's socket in the sandbox's own table; both ends must be the ones that were asked about. A socket
 * that sends without connecting has no far end, and there its own port alone names it.
 */
export function socketOf(
  initPid: number,
  { protocol = 'tcp', localPort, remotePort, remoteAddress }: ProgramFlow,
): string | undefined {
  const far = remotesOf(remoteAddress).map((address) => `${address}:${hexPort(remotePort)}`);
  for (const table of [protocol, `${protocol}6`]) {
    for (const row of tableOf(`/proc/${initPid}/net/${table}`)) {
      const [, local = '', remote = '', , , , , , , inode = '0'] = row.trim().split(/\s+/);
      const isFar = far.includes(remote) || (protocol === 'udp' && remote.endsWith(':0000'));
      if (local.endsWith(`:${hexPort(localPort)}`) && isFar && inode !== '0') return inode;
    }
  }
  return undefined;
}

function tableOf(path: string): readonly string[] {
  try {
    return readFileSync(path).subarray(0, MAX_TABLE_BYTES).toString('latin1').split('\n').slice(1);
  } catch {
    return [];
  }
}

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

/** As proc_net(5) writes an address: words of 32 bits, each in the machine's own byte order (both that we run on are little). */
function remotesOf(address: string): readonly string[] {
  if (isIP(address) === 4) {
    const word = hexWord(address.split('.').map(Number));
    return [word, `0000000000000000FFFF0000${word}`];
  }
  return isIP(address) === 6 ? [hexOfSix(address)] : [];
}

function hexWord(bytes: readonly number[]): string {
  return bytes
    .toReversed()
    .map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
    .join('');
}

function hexOfSix(address: string): string {
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => '0');
  const bytes = [...left, ...middle, ...right].flatMap((part) => {
    const group = Number.parseInt(part, 16);
    return [group >> 8, group & 0xff];
  });
  return [0, 4, 8, 12].map((at) => hexWord(bytes.slice(at, at + 4))).join('');
}

/** Every process that has the socket open; undefined when there is too much to look at. */
export function holdersOf(socket: string, processes: readonly number[]): readonly number[] | undefined {
  const wanted = `socket:[${socket}]`;
  const holders: number[] = [];
  let left = MAX_LOOKED;
  for (const pid of processes) {
    const folder = openFolder(`/proc/${pid}/fd`);
    if (folder === undefined) continue;
    try {
      let holds = false;
      for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
        left -= 1;
        if (left <= 0) return undefined;
        holds ||= linkAt(`/proc/${pid}/fd/${entry.name}`) === wanted;
      }
      if (holds) holders.push(pid);
    } catch {
      // It has ended meanwhile, and holds nothing any more.
    } finally {
      folder.closeSync();
    }
  }
  return holders;
}

function openFolder(path: string): ReturnType<typeof opendirSync> | undefined {
  try {
    return opendirSync(path);
  } catch {
    return undefined;
  }
}

function linkAt(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
