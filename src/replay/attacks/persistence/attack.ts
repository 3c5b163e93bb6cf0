import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attack, ReplayCase } from '../../attack.ts';

const home: Pick<ReplayCase, 'control' | 'without' | 'jobs' | 'holdsCanary' | 'harm'> = {
  control: 'a fresh home for each job',
  without: ['fresh-home'],
  jobs: [['plant'], ['victim']],
  holdsCanary: true,
  harm: ({ output, canary }) =>
    output().includes(`ran-${canary}`) ? 'the next job ran what this one had planted' : undefined,
};

export const attack: Attack = {
  name: 'persistence',
  title: 'Code planted in one job that runs in the next',
  story:
    'What one job leaves in a home or a work folder is obeyed by the tools of the next: hooks, the settings of a shell, and ' +
    'settings of git that name a program. The next job may be one with more rights than the one that planted it.',
  sources: ['Praetorian, self-hosted runners, 2024', 'CVE-2022-24765 (git)', 'practical guide §1, §5'],
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
      event: { name: 'workspace.changed', matches: (event) => event.type === 'workspace.changed' },
    },
    {
      ...home,
      name: 'shell-configuration',
      event: { name: 'sandbox.destroyed', matches: destroyedWhole },
    },
    {
      ...home,
      name: 'git-configuration',
      event: { name: 'sandbox.destroyed', matches: destroyedWhole },
    },
  ],
};

function destroyedWhole(event: Parameters<ReplayCase['event']['matches']>[0]): boolean {
  return event.type === 'sandbox.destroyed' && event.leftBehind.length === 0;
}
