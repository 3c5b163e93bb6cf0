import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Attack, ReplayCase } from '../../attack.ts';
import { event } from '../../expected-event.ts';
import { applyLatest } from '../../ground/apply-latest.ts';
import type { Scene } from '../../ground/scene.ts';
import { KEPT } from '../../ground/weakened-sandbox.ts';

const OUTSIDE = '/run/replay/outside';

/** The operator takes over what the job changed: by the product, or by hand, as a copy of all of it. */
function taken(name: string, harm: (scene: Scene) => string | undefined, path: string): ReplayCase {
  return {
    name,
    control: 'what tools obey is not applied',
    without: ['guarded-applying'],
    holdsCanary: true,
    prepare: ({ workFolder }) => {
      mkdirSync(OUTSIDE);
      writeFileSync(join(workFolder, 'README'), 'as it was');
    },
    afterwards: async ({ side, workFolder }) => {
      if (side === 'on') await applyLatest();
      else copyAll(KEPT, workFolder);
    },
    harm,
    event: event('workspace.applied', `without ${path}`, ({ refused }) =>
      refused.some((one) => one.path.startsWith(path)),
    ),
  };
}

const obeyed =
  (path: string, what: string) =>
  ({ workFolder, canary }: Scene): string | undefined =>
    existsSync(join(workFolder, path)) && readFileSync(join(workFolder, path), 'utf8').includes(canary)
      ? what
      : undefined;

export const attack: Attack = {
  name: 'applied-changes',
  title: 'Changes of a job that bite when they are taken over',
  story:
    'What an agent or a job changed is taken over by somebody who trusts it, and some of it is obeyed and not read: a hook of ' +
    'git, a workflow that sends every secret off at the next push, as the worm Shai-Hulud of 2025 wrote into each repository ' +
    'that it reached, the settings of an editor or an agent, or a link by which the copy lands elsewhere.',
  sources: [
    [
      'Shai-Hulud, 2025',
      'https://www.cisa.gov/news-events/alerts/2025/09/23/widespread-supply-chain-compromise-impacting-npm-ecosystem',
    ],
    ['MITRE ATT&CK T1546', 'https://attack.mitre.org/techniques/T1546/'],
    ['practical guide §2, §7'],
  ],
  cases: [
    taken('git-hook', obeyed('.git/hooks/post-checkout', 'a hook was put into the repository'), '.git'),
    taken('git-filter', obeyed('.git/config', 'the configuration of git was changed'), '.git'),
    taken('workflow', obeyed('.github/workflows/a.yml', 'a workflow was put into the repository'), '.github'),
    taken(
      'agent-settings',
      obeyed('.claude/settings.json', 'the settings of an agent were changed'),
      '.claude',
    ),
    taken('editor-tasks', obeyed('.vscode/tasks.json', 'a task of the editor was added'), '.vscode'),
    taken('package-manager', obeyed('.npmrc', 'the settings of a package manager were changed'), '.npmrc'),
    taken(
      'link-outwards',
      ({ canary }) =>
        readdirSync(OUTSIDE).some((name) => name.includes(canary))
          ? 'a file was written elsewhere'
          : undefined,
      'report',
    ),
  ],
};

/** Links first, then files by their path, as an unpacker does that looks at neither. */
function copyAll(from: string, to: string): void {
  const names = readdirSync(from, { recursive: true, encoding: 'utf8' });
  const isLink = (name: string): boolean => lstatSync(join(from, name)).isSymbolicLink();
  for (const name of names.filter(isLink)) symlinkSync(readlinkSync(join(from, name)), join(to, name));
  for (const name of names.filter((one) => !isLink(one) && lstatSync(join(from, one)).isFile())) {
    const path = join(to, name.replace('.replaced', ''));
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, readFileSync(join(from, name)));
  }
}
