// Reaches for objects of others that are in no folder.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';

const ways = {
  'abstract-socket': () => {
    const socket = connect('\0replay-agent');
    socket.on('error', (error) => console.log(error.code));
    socket.on('data', (chunk) => console.log(chunk.toString()));
  },
  'posix-shared-memory': () => {
    try {
      writeFileSync('/dev/shm/queue', process.env.CANARY);
    } catch (error) {
      console.log(error.code);
    }
  },
  'system-v-shared-memory': () => console.log(spawnSync('ipcrm', ['--all=shm'], { encoding: 'utf8' }).stderr),
};
ways[process.argv[2]]();
