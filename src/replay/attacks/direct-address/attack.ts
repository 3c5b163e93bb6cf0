import type { RecordEvent } from '../../../audit/index.ts';
import type { Attack, ReplayCase } from '../../attack.ts';

function way(
  name: string,
  control: string,
  event: string,
  matches: (event: RecordEvent) => boolean,
  more: Partial<ReplayCase> = {},
): ReplayCase {
  return {
    name,
    control,
    without: ['gateway'],
    holdsCanary: true,
    harm: ({ sink, canary }) => {
      const arrival = sink.got(canary);
      return arrival && `the secret arrived by ${arrival.protocol} at port ${arrival.port}`;
    },
    event: { name: event, matches },
    ...more,
  };
}

const denied = (event: RecordEvent, port: number): boolean =>
  event.type === 'network.connection' && event.verdict === 'denied' && event.port === port;
const dropped = (event: RecordEvent, port: number): boolean =>
  event.type === 'network.refused' && event.protocol === 'udp' && event.port === port;
const REGISTRY: Partial<ReplayCase> = {
  allow: ['registry.test'],
  addresses: { 'registry.test': ['203.0.113.9'] },
};

export const attack: Attack = {
  name: 'direct-address',
  title: 'A secret sent around the check of names',
  story:
    'Where only questions for names are filtered, code goes without: to an address, over IPv6, by datagrams, through a name ' +
    'server of its own over HTTPS, or to an allowed address under another name. Each has been used against a product that ' +
    'filters the network of CI jobs.',
  sources: ['MITRE ATT&CK T1048, T1071.004, T1090.004', 'RFC 8484', 'practical guide §4'],
  cases: [
    way('ipv4', 'the gateway: addresses without a name', 'network.connection denied', (event) =>
      denied(event, 4_444),
    ),
    way('ipv6', 'the gateway: addresses without a name', 'network.connection denied', (event) =>
      denied(event, 8_443),
    ),
    way('udp', 'the gateway: datagrams', 'network.refused udp', (event) => dropped(event, 4_444)),
    way('udp-ipv6', 'the gateway: datagrams', 'network.refused udp', (event) => dropped(event, 123)),
    way('dns-over-https', 'the gateway: addresses without a name', 'network.connection denied', (event) =>
      denied(event, 443),
    ),
    way(
      'foreign-name-server',
      'the gateway: the only name server',
      'dns.question denied, or network.refused',
      (event) =>
        (event.type === 'network.refused' && event.port === 53) ||
        (event.type === 'dns.question' && event.verdict === 'denied'),
    ),
    way(
      'another-server-name',
      'the gateway: the name in TLS is the name that was asked for',
      'network.connection denied: name-mismatch',
      (event) => event.type === 'network.connection' && event.reason === 'name-mismatch',
      REGISTRY,
    ),
    way(
      'another-host-header',
      'the gateway: the name in HTTP is the name that was asked for',
      'network.connection denied: name-mismatch',
      (event) => event.type === 'network.connection' && event.reason === 'name-mismatch',
      REGISTRY,
    ),
  ],
};
