import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { nativeProgram } from '../../../sandbox/index.ts';
import type { Attack, ReplayCase } from '../../attack.ts';
import { armed, risk } from '../../expected-event.ts';
import type { Scene } from '../../ground/scene.ts';

/** Gives a value to whoever connects, as an agent for keys does. */
const AGENT = `let held = ''; process.stdin.on('data', (chunk) => { held += chunk; });
process.stdin.on('end', () => require('node:net').createServer((s) => s.end(held)).listen('\\0replay-agent',
  () => console.log('ready')));`;

/** Runs something as the user that a job is where it has no users of its own. */
function asJob(...argv: readonly string[]): void {
  execFileSync('setpriv', ['--reuid', '1001', '--regid', '1001', '--clear-groups', ...argv], {
    stdio: 'pipe',
  });
}

const call = nativeProgram('call');
const hex = (text: string): string => Buffer.from(text).toString('hex');

const reads: Pick<ReplayCase, 'harm'> = {
  harm: ({ output, canary }: Scene) =>
    output().includes(canary) ? 'the job printed what another had left there' : undefined,
};

const ipc: Pick<ReplayCase, 'control' | 'without' | 'event'> = {
  control: 'kernel objects and users of its own',
  without: ['ipc-namespace', 'user-namespace'],
  event: armed('private-ipc-namespace', 'private-user-namespace'),
};

export const attack: Attack = {
  name: 'shared-objects',
  title: 'Objects of the kernel that are in no folder',
  story:
    'Memory segments, queues, semaphores, keys, and sockets whose names are in no file system are reached by whoever shares ' +
    'the namespace, whatever is mounted: the service of containerd was taken over through an abstract socket, and other jobs ' +
    'read or removed what is in shared memory. Keyrings are in no namespace at all.',
  sources: [
    [
      'CVE-2020-15257 (containerd)',
      'https://github.com/containerd/containerd/security/advisories/GHSA-36xw-fx78-c5r4',
    ],
    ['ipc_namespaces(7)', 'https://man7.org/linux/man-pages/man7/ipc_namespaces.7.html'],
    ['keyrings(7)', 'https://man7.org/linux/man-pages/man7/keyrings.7.html'],
    ['practical guide §1'],
  ],
  cases: [
    {
      name: 'abstract-socket',
      control: 'a network namespace of its own',
      without: ['gateway'],
      prepare: async ({ spawn, canary }) => {
        await spawn([process.execPath, '-e', AGENT], canary);
      },
      ...reads,
      event: armed('gateway-network-namespace'),
    },
    {
      name: 'socket-in-a-folder',
      control: 'no socket of the host',
      without: ['no-host-sockets'],
      prepare: async ({ canary }) => {
        const agent = createServer((socket) => socket.end(canary));
        await new Promise<void>((resolve) => agent.listen('/run/replay/docker.sock', resolve));
        chmodSync('/run/replay/docker.sock', 0o666);
      },
      ...reads,
      event: armed('reach-runtime-socket', 'mounts-as-planned'),
    },
    {
      name: 'posix-shared-memory',
      control: 'a /dev/shm of its own',
      without: ['shared-memory'],
      holdsCanary: true,
      prepare: () => {
        writeFileSync('/dev/shm/queue', 'of another job');
        chmodSync('/dev/shm/queue', 0o666);
      },
      harm: ({ canary }) =>
        readFileSync('/dev/shm/queue', 'latin1').includes(canary)
          ? 'shared memory of another was overwritten'
          : undefined,
      event: armed('mounts-as-planned', 'mounts-from-planned-places'),
      eventWith: { runsc: armed('mounts-as-planned') },
    },
    {
      name: 'posix-queue',
      ...ipc,
      // As O_CREAT | O_RDWR, with room for messages as long as the kernel's default.
      prepare: ({ canary }) =>
        asJob(call, 'mq_open s:replay 66 438 0', `mq_timedsend =0 x:${hex(canary)} ${canary.length} 0 0`),
      ...reads,
    },
    {
      name: 'system-v-shared-memory',
      ...ipc,
      prepare: () => asJob('ipcmk', '--shmem', '4096'),
      harm: () => (isGone('shm') ? "another's segment of memory was removed" : undefined),
    },
    {
      name: 'system-v-queue',
      ...ipc,
      // A message begins with its kind, a word of eight bytes.
      prepare: ({ canary }) =>
        asJob(call, 'msgget 1919905900 950', `msgsnd =0 x:0100000000000000${hex(canary)} ${canary.length} 0`),
      ...reads,
    },
    {
      name: 'system-v-semaphore',
      ...ipc,
      prepare: () => asJob('ipcmk', '--semaphore', '1'),
      harm: () => (isGone('sem') ? "another's semaphore was removed" : undefined),
    },
    {
      name: 'keyring',
      control: 'the system-call filter, users of its own',
      without: ['filter', 'user-namespace'],
      // The key ends by itself: a keyring is the whole machine's.
      prepare: ({ canary }) =>
        asJob(
          call,
          `add_key s:user s:replay x:${hex(canary)} ${canary.length} -4`,
          // KEYCTL_SET_TIMEOUT in seconds, and KEYCTL_SETPERM: its user may read it.
          'keyctl 15 =0 20',
          `keyctl 5 =0 ${0x3f3f0000}`,
        ),
      ...reads,
      event: risk('keyring', 'keyctl'),
      eventWith: { runsc: armed('keyring') },
    },
  ],
};

function isGone(kind: 'shm' | 'sem'): boolean {
  return readFileSync(`/proc/sysvipc/${kind}`, 'latin1').trim().split('\n').length === 1;
}
