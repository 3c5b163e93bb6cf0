// Plants something that tools of the next job obey; as that job, uses those tools.
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';

const [, , way, role] = process.argv;
const run = `ran-${process.env.CANARY}`;
const HOME = '/home/runner';
const ways = {
  workspace: () => appendFileSync('build.sh', `echo ${run}\n`),
  'git-hook': () => writeFileSync('.git/hooks/post-commit', `#!/bin/sh\ntouch /run/replay/${run}\n`, { mode: 0o755 }),
  'shell-configuration': () => appendFileSync(`${HOME}/.bash_profile`, `echo ${run}\n`),
  'git-configuration': () => {
    writeFileSync(`${HOME}/planted.sh`, `echo ${run} >&2\n`);
    writeFileSync(`${HOME}/.gitconfig`, `[core]\n\tfsmonitor = sh ${HOME}/planted.sh\n`);
  },
  'search-path': () => {
    mkdirSync(`${HOME}/.local/bin`, { recursive: true });
    writeFileSync(`${HOME}/.local/bin/make`, `#!/bin/sh\necho ${run}\n`, { mode: 0o755 });
  },
  'shared-temporary-folder': () => writeFileSync('/tmp/build-settings.sh', `echo ${run}\n`),
};
const victims = {
  'shell-configuration': () => spawnSync('bash', ['--login', '-c', 'true'], { stdio: 'inherit' }),
  'git-configuration': () => {
    mkdirSync('/tmp/own');
    spawnSync('git', ['-C', '/tmp/own', 'init', '-q'], { stdio: 'inherit' });
    spawnSync('git', ['-C', '/tmp/own', 'status', '-s'], { stdio: 'inherit' });
  },
  'search-path': () =>
    spawnSync('sh', ['-c', 'make'], {
      stdio: 'inherit',
      env: { PATH: `${HOME}/.local/bin:/usr/bin:/bin` },
    }),
  'shared-temporary-folder': () =>
    existsSync('/tmp/build-settings.sh') && spawnSync('sh', ['/tmp/build-settings.sh'], { stdio: 'inherit' }),
};
(role === 'victim' ? victims : ways)[way]();
