import type { Attack, ReplayCase } from '../../attack.ts';
import { denied, event } from '../../expected-event.ts';

const LINK = '169.254.169.254';

function way(
  name: string,
  control: string,
  expected: ReplayCase['event'],
  more: Partial<ReplayCase> = {},
): ReplayCase {
  return {
    name,
    control,
    without: ['gateway'],
    harm: ({ output, canary }) =>
      output().includes(canary) ? 'the job printed the credentials of the machine' : undefined,
    event: expected,
    ...more,
    ...serving(more.prepare),
  };
}

/**
 * A metadata service that gives a role's credentials to whoever asks, at the addresses of such services and no other, and names
 * that lead there.
 */
function serving(prepare: ReplayCase['prepare']): Pick<ReplayCase, 'prepare'> {
  return {
    prepare: async (scene) => {
      scene.sink.addressOf = () => LINK;
      scene.sink.answer = (path, address) =>
        path.startsWith('/latest/') && [LINK, 'fd00:ec2::254', '169.254.170.2'].includes(address)
          ? scene.canary
          : '';
      await prepare?.(scene);
    },
  };
}

const ADDRESSES = 'the gateway: addresses that are not to be reached';
const REGISTRY: Partial<ReplayCase> = { allow: ['registry.test:80'] };

export const attack: Attack = {
  name: 'metadata-service',
  title: "The machine's credentials from its metadata service",
  story:
    'A machine in a cloud can ask an address of its own link for the credentials of its role, and so can every job on it. ' +
    'Whoever runs code there takes them, directly or through a name that resolves to that address, and is then the machine: ' +
    'so were the records of Capital One taken in 2019.',
  sources: [
    ['Capital One, 2019', 'https://krebsonsecurity.com/2019/08/what-we-can-learn-from-the-capital-one-hack/'],
    ['MITRE ATT&CK T1552.005', 'https://attack.mitre.org/techniques/T1552/005/'],
    ['practical guide §1, §4'],
  ],
  cases: [
    way(
      'ipv4',
      ADDRESSES,
      denied(LINK, ({ address }) => address === LINK),
    ),
    way(
      'ipv6',
      ADDRESSES,
      denied('fd00:ec2::254', ({ address }) => address === 'fd00:ec2::254'),
    ),
    way(
      'ipv4-as-ipv6',
      ADDRESSES,
      denied(LINK, ({ address }) => address.endsWith(LINK)),
    ),
    way(
      'container-credentials',
      ADDRESSES,
      denied('169.254.170.2', ({ address }) => address === '169.254.170.2'),
    ),
    way(
      'by-allowed-name',
      'the gateway: an allowed name that leads there',
      denied('forbidden-range', ({ reason }) => reason === 'forbidden-range'),
      { ...REGISTRY, addresses: { 'registry.test': [LINK] } },
    ),
    way(
      'by-second-address',
      'the gateway: an allowed name that leads there too',
      event('network.connection', 'to the other address', ({ verdict, dialled }) => {
        return verdict === 'allowed' && dialled === '203.0.113.9';
      }),
      { ...REGISTRY, addresses: { 'registry.test': [LINK, '203.0.113.9'] } },
    ),
    way(
      'by-redirect',
      ADDRESSES,
      denied(LINK, ({ address }) => address === LINK),
      {
        ...REGISTRY,
        addresses: { 'registry.test': ['203.0.113.9'] },
        prepare: ({ sink }) => {
          const answer = sink.answer;
          sink.addressOf = () => '203.0.113.9';
          sink.answer = (path, address) =>
            path === '/start' ? { location: `http://${LINK}/latest/` } : answer(path, address);
        },
      },
    ),
  ],
};
