import type { Attack, ReplayCase } from '../../attack.ts';
import { event } from '../../expected-event.ts';

const ESCAPE = '\u001b';

function painted(name: string, run: string, sequence: string, what: string): ReplayCase {
  return {
    name,
    control: 'control characters are made visible',
    without: ['visible-output'],
    workflow: { event: 'pull-request', steps: [{ run }] },
    harm: ({ output }) => (output().includes(sequence) ? what : undefined),
    event: event('step.finished', 'success', ({ result }) => result === 'success'),
  };
}

export const attack: Attack = {
  name: 'terminal-output',
  title: 'Output that acts on the terminal of who reads it',
  story:
    'A terminal obeys sequences in what it shows: it clears or repaints what stood there, so that a failed check reads as ' +
    'passed; copies a command to the clipboard; sets its title, and in some terminals types the title back. Logs of jobs are ' +
    'shown in terminals, and kubectl, among others, showed what a cluster sent as it was.',
  sources: [
    [
      'Abusing terminal emulators with ANSI escape characters, 2023',
      'https://www.cyberark.com/resources/threat-research-blog/dont-trust-this-title-abusing-terminal-emulators-with-ansi-escape-characters',
    ],
    ['CVE-2021-25743 (kubectl)', 'https://nvd.nist.gov/vuln/detail/CVE-2021-25743'],
    ['CWE-150', 'https://cwe.mitre.org/data/definitions/150.html'],
    ['practical guide §8'],
  ],
  cases: [
    painted(
      'repainted',
      "printf 'test failed\\033[2K\\033[1A\\033[32mtest passed\\033[0m\\n'",
      `${ESCAPE}[1A`,
      'the terminal repainted what it had shown',
    ),
    painted(
      'clipboard',
      "printf '\\033]52;c;%s\\007\\n' cm0gLXJmIH4=",
      `${ESCAPE}]52`,
      'the terminal copied a command',
    ),
    painted(
      'title',
      "printf '\\033]0;all is well\\007\\n'",
      `${ESCAPE}]0;`,
      'the terminal changed its title',
    ),
    {
      ...painted(
        'in-an-annotation',
        "printf '::warning::all is well\\033[2K\\033[1A\\n'",
        `${ESCAPE}[2K`,
        'the terminal repainted what it had shown',
      ),
      event: event('annotation', 'warning', ({ message }) => message.includes('all is well')),
    },
    painted(
      'carriage-return',
      "printf 'exit 1: broken\\rall is well    \\n'",
      '\rall',
      'the line was written over',
    ),
    painted(
      'eight-bit',
      "printf 'a\\302\\23331mb\\n'",
      '\u00c2\u009b31m',
      'the terminal obeyed a control character of eight bits',
    ),
    painted(
      'name-of-a-program',
      "(exec -a $'\\033]0;owned\\007' sleep 0.1); printf '\\033]0;owned\\007\\n'",
      `${ESCAPE}]0;owned`,
      'the terminal changed its title',
    ),
  ],
};
