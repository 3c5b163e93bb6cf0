// Takes a part of what the machine has once for everybody, holds it for a moment, and gives it back.
import { spawnSync } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const call = (...statements) => {
  const { stdout, stderr } = spawnSync('/opt/replay/call', [...statements, 'sleep 300'], { encoding: 'utf8' });
  console.log(stdout, stderr);
};
const ways = {
  'asynchronous-requests': () => call('io_setup 10000 b:8'),
  // MFD_HUGETLB
  'huge-pages': () => call('memfd_create s:taken 4'),
  // Blocked, the signal 34 waits: once more for each time that it is sent with a value.
  'waiting-signals': () =>
    call('getpid', 'rt_sigprocmask 0 x:0000000002000000 0 8', `rt_sigqueueinfo*12000 =0 34 x:2200000000000000ffffffff${'00'.repeat(116)}`),
  // The kernel's usual queue has room for ten messages of 8 KB.
  'message-queues': () => call(...Array.from({ length: 12 }, (_, at) => `mq_open s:taken-${at} 66 438 0`)),
  'watching-instances': () => {
    const most = Number(readFileSync('/proc/sys/fs/inotify/max_user_instances', 'utf8'));
    call(`inotify_init1*${Math.ceil(most / 2)} 0`);
  },
  terminals: async () => {
    try {
      for (let count = 0; count < 600; count += 1) openSync('/dev/ptmx', 'r+');
    } catch (error) {
      console.log(error.code);
    }
    await wait(300);
  },
  'memory-of-sockets': async () => {
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.on('listening', resolve));
    const megabyte = Buffer.alloc(1_000_000);
    for (let count = 0; count < 150; count += 1) {
      const socket = connect(server.address().port, '127.0.0.1');
      socket.on('error', (error) => console.log(error.code));
      socket.write(megabyte);
      socket.write(megabyte);
    }
    await wait(1500);
    process.exit(0);
  },
};
await ways[process.argv[2]]();
