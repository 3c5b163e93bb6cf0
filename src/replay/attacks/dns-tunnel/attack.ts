import { writeFileSync } from 'node:fs';
import type { Attack, ReplayCase } from '../../attack.ts';
import { event, type ExpectedEvent, notAsked } from '../../expected-event.ts';
import type { Scene } from '../../ground/scene.ts';

const QUESTIONS = 'the gateway: questions for names not on the allowlist';

function way(
  name: string,
  control: string,
  expected: ExpectedEvent,
  harm: (scene: Scene) => unknown = arrived,
): ReplayCase {
  return {
    name,
    control,
    without: ['gateway'],
    holdsCanary: true,
    harm: (scene) => (harm(scene) ? 'the secret arrived in DNS questions' : undefined),
    event: expected,
    allow: ['registry.test'],
    addresses: { 'registry.test': ['203.0.113.9'] },
  };
}

function arrived({ sink, canary }: Scene): unknown {
  return sink.got(canary, ({ port }) => port === 53);
}

/** Each question had one letter of it, after a number that says where it belongs. */
function arrivedByLetters({ sink, canary }: Scene): boolean {
  const letters = sink.arrivals.flatMap(({ protocol, bytes }) => {
    const found = protocol === 'dns' ? /^(\d{1,3})-([a-z0-9])\.exfil\.test\n/.exec(bytes) : null;
    return found === null ? [] : [found];
  });
  return [...canary].every((letter, at) =>
    letters.some(([, place, sent]) => place === `${at}` && sent === letter),
  );
}

const holding = (queryType: string): ExpectedEvent =>
  notAsked((seen, canary) => seen.queryType === queryType && seen.name.replaceAll('.', '').includes(canary));

/** The question itself is one that is allowed, and is answered by the gateway itself. */
const ANSWERED_HERE = event('dns.question', 'allowed, and asked of nobody', ({ verdict, name }) => {
  return verdict === 'allowed' && name === 'registry.test';
});

export const attack: Attack = {
  name: 'dns-tunnel',
  title: 'A secret in DNS questions',
  story:
    'A machine whose connections are filtered still resolves names, and each question travels to a name server of the ' +
    'attacker: the secret is cut into labels of a name below a zone that the attacker serves, in whatever type of question, or ' +
    'put where a filter of names does not look. Used by the dependency confusion research of 2021 and by many malicious ' +
    'packages since, as it passes most firewalls.',
  sources: [
    ['dependency confusion, 2021', 'https://medium.com/@alex.birsan/dependency-confusion-4a5d60fec610'],
    ['MITRE ATT&CK T1048.003', 'https://attack.mitre.org/techniques/T1048/003/'],
    ['MITRE ATT&CK T1071.004', 'https://attack.mitre.org/techniques/T1071/004/'],
    ['practical guide §4'],
  ],
  cases: [
    way('A', QUESTIONS, holding('A')),
    way('TXT', QUESTIONS, holding('TXT')),
    way('NULL', QUESTIONS, holding('TYPE10')),
    way('long-labels', QUESTIONS, holding('AAAA')),
    way('over-tcp', QUESTIONS, holding('A')),
    way(
      'many-questions',
      QUESTIONS,
      notAsked(({ name }) => name.endsWith('.exfil.test')),
      arrivedByLetters,
    ),
    {
      name: 'below-a-wildcard',
      control: 'the gateway: names below a wildcard that carry data',
      without: ['gateway'],
      holdsCanary: true,
      allow: ['*.cdn.test'],
      prepare: () => writeFileSync('/etc/resolv.conf', 'nameserver 127.0.0.1\n'),
      harm: (scene) => (arrived(scene) ? 'the secret arrived in DNS questions' : undefined),
      event: event('dns.question', 'denied: limit', ({ verdict, reason, name }) => {
        return verdict === 'denied' && reason === 'limit' && name.endsWith('.cdn.test');
      }),
    },
    way('beside-the-question', 'the gateway: it asks nobody what a job asks it', ANSWERED_HERE),
    way(
      'two-in-one',
      'the gateway: a message that is no single question gets no answer',
      event('policy.armed', 'gateway', ({ control }) => control === 'gateway'),
    ),
  ],
};
