import type { Attack, ReplayCase } from '../../attack.ts';

export const attack: Attack = {
  name: 'dns-labels',
  title: 'A secret in the labels of DNS questions',
  story:
    'A machine whose connections are filtered still resolves names, and each question travels to a name server of the ' +
    'attacker: the secret is cut into labels of a name below a zone that the attacker serves. Used by the dependency ' +
    'confusion research of 2021 and by many malicious packages since, as it passes most firewalls.',
  sources: ['dependency confusion, 2021', 'MITRE ATT&CK T1048.003', 'practical guide §4'],
  cases: (['A', 'TXT'] as const).map(
    (type): ReplayCase => ({
      name: type,
      control: 'the gateway: questions for names not on the allowlist',
      without: ['gateway'],
      holdsCanary: true,
      harm: ({ sink, canary }) =>
        sink.got(canary, ({ protocol }) => protocol === 'dns') && 'the secret arrived in a DNS question',
      event: {
        name: 'dns.question denied',
        matches: (event, canary) =>
          event.type === 'dns.question' &&
          event.verdict === 'denied' &&
          event.queryType === type &&
          event.name.replaceAll('.', '').includes(canary),
      },
    }),
  ),
};
