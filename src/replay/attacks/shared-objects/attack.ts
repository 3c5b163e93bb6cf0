import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import type { Attack } from '../../attack.ts';

/** Gives a value to whoever connects, as an agent for keys does. */
const AGENT = `let held = ''; process.stdin.on('data', (chunk) => { held += chunk; });
process.stdin.on('end', () => require('node:net').createServer((s) => s.end(held)).listen('\\0replay-agent',
  () => console.log('ready')));`;

export const attack: Attack = {
  name: 'shared-objects',
  title: 'Objects of the kernel that are in no folder',
  story:
    'Memory segments, and sockets whose names are in no file system, are reached by whoever shares the namespace, whatever is ' +
    'mounted: agents of desktops and container services have been taken over through abstract sockets, and other jobs read or ' +
    'removed what is in shared memory.',
  sources: ['CVE-2020-15257 (containerd)', 'ipc_namespaces(7)', 'practical guide §1'],
  cases: [
    {
      name: 'abstract-socket',
      control: 'a network namespace of its own',
      without: ['gateway'],
      prepare: async ({ spawn, canary }) => {
        await spawn([process.execPath, '-e', AGENT], canary);
      },
      harm: ({ output, canary }) =>
        output().includes(canary) ? 'the job printed what only the agent held' : undefined,
      event: {
        name: 'process.started',
        matches: (event) => event.type === 'process.started' && event.argv.includes('abstract-socket'),
      },
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
      event: {
        name: 'process.started',
        matches: (event) => event.type === 'process.started' && event.argv.includes('posix-shared-memory'),
      },
    },
    {
      name: 'system-v-shared-memory',
      control: 'shared memory and users of its own',
      without: ['ipc-namespace', 'user-namespace'],
      prepare: () => {
        execFileSync('setpriv', [
          '--reuid',
          '1001',
          '--regid',
          '1001',
          '--clear-groups',
          'ipcmk',
          '--shmem',
          '4096',
        ]);
      },
      harm: () =>
        readFileSync('/proc/sysvipc/shm', 'latin1').trim().split('\n').length === 1
          ? "another's segment of memory was removed"
          : undefined,
      event: {
        name: 'process.started',
        matches: (event) => event.type === 'process.started' && event.argv.includes('ipcrm'),
      },
    },
  ],
};
