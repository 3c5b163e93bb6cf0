// Reaches for objects of others that are in no folder.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';

const run = (program, ...args) => {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 3000 });
  console.log(stdout, stderr);
};
const listen = (path) => {
  const socket = connect(path);
  socket.on('error', (error) => console.log(error.code));
  socket.on('data', (chunk) => console.log(chunk.toString()));
};
const CALL = '/opt/replay/call';
const ways = {
  'abstract-socket': () => listen('\0replay-agent'),
  'socket-in-a-folder': () => listen('/run/docker.sock'),
  'posix-shared-memory': () => {
    try {
      writeFileSync('/dev/shm/queue', process.env.CANARY);
    } catch (error) {
      console.log(error.code);
    }
  },
  // O_RDWR | O_NONBLOCK
  'posix-queue': () => run(CALL, 'mq_open s:replay 2050 0 0', 'mq_timedreceive =0 b:8192 8192 0 0', 'show 1 0'),
  'system-v-shared-memory': () => run('ipcrm', '--all=shm'),
  // IPC_NOWAIT
  'system-v-queue': () => run(CALL, 'msgget 1919905900 0', 'msgrcv =0 b:200 192 0 2048', 'show 1 0'),
  'system-v-semaphore': () => run('ipcrm', '--all=sem'),
  // KEYCTL_SEARCH in the user's keyring, KEYCTL_READ
  keyring: () => run(CALL, 'keyctl 10 -4 s:user s:replay 0', 'keyctl 11 =0 b:64 64', 'show 1 0'),
};
ways[process.argv[2]]();
