// Leaves a process behind, in a session of its own and two parents away, and ends.
import { spawn } from 'node:child_process';

const script = 'trap "" HUP TERM INT; while :; do sleep 1; done';
const child = spawn('setsid', ['sh', '-c', `(sh -c '${script}' daemon-${process.env.CANARY} &)`], {
  detached: true,
  stdio: 'ignore',
});
await new Promise((resolve) => child.on('exit', resolve));
