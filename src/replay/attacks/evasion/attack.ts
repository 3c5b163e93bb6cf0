import type { Attack, ReplayCase } from '../../attack.ts';
import { denied, event, type ExpectedEvent } from '../../expected-event.ts';
import type { Arrival } from '../../ground/sink.ts';
import { ed25519Key } from '../../ground/ssh-answers.ts';

const REGISTRY = '203.0.113.9';

function way(
  name: string,
  control: string,
  expected: ExpectedEvent,
  more: Partial<ReplayCase> = {},
  fits: (arrival: Arrival) => boolean = () => true,
): ReplayCase {
  return {
    name,
    control,
    without: ['gateway'],
    holdsCanary: true,
    addresses: { 'registry.test': [REGISTRY] },
    harm: ({ sink, canary }) => {
      const arrival = sink.got(canary, fits);
      return (
        arrival && `the secret arrived by ${arrival.protocol} at ${arrival.address} port ${arrival.port}`
      );
    },
    event: expected,
    ...more,
  };
}

const because = (...reasons: readonly string[]): ExpectedEvent =>
  denied(reasons[0] ?? '', ({ reason = '' }) => reasons.includes(reason));

const SPELLING = 'the gateway: addresses without a name, in every spelling';

export const attack: Attack = {
  name: 'evasion',
  title: 'A secret past a filter that reads otherwise than the server',
  story:
    'A filter of names decides by what it reads, and whoever is reached may read something else: a name that only the server can ' +
    'decrypt, another host behind the one that was named (domain fronting, which HTTP/2 does with an authority of its own for ' +
    'each request), a protocol that changes after the first request, another one than the port is for, a name that leads into the ' +
    'network of the machine (rebinding), a proxy that is asked in words which only it takes for a request, a second hello that names another host than the first, a server with another key than its own, or an address that is spelled so that only a resolver takes it for one. Most filters of ' +
    'CI jobs were walked around by one of them.',
  sources: [
    ['MITRE ATT&CK T1090.004 (domain fronting)', 'https://attack.mitre.org/techniques/T1090/004/'],
    ['MITRE ATT&CK T1571 (non-standard port)', 'https://attack.mitre.org/techniques/T1571/'],
    ['RFC 9113 section 8.3.1, :authority', 'https://www.rfc-editor.org/rfc/rfc9113#section-8.3.1'],
    [
      'RFC 6943 section 3.1.1, spellings of addresses',
      'https://www.rfc-editor.org/rfc/rfc6943#section-3.1.1',
    ],
    ['RFC 8446 section 4.1.4, a second hello', 'https://www.rfc-editor.org/rfc/rfc8446#section-4.1.4'],
    ['RFC 9112 section 11.2, request smuggling', 'https://www.rfc-editor.org/rfc/rfc9112#section-11.2'],
    ['RFC 4253 section 4.1, host keys', 'https://www.rfc-editor.org/rfc/rfc4253#section-4.1'],
    ['practical guide §4'],
  ],
  cases: [
    way(
      'encrypted-hello',
      'the gateway: TLS that hides its name',
      because('encrypted-hello'),
      { allow: ['registry.test:8443'] },
      ({ port }) => port === 8_443,
    ),
    way(
      'tls-on-the-plain-port',
      'the gateway: TLS and plain text each on their port',
      because('protocol-not-allowed'),
      { allow: ['registry.test'] },
      ({ port }) => port === 80,
    ),
    way(
      'change-of-protocol',
      'the gateway: what cannot be read as requests does not pass',
      because('malformed'),
      {
        allow: ['registry.test'],
      },
    ),
    {
      ...way(
        'another-authority',
        'the gateway: a request inside of TLS names the host that was asked for',
        event('network.request', 'denied: name-mismatch', ({ verdict, reason, version }) => {
          return verdict === 'denied' && reason === 'name-mismatch' && version === '2';
        }),
        {
          allow: [{ to: 'allowed.test', methods: ['GET', 'POST'] }],
          addresses: { 'allowed.test': [REGISTRY] },
        },
      ),
      without: ['narrowed-entries'],
      allowedWithout: ['allowed.test'],
    },
    {
      ...way(
        'push-where-only-fetching',
        'the gateway: only what git fetches with, where policy says read',
        event('network.request', 'denied: request-not-allowed', ({ verdict, reason, path }) => {
          return (
            verdict === 'denied' && reason === 'request-not-allowed' && path.endsWith('/git-receive-pack')
          );
        }),
        {
          allow: [{ to: 'allowed.test', git: 'read' }],
          addresses: { 'allowed.test': [REGISTRY] },
        },
      ),
      without: ['narrowed-entries'],
      allowedWithout: ['allowed.test'],
    },
    way(
      'another-protocol-on-the-ssh-port',
      'the gateway: nothing but SSH on its port',
      because('protocol-not-allowed'),
      { allow: ['registry.test:22'] },
      ({ port }) => port === 22,
    ),
    {
      ...way(
        'wrong-ssh-host-key',
        'the gateway: SSH with no server but the one whose key the policy names',
        because('host-key'),
        {
          allow: [
            { to: 'allowed.test:22', hostKeys: [`ssh-ed25519 ${ed25519Key(0x5a).toString('base64')}`] },
          ],
          addresses: { 'allowed.test': [REGISTRY] },
        },
        ({ port }) => port === 22,
      ),
      without: ['narrowed-entries'],
      allowedWithout: ['allowed.test:22'],
    },
    way(
      'plain-text-on-the-tls-port',
      'the gateway: TLS and plain text each on their port',
      because('protocol-not-allowed'),
      { allow: ['registry.test'] },
      ({ port, protocol }) => port === 443 && protocol === 'tcp',
    ),
    way(
      'another-name-in-a-second-hello',
      'the gateway: each hello of TLS names the host that was asked for',
      because('name-mismatch'),
      { allow: ['registry.test:8443'] },
      ({ port }) => port === 8_443,
    ),
    way(
      'proxy-by-tabs',
      'the gateway: what asks to be passed on to another place does not pass',
      because('malformed'),
      { allow: ['registry.test:3128'] },
      ({ port }) => port === 3_128,
    ),
    way(
      'proxy-by-socks',
      'the gateway: what asks to be passed on to another place does not pass',
      because('protocol-not-allowed'),
      { allow: ['registry.test:3128'] },
      ({ port }) => port === 3_128,
    ),
    way(
      'request-in-a-body',
      'the gateway: what two readers could read differently does not pass',
      because('malformed'),
      { allow: ['registry.test'] },
      ({ port }) => port === 80,
    ),
    way(
      'private-address',
      'the gateway: the address is checked after the name was resolved',
      because('forbidden-range'),
      {
        allow: ['inside.test:8080'],
        addresses: { 'inside.test': ['10.0.0.7'] },
        prepare: ({ sink }) => {
          sink.addressOf = () => '10.0.0.7';
        },
      },
      ({ address }) => address === '10.0.0.7',
    ),
    way('address-in-decimal', SPELLING, because('address-without-name')),
    way('address-in-octal', SPELLING, because('address-without-name')),
    way('address-in-hexadecimal', SPELLING, because('address-without-name')),
    way('address-inside-another', SPELLING, because('address-without-name', 'forbidden-range')),
    way('address-behind-a-translation', SPELLING, because('forbidden-range')),
  ],
};
