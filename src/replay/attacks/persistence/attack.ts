import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attack, ReplayCase } from '../../attack.ts';
import { event } from '../../expected-event.ts';

const home: Pick<ReplayCase, 'control' | 'without' | 'jobs' | 'holdsCanary' | 'harm' | 'event'> = {
  control: 'a fresh home for each job',
  without: ['fresh-home'],
  jobs: [['plant'], ['victim']],
  holdsCanary: true,
  harm: ({ output, canary }) =>
    output().includes(`ran-${canary}`) ? 'the next job ran what this one had planted' : undefined,
  event: event('sandbox.destroyed', 'nothing left', ({ leftBehind }) => leftBehind.length === 0),
};

export const attack: Attack = {
  name: 'persistence',
  title: 'Code planted in one job that runs in the next',
  story:
    'What one job leaves in a home or a work folder is obeyed by the tools of the next: hooks, the settings of a shell, and ' +
    'settings of git that name a program. The next job may be one with more rights than the one that planted it. The nx ' +
    'releases of 2025 wrote to the settings of shells of everybody who installed them.',
  sources: [
    [
      'self-hosted runners as backdoors, 2022',
      'https://www.praetorian.com/blog/self-hosted-github-runners-are-backdoors/',
    ],
    ['nx (s1ngularity), 2025', 'https://github.com/nrwl/nx/security/advisories/GHSA-cxm3-wv7p-598c'],
    ['MITRE ATT&CK T1546.004', 'https://attack.mitre.org/techniques/T1546/004/'],
    ['practical guide §1, §5'],
  ],
  cases: [
    {
      name: 'workspace',
      control: 'a copy of the work folder for each job',
      without: ['fresh-workspace'],
      holdsCanary: true,
      prepare: ({ workFolder }) => {
        writeFileSync(join(workFolder, 'build.sh'), 'true\n');
        chmodSync(join(workFolder, 'build.sh'), 0o666);
      },
      harm: ({ workFolder, canary }) =>
        readFileSync(join(workFolder, 'build.sh'), 'utf8').includes(canary)
          ? 'a script of the folder itself was changed'
          : undefined,
      event: event('workspace.changed', '', ({ modified }) => modified > 0),
    },
    {
      name: 'git-hook',
      control: 'a copy of the work folder for each job',
      without: ['fresh-workspace'],
      holdsCanary: true,
      prepare: ({ workFolder }) => {
        git(workFolder, 'init', '-q');
        chmodSync(join(workFolder, '.git/hooks'), 0o777);
      },
      // What the operator does next.
      afterwards: ({ workFolder }) => git(workFolder, 'commit', '-q', '--allow-empty', '-m', 'next'),
      harm: ({ canary }) => (existsSync(`/run/replay/ran-${canary}`) ? 'the hook ran outside' : undefined),
      event: event('workspace.changed', '', ({ added }) => added > 0),
    },
    { ...home, name: 'shell-configuration' },
    { ...home, name: 'git-configuration' },
    { ...home, name: 'search-path' },
    {
      ...home,
      name: 'shared-temporary-folder',
      control: 'a fresh /tmp for each job',
      without: ['fresh-temporary'],
    },
  ],
};

function git(folder: string, ...args: readonly string[]): void {
  const author = ['-c', 'user.name=operator', '-c', 'user.email=operator@a.test', '-c', 'safe.directory=*'];
  execFileSync('git', ['-C', folder, ...author, ...args], {
    stdio: 'pipe',
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1' },
  });
}
