import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { Attack, ReplayCase } from '../../attack.ts';
import { armed, denied, either, event, type ExpectedEvent } from '../../expected-event.ts';
import type { Scene } from '../../ground/scene.ts';
import { nativeProgram } from '../../../sandbox/index.ts';

function way(
  name: string,
  control: string,
  expected: ExpectedEvent,
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
    event: expected,
    ...more,
  };
}

const ADDRESSES = 'the gateway: addresses without a name';
const DATAGRAMS = 'the gateway: datagrams';
const ONE_NAME = 'the gateway: the name that was asked for is the only one';
const at = (port: number): ExpectedEvent => denied(`port ${port}`, (seen) => seen.port === port);
const dropped = (port: number): ExpectedEvent =>
  event('network.refused', `udp ${port}`, (seen) => seen.protocol === 'udp' && seen.port === port);
const MISMATCH = denied('name-mismatch', ({ reason }) => reason === 'name-mismatch');
const MALFORMED = denied('malformed', ({ reason }) => reason === 'malformed' || reason === 'name-mismatch');
const REGISTRY: Partial<ReplayCase> = {
  allow: ['registry.test'],
  addresses: { 'registry.test': ['203.0.113.9'] },
};

/** Takes what comes by ICMP, from the moment that it says so. */
function icmp(family: 2 | 10, protocol: 1 | 58): Partial<ReplayCase> {
  let heard: ChildProcess | undefined;
  let bytes = '';
  return {
    prepare: async ({ spawn }) => {
      // Sockets that send echo requests without any right, as most distributions allow them.
      writeFileSync('/proc/sys/net/ipv4/ping_group_range', '0 2147483647');
      heard = await spawn([nativeProgram('call'), `socket ${family} 3 ${protocol}`, ...reads(20)]);
      heard.stdout?.on('data', (chunk: Buffer) => {
        bytes += chunk.toString('latin1');
      });
    },
    harm: ({ canary }: Scene) =>
      bytes.includes(canary) ? 'the secret arrived in an echo request' : undefined,
  };
}

/** The first sees answers to it, the next its own request: all are looked through. */
function reads(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => [`read =0 b:200 200`, `show ${1 + 2 * index} 0`]).flat();
}

const NO_RAW: ReplayCase['without'] = [
  'gateway',
  'user-namespace',
  'ordinary-user',
  'no-capabilities',
  'no-new-privileges',
  'filter',
];
const refused = (...families: readonly string[]): ExpectedEvent =>
  either(
    event('network.refused', families.join(' '), ({ protocol }) =>
      families.some((one) => protocol.includes(one)),
    ),
    // A kernel of its own refuses without a word.
    armed('raw-socket'),
  );

export const attack: Attack = {
  name: 'direct-address',
  title: 'A secret sent around the check of names',
  story:
    'Where only questions for names are filtered, code goes without: to an address, over IPv6, by datagrams, through a name ' +
    'server of its own over HTTPS or TLS, in the payload of a ping, or to an allowed address under another name. Each has been ' +
    'used against products that filter the network of jobs.',
  sources: [
    ['MITRE ATT&CK T1048', 'https://attack.mitre.org/techniques/T1048/'],
    ['MITRE ATT&CK T1095', 'https://attack.mitre.org/techniques/T1095/'],
    ['MITRE ATT&CK T1090.004 (domain fronting)', 'https://attack.mitre.org/techniques/T1090/004/'],
    ['RFC 8484, DNS over HTTPS', 'https://www.rfc-editor.org/rfc/rfc8484'],
    ['RFC 9112, request smuggling', 'https://www.rfc-editor.org/rfc/rfc9112#section-11.2'],
    ['practical guide §4'],
  ],
  cases: [
    way('ipv4', ADDRESSES, at(4_444)),
    way('ipv6', ADDRESSES, at(8_443)),
    way('ssh-port', ADDRESSES, at(22)),
    way('mail-port', ADDRESSES, at(25)),
    way('udp', DATAGRAMS, dropped(4_444)),
    way('udp-ipv6', DATAGRAMS, dropped(123)),
    way('quic', DATAGRAMS, dropped(443)),
    way('multicast-dns', DATAGRAMS, dropped(5_353)),
    way('dns-over-https', ADDRESSES, at(443)),
    way('dns-over-tls', ADDRESSES, at(853)),
    way(
      'foreign-name-server',
      'the gateway: the only name server',
      either(
        event('network.refused', 'udp 53', ({ port }) => port === 53),
        event('dns.question', 'denied', ({ verdict }) => verdict === 'denied'),
      ),
    ),
    way('icmp', 'no raw sockets', refused('icmp', 'raw'), { without: NO_RAW, ...icmp(2, 1) }),
    way('icmp-ipv6', 'no raw sockets', refused('icmp', 'raw'), { without: NO_RAW, ...icmp(10, 58) }),
    way('ping-socket', 'no sockets of other protocols', refused('icmp', 'raw'), {
      without: ['gateway', 'filter'],
      ...icmp(2, 1),
    }),
    way('another-server-name', ONE_NAME, MISMATCH, REGISTRY),
    way(
      'no-server-name',
      ONE_NAME,
      denied('no-server-name', ({ reason }) => reason === 'no-server-name'),
      REGISTRY,
    ),
    way('another-host-header', ONE_NAME, MISMATCH, REGISTRY),
    way('second-request', ONE_NAME, MISMATCH, REGISTRY),
    way('smuggled-request', ONE_NAME, MALFORMED, REGISTRY),
    way('tunnel-through-a-proxy', ONE_NAME, MALFORMED, {
      allow: ['registry.test:3128'],
      addresses: { 'registry.test': ['203.0.113.9'] },
    }),
    way(
      'unnamed-protocol',
      'the gateway: a protocol that names no host',
      denied('protocol-not-allowed', ({ reason }) => reason === 'protocol-not-allowed'),
      REGISTRY,
    ),
  ],
};
