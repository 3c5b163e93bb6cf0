import type { Attack } from '../../attack.ts';
import { notAsked } from '../../expected-event.ts';

export const attack: Attack = {
  name: 'exfiltration-https',
  title: 'A secret posted to a host of the attacker',
  story:
    'The plainest theft: code that runs in a job reads a secret and posts it by HTTPS to a host that the attacker holds. ' +
    'Done by packages that run a script when they are installed: releases of nx in 2025 looked for tokens and keys of ' +
    'whoever installed them, and left what they found where the attacker could fetch it.',
  sources: [
    ['nx (s1ngularity), 2025', 'https://github.com/nrwl/nx/security/advisories/GHSA-cxm3-wv7p-598c'],
    ['MITRE ATT&CK T1567', 'https://attack.mitre.org/techniques/T1567/'],
    ['practical guide §4'],
  ],
  cases: [
    {
      name: 'not-allowed',
      control: 'the gateway: names not on the allowlist',
      without: ['gateway'],
      holdsCanary: true,
      harm: ({ sink, canary }) => {
        const arrival = sink.got(canary, ({ protocol }) => protocol === 'tls');
        return arrival && `the secret arrived by TLS at ${arrival.address}`;
      },
      event: notAsked(({ name }) => name === 'collect.attacker.test'),
    },
  ],
};
