import type { Attack } from '../../attack.ts';

export const attack: Attack = {
  name: 'exfiltration-https',
  title: 'A secret posted to a host of the attacker',
  story:
    'The plainest theft: code that runs in a job reads a secret and posts it by HTTPS to a host that the attacker holds. ' +
    'Done by the replaced bash uploader of Codecov, which sent the environment of every job to one address for two months, ' +
    'and by packages that run a script when they are installed.',
  sources: ['Codecov bash uploader, 2021', 'ua-parser-js, 2021', 'practical guide §4'],
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
      event: {
        name: 'dns.question denied',
        matches: (event) =>
          event.type === 'dns.question' &&
          event.verdict === 'denied' &&
          event.name === 'collect.attacker.test',
      },
    },
  ],
};
