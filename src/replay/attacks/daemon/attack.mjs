// Leaves a process behind, in a session of its own, and ends.
import { spawn } from 'node:child_process';

const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', `daemon-${process.env.CANARY}`], {
  detached: true,
  stdio: 'ignore',
});
await new Promise((resolve) => child.on('spawn', resolve));
child.unref();
