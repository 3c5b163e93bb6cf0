import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attack, ReplayCase } from '../../attack.ts';
import { event } from '../../expected-event.ts';

/** A repository whose own settings name a program: whoever asks git about it runs that. */
function setting(name: string, lines: (script: string) => string): ReplayCase {
  return {
    name,
    control: 'a hostile repository is read by a git that runs nothing of it',
    without: ['guarded-reading'],
    workflow: {
      event: 'push',
      steps: [{ uses: 'actions/checkout@v4' }],
      afterCommit: ({ workFolder, canary }) => {
        const script = '/run/replay/of-the-repository';
        writeFileSync(script, `#!/bin/sh\ntouch /run/replay/ran-${canary}\ncat\n`, { mode: 0o755 });
        appendFileSync(join(workFolder, '.git/config'), lines(script));
        writeFileSync(join(workFolder, '.gitattributes'), '*.txt filter=planted\n');
        writeFileSync(join(workFolder, 'a.txt'), 'text');
      },
    },
    afterwards: ({ side, workFolder }) => {
      // Any tool that shows what changed asks this.
      if (side === 'off') spawnSync('git', ['-C', workFolder, '-c', 'safe.directory=*', 'add', '-A']);
    },
    harm: ({ canary }) =>
      existsSync(`/run/replay/ran-${canary}`)
        ? 'a program of the repository ran outside of every sandbox'
        : undefined,
    event: event('step.finished', 'of the checkout: success', ({ name, result }) => {
      return /checkout/i.test(name) && result === 'success';
    }),
  };
}

export const attack: Attack = {
  name: 'hostile-repository',
  title: 'A repository that runs something when it is looked at',
  story:
    'The settings in a repository name programs that git runs when it is asked what changed there: a monitor of the file ' +
    'system, a filter of file contents. A repository that comes as an archive, or lies in a folder that others may write, ' +
    'so runs code in whatever reads it: prompts of shells, editors, and tools that start jobs.',
  sources: [
    ['CVE-2022-24765 (git)', 'https://github.blog/2022-04-12-git-security-vulnerability-announced/'],
    ['git-config(1), core.fsmonitor', 'https://git-scm.com/docs/git-config'],
    ['practical guide §2'],
  ],
  cases: [
    setting('file-system-monitor', (script) => `[core]\n\tfsmonitor = ${script}\n`),
    setting('filter', (script) => `[filter "planted"]\n\tclean = ${script}\n\trequired = true\n`),
  ],
};
