import type { Attack, ReplayCase } from '../../attack.ts';
import { denied, either, event, type ExpectedEvent } from '../../expected-event.ts';
import type { AllowEntry } from '../../../config/index.ts';

const HOST = 'allowed.test';

/** A request that no entry's method or path fits; without TLS the first one of a connection is told as the connection. */
const unfit = (reason: string): ExpectedEvent =>
  denied(reason, (seen) => seen.reason === reason && seen.host === HOST);
const unfitInTls = (reason: string): ExpectedEvent =>
  event('network.request', `denied: ${reason}`, (seen) => {
    return seen.verdict === 'denied' && seen.reason === reason && seen.host === HOST;
  });

/**
 * Both runs have the gateway, and the host is on the list of both: what is left out is what narrows its entry. So the case
 * is about that and not about names.
 */
function narrowed(
  name: string,
  control: string,
  entry: Exclude<AllowEntry, string>,
  expected: ExpectedEvent,
): ReplayCase {
  return {
    name,
    control,
    without: ['narrowed-entries'],
    holdsCanary: true,
    allow: [entry],
    allowedWithout: [entry.to],
    addresses: { [HOST]: ['203.0.113.9'] },
    harm: ({ sink, canary }) => {
      const arrival = sink.got(canary);
      return arrival && `the secret arrived at the allowed host by ${arrival.protocol}`;
    },
    event: expected,
  };
}

const RELEASES = { to: HOST, methods: ['GET', 'HEAD'], paths: ['/releases/**'] } as const;
const PLAIN = { ...RELEASES, to: `${HOST}:80` } as const;

/** Only bash may use it; where a runtime does not tell programs apart, none may. */
const BY_BASH = { to: `${HOST}:80`, programs: [{ run: '/usr/bin/bash' }] } as const;
const notTheProgram = denied(
  'program-not-allowed or program-not-known',
  ({ reason, host }) => host === HOST && (reason === 'program-not-allowed' || reason === 'program-not-known'),
);
const ONLY_THE_PROGRAM = 'the gateway: an entry for certain programs, as the kernel knows them';

export const attack: Attack = {
  name: 'allowed-host',
  title: 'A secret left at a host that the job may reach',
  story:
    'A host that builds need also takes data from strangers: a forge takes comments and gists, a registry takes packages, a ' +
    'public resolver takes questions by HTTPS. So no name is reached that was not allowed: the nx releases of 2025 put what they ' +
    'had found into repositories made with their victim’s own token at github.com, and others use paste pages, or another ' +
    'name behind the same content network.',
  sources: [
    ['nx (s1ngularity), 2025', 'https://github.com/nrwl/nx/security/advisories/GHSA-cxm3-wv7p-598c'],
    ['MITRE ATT&CK T1567.001 (code repository)', 'https://attack.mitre.org/techniques/T1567/001/'],
    ['MITRE ATT&CK T1102', 'https://attack.mitre.org/techniques/T1102/'],
    ['RFC 8484, DNS over HTTPS', 'https://www.rfc-editor.org/rfc/rfc8484'],
    ['practical guide §4'],
  ],
  cases: [
    narrowed('other-path', 'the gateway: paths of an allowed host', PLAIN, unfit('request-not-allowed')),
    narrowed('other-method', 'the gateway: methods of an allowed host', PLAIN, unfit('request-not-allowed')),
    narrowed(
      'other-method-by-a-header',
      'the gateway: methods of an allowed host',
      PLAIN,
      unfit('request-not-allowed'),
    ),
    narrowed(
      'second-request',
      'the gateway: every request of a connection is held against the entries',
      PLAIN,
      either(unfit('request-not-allowed'), unfitInTls('request-not-allowed')),
    ),
    narrowed(
      'path-read-in-two-ways',
      'the gateway: a path that two readers could read as two is refused',
      PLAIN,
      unfit('path-not-clear'),
    ),
    narrowed(
      'other-path-in-tls',
      'the gateway: requests inside of TLS are read and held against the entries',
      RELEASES,
      unfitInTls('request-not-allowed'),
    ),
    narrowed(
      'other-method-in-tls',
      'the gateway: requests inside of TLS are read and held against the entries',
      RELEASES,
      unfitInTls('request-not-allowed'),
    ),
    narrowed(
      'dns-over-https',
      'the gateway: requests inside of TLS are read and held against the entries',
      RELEASES,
      unfitInTls('request-not-allowed'),
    ),
    narrowed(
      'another-name-in-tls',
      'the gateway: a request inside of TLS names the host that was asked for',
      RELEASES,
      unfitInTls('name-mismatch'),
    ),
    narrowed(
      'no-request-in-tls',
      'the gateway: what cannot be read as requests does not pass',
      RELEASES,
      event(
        'network.connection',
        'denied: malformed',
        (seen) => seen.verdict === 'denied' && seen.host === HOST,
      ),
    ),
    narrowed('another-program', ONLY_THE_PROGRAM, BY_BASH, notTheProgram),
    narrowed('copied-program', ONLY_THE_PROGRAM, BY_BASH, notTheProgram),
    narrowed('preloaded-program', ONLY_THE_PROGRAM, BY_BASH, notTheProgram),
    narrowed('handed-to-the-program', ONLY_THE_PROGRAM, BY_BASH, notTheProgram),
    {
      ...narrowed(
        'more-than-it-may-send',
        'the gateway: bytes of one job to a host are counted',
        { to: `${HOST}:80`, uploadBytes: 4_000 },
        event('network.connection', 'denied: budget', ({ reason }) => reason === 'budget'),
      ),
      // A small request passes: what is bounded is how much.
      harm: ({ sink }) => {
        const bytes = sink.arrivals.reduce((sum, arrival) => sum + arrival.bytes.length, 0);
        return bytes > 20_000 ? `${bytes} bytes of the repository arrived at the allowed host` : undefined;
      },
    },
  ],
};
