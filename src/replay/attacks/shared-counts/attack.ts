import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, statfsSync } from 'node:fs';
import { nativeProgram } from '../../../sandbox/index.ts';
import type { Attack } from '../../attack.ts';
import { armed, event } from '../../expected-event.ts';
import { NO_VIEW } from '../../ground/walls.ts';

const MB = 1_000_000;

/** Of all processes of the job: how many of such descriptors they hold. */
function held(pids: readonly number[], pattern: RegExp): number {
  return pids.flatMap(descriptorsOf).filter((link) => pattern.test(link)).length;
}

/** statfs(2) */
const HUGETLBFS_MAGIC = 0x9584_58f6;

function holdsHugePages(pid: number): boolean {
  return readdirSync(`/proc/${pid}/fd`).some((descriptor) => {
    try {
      return statfsSync(`/proc/${pid}/fd/${descriptor}`).type >>> 0 === HUGETLBFS_MAGIC;
    } catch {
      return false;
    }
  });
}

/** The signals that wait for a process's user. */
function waiting(pid: number | 'self'): number {
  return Number(/^SigQ:\s+(\d+)/m.exec(contentOf(`/proc/${pid}/status`))?.[1] ?? 0);
}

/** Bytes that wait in the sockets of the network that a process is in (proc_pid_net(5): `tx_queue:rx_queue`). */
function inSockets(pid: number): number {
  const rows = contentOf(`/proc/${pid}/net/tcp`).split('\n').slice(1);
  return rows.reduce((sum, row) => {
    const [sent = '0', received = '0'] = row.trim().split(/\s+/)[4]?.split(':') ?? [];
    return sum + Number.parseInt(sent, 16) + Number.parseInt(received, 16);
  }, 0);
}

export const attack: Attack = {
  name: 'shared-counts',
  title: 'A job that takes what the machine has once for everybody',
  story:
    'Beside memory and processes a kernel has counts that no control group holds: requests for asynchronous input and output, ' +
    'terminals, huge pages, memory of sockets in the first hierarchy of control groups. Others it keeps for a user, and for the user ' +
    'outside who made that user’s namespace, which is root of the machine: signals and timers that wait, bytes of message ' +
    'queues, instances that watch files. A job that takes all of one stops programs of the machine that need it.',
  sources: [
    ['huge pages', 'https://docs.kernel.org/admin-guide/mm/hugetlbpage.html'],
    ['sysctl fs.aio-max-nr', 'https://docs.kernel.org/admin-guide/sysctl/fs.html'],
    ['namespaces(7), /proc/sys/user', 'https://man7.org/linux/man-pages/man7/namespaces.7.html'],
    ['memory of sockets, cgroup v1', 'https://docs.kernel.org/admin-guide/cgroup-v1/memory.html'],
    ['MITRE ATT&CK T1499.001', 'https://attack.mitre.org/techniques/T1499/001/'],
    ['practical guide §1'],
  ],
  cases: [
    {
      name: 'asynchronous-requests',
      control: 'the system-call filter',
      without: ['filter'],
      during: (_scene, pids) =>
        pids.some((pid) => contentOf(`/proc/${pid}/maps`).includes('[aio]')) && aioRequests() >= 10_000
          ? 'it took 10000 requests of those that the machine has for all'
          : undefined,
      notWith: NO_VIEW,
      event: armed('seccomp-filter', 'call-not-listed'),
    },
    {
      name: 'huge-pages',
      control: 'the system-call filter',
      without: ['filter'],
      during: (_scene, pids) =>
        pids.some(holdsHugePages)
          ? 'it was given a file of huge pages, which the machine has set aside for all'
          : undefined,
      notWith: NO_VIEW,
      event: armed('seccomp-filter', 'huge-pages', 'huge-page-files'),
    },
    {
      name: 'waiting-signals',
      control: 'limits of what waits for a user',
      without: ['shared-limits'],
      during: (_scene, pids) => {
        const taken = Math.max(0, ...pids.map(waiting));
        return taken > 6_000 && waiting('self') >= taken
          ? `it took ${taken} waiting signals of those that root of the machine has`
          : undefined;
      },
      notWith: NO_VIEW,
      event: armed('shared-limits-as-planned'),
    },
    {
      name: 'message-queues',
      control: 'limits of what a user’s queues hold',
      without: ['shared-limits'],
      // Root of the machine makes a queue, and gives it back.
      during: (_scene, pids) => {
        if (held(pids, /^\/taken-/) < 5) return undefined;
        const made = spawnSync(
          nativeProgram('call'),
          ['mq_open s:of-the-machine 66 438 0', 'mq_unlink s:of-the-machine'],
          {
            encoding: 'latin1',
          },
        ).stdout;
        return made.startsWith('mq_open -1') ? 'root of the machine can make no queue any more' : undefined;
      },
      event: armed('shared-limits-as-planned'),
      notWith: NO_VIEW,
    },
    {
      name: 'watching-instances',
      control: 'limits of its user namespace',
      without: ['namespace-limits'],
      during: (_scene, pids) => {
        const most = Number(contentOf('/proc/sys/fs/inotify/max_user_instances'));
        const taken = held(pids, /inotify/);
        return taken > most / 3
          ? `it took ${taken} of the ${most} instances that root of the machine has`
          : undefined;
      },
      event: armed('namespace-limits'),
      notWith: NO_VIEW,
    },
    {
      name: 'terminals',
      control: 'a limit of terminals',
      without: ['terminal-limit'],
      during: (_scene, pids) => {
        const taken = held(pids, /ptmx$/);
        return taken > 300 ? `it took ${taken} terminals of those that the machine has for all` : undefined;
      },
      event: armed('mounts-as-planned'),
      notWith: NO_VIEW,
    },
    {
      name: 'memory-of-sockets',
      control: 'the limit of memory holds for what sockets hold',
      without: ['memory-limit', 'socket-limit'],
      limits: { memoryBytes: 150 * MB },
      notWith: {
        qemu: 'what waits in sockets of a guest is memory of its own kernel, where nobody sees it from outside',
      },
      during: (_scene, [pid]) => {
        const taken = pid === undefined ? 0 : inSockets(pid);
        return taken > 170 * MB ? 'far more than 150 MB are in its sockets' : undefined;
      },
      event: event('policy.armed', 'limit of memory', ({ receipt }) => {
        const most = (receipt as { readonly limits?: { readonly memoryBytes?: number } }).limits?.memoryBytes;
        return most !== undefined && most <= 150 * MB;
      }),
    },
  ],
};

function aioRequests(): number {
  return Number(contentOf('/proc/sys/fs/aio-nr'));
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function descriptorsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${descriptor}`)];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}
