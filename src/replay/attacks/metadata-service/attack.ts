import type { Attack, ReplayCase } from '../../attack.ts';

/** A metadata service that gives a role's credentials to whoever asks. */
const shared: Pick<ReplayCase, 'prepare' | 'harm'> = {
  prepare: ({ sink, canary }) => {
    sink.answer = (path) => (path.startsWith('/latest/') ? canary : '');
    sink.addressOf = () => '169.254.169.254';
  },
  harm: ({ output, canary }) =>
    output().includes(canary) ? 'the job printed the credentials of the machine' : undefined,
};

export const attack: Attack = {
  name: 'metadata-service',
  title: "The machine's credentials from its metadata service",
  story:
    'A machine in a cloud can ask an address of its own link for the credentials of its role, and so can every job on it. ' +
    'Whoever runs code there takes them, directly or through a name that resolves to that address, and is then the machine.',
  sources: ['Capital One, 2019', 'MITRE ATT&CK T1552.005', 'practical guide §1, §4'],
  cases: [
    {
      ...shared,
      name: 'ipv4',
      control: 'the gateway: addresses that are not to be reached',
      without: ['gateway'],
      event: {
        name: 'network.connection denied',
        matches: (event) =>
          event.type === 'network.connection' &&
          event.verdict === 'denied' &&
          event.address === '169.254.169.254',
      },
    },
    {
      ...shared,
      name: 'ipv6',
      control: 'the gateway: addresses that are not to be reached',
      without: ['gateway'],
      event: {
        name: 'network.connection denied',
        matches: (event) =>
          event.type === 'network.connection' &&
          event.verdict === 'denied' &&
          event.address === 'fd00:ec2::254',
      },
    },
    {
      ...shared,
      name: 'by-allowed-name',
      control: 'the gateway: an allowed name that leads there',
      without: ['gateway'],
      allow: ['registry.test:80'],
      addresses: { 'registry.test': ['169.254.169.254'] },
      event: {
        name: 'network.connection denied: forbidden-range',
        matches: (event) =>
          event.type === 'network.connection' &&
          event.verdict === 'denied' &&
          event.reason === 'forbidden-range',
      },
    },
  ],
};
