import type { Attack } from '../../attack.ts';
import { event } from '../../expected-event.ts';

export const attack: Attack = {
  name: 'forged-commands',
  title: 'Commands to the runner in text that a job only prints',
  story:
    'What a job prints may hold commands to its runner. Whoever can have a line printed (the name of a test, a message of a ' +
    'commit, what a server answers) could so set variables and paths of later steps, until the runner stopped obeying those ' +
    'two in 2020. What is left can still hide: a mask that an attacker asks for covers what was done.',
  sources: [
    [
      'CVE-2020-15228 (actions/toolkit)',
      'https://github.com/actions/toolkit/security/advisories/GHSA-mfwh-5m23-j46w',
    ],
    ['practical guide §2, §8'],
  ],
  cases: [
    {
      name: 'set-variable',
      control: 'rules for what a step may leave to the next',
      without: ['command-rules'],
      workflow: {
        event: 'pull-request',
        steps: [
          { run: 'echo "::set-env name=BASH_ENV::/tmp/planted"; echo "echo it-was-obeyed" >/tmp/planted' },
          { run: 'bash -c true' },
        ],
      },
      harm: ({ output }) =>
        output().includes('it-was-obeyed\n') ? 'the next step ran what was planted' : undefined,
      event: event('command.used', 'set-env refused', ({ command, refused }) => {
        return command === 'set-env' && refused !== undefined;
      }),
    },
    {
      name: 'add-path',
      control: 'rules for what a step may leave to the next',
      without: ['command-rules'],
      workflow: {
        event: 'pull-request',
        steps: [
          {
            run: 'mkdir /tmp/first; printf "#!/bin/sh\\necho it-was-obeyed\\n" >/tmp/first/git; chmod +x /tmp/first/git; echo "::add-path::/tmp/first"',
          },
          { run: 'git --version || true' },
        ],
      },
      harm: ({ output }) =>
        output().includes('it-was-obeyed\n') ? 'the next step ran what was planted' : undefined,
      event: event('command.used', 'add-path refused', ({ command, refused }) => {
        return command === 'add-path' && refused !== undefined;
      }),
    },
    {
      name: 'mask-the-record',
      control: 'masks that a job asks for hide nothing in the record',
      without: ['guarded-record'],
      workflow: {
        event: 'pull-request',
        steps: [
          { run: 'echo "::add-mask::collect.attacker.test"; getent hosts collect.attacker.test || true' },
        ],
      },
      // A record that is made of the masked log says nothing of where the job went.
      harm: ({ side, output, kept }) => {
        const record =
          side === 'off' ? masked(output()) : kept().find(({ path }) => path.endsWith('.jsonl'))?.text;
        return record?.includes('collect.attacker.test') === true
          ? undefined
          : 'the record does not say where it went';
      },
      event: event('dns.question', 'denied', ({ name, verdict }) => {
        return name === 'collect.attacker.test' && verdict === 'denied';
      }),
    },
  ],
};

/** A log as a runner writes it that obeys each mask. */
function masked(output: string): string {
  const masks = [...output.matchAll(/^::add-mask::(.{1,200})$/gm)].map(([, mask = '']) => mask);
  return masks.reduce((text, mask) => text.replaceAll(mask, '***'), output);
}
