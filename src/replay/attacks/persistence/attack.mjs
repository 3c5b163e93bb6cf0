// Plants something that tools of the next job obey; as that job, uses those tools.
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';

const [, , way, role] = process.argv;
const run = `ran-${process.env.CANARY}`;
const ways = {
  workspace: () => appendFileSync('build.sh', `echo ${run}\n`),
  'shell-configuration': () => appendFileSync('/home/runner/.bash_profile', `echo ${run}\n`),
  'git-configuration': () => {
    writeFileSync('/home/runner/planted.sh', `echo ${run} >&2\n`);
    writeFileSync('/home/runner/.gitconfig', '[core]\n\tfsmonitor = sh /home/runner/planted.sh\n');
  },
};
const victims = {
  'shell-configuration': () => spawnSync('bash', ['--login', '-c', 'true'], { stdio: 'inherit' }),
  'git-configuration': () => {
    mkdirSync('/tmp/own');
    spawnSync('git', ['-C', '/tmp/own', 'init', '-q'], { stdio: 'inherit' });
    spawnSync('git', ['-C', '/tmp/own', 'status', '-s'], { stdio: 'inherit' });
  },
};
(role === 'victim' ? victims : ways)[way]();
