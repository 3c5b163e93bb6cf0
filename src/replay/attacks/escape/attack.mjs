// Published ways out of a container, each up to the point where the machine would be lost, and no further.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

const secret = process.env.CANARY;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const attempt = (act) => {
  try {
    return act();
  } catch (error) {
    console.log(error.code ?? error.message);
  }
};
const run = (program, ...args) => {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  console.log(program, status, stderr, stdout);
};
// It is opened, and never written: the setting is the whole machine's.
const open = async (path) => {
  attempt(() => openSync(path, 'r+'));
  attempt(() => openSync(path, 'a'));
  await wait(200);
};
const ways = {
  // What stands there may be a password of this machine: only whether it was read is told.
  'kernel-command-line': () =>
    attempt(() => console.log(createHash('sha256').update(readFileSync('/proc/cmdline')).digest('hex'))),
  'core-pattern': () => open('/proc/sys/kernel/core_pattern'),
  'module-helper': () => open('/proc/sys/kernel/modprobe'),
  'magic-keys': () => open('/proc/sysrq-trigger'),
  'release-agent': async () => {
    mkdirSync('/tmp/groups');
    run('mount', '-t', 'cgroup', '-o', `none,name=${secret}`, 'groups', '/tmp/groups');
    attempt(() => writeFileSync('/tmp/groups/release_agent', `/nonexistent/${secret}`, { flag: 'r+' }));
    await wait(400);
    run('umount', '/tmp/groups');
  },
  'processes-anew': async () => {
    mkdirSync('/tmp/anew');
    run('/opt/replay/call', 'mount s:proc s:/tmp/anew s:proc 0 0', 'sleep 300');
  },
  'overlay-in-own-namespace': () => {
    for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(`/tmp/${name}`);
    const mount = 'mount -t overlay overlay -o lowerdir=/tmp/lower,upperdir=/tmp/upper,workdir=/tmp/work /tmp/merged';
    run('unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', `${mount}; sleep 0.4`);
  },
  'device-node': async () => {
    run('mknod', '/tmp/disk', 'b', '259', '77');
    await wait(300);
  },
  'file-handle': () => {
    const handle = readFileSync('handle', 'utf8');
    run('/opt/replay/call', 'openat -100 s:/opt/replay/shown 0', `open_by_handle_at =0 x:${handle} 0`, 'read =1 b:64 64', 'show 2 0');
  },
  'leaked-descriptor': () => {
    for (const descriptor of readdirSync('/proc/self/fd').filter((name) => name > 2))
      for (const way of ['', '..', '../..', '../../..'])
        attempt(() => console.log(readFileSync(`/proc/self/fd/${descriptor}/${way}/run/replay/secret`, 'utf8')));
  },
  'overwritten-runtime': async () => {
    const child = spawn('/opt/replay/runtime', ['0.2']);
    await wait(50);
    const held = attempt(() => openSync(`/proc/${child.pid}/exe`, 'r')) ?? -1;
    await new Promise((resolve) => child.on('exit', resolve));
    attempt(() => writeFileSync(`/proc/self/fd/${held}`, `#!/bin/sh\necho ${secret}\n`));
  },
};
await ways[process.argv[2]]();
