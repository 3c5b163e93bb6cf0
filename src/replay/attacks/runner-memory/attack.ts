import { writeFileSync } from 'node:fs';
import { armed } from '../../expected-event.ts';
import { holds } from '../../ground/scene.ts';
import { ROOT_OF_THE_MACHINE } from '../../ground/walls.ts';
import type { Attack, ReplayCase } from '../../attack.ts';

/** Holds a value in its memory and nowhere else, as the runner's worker does with the secrets of its job. */
const RUNNER = `let held = ''; process.stdin.on('data', (chunk) => { held += chunk; });
process.stdin.on('end', () => { globalThis.held = Buffer.from('RUNNER_SECRET=' + held + ';'); console.log('ready'); });
setInterval(() => globalThis.held.length, 1000);`;

const HELD = '/run/replay/held';
const harm: ReplayCase['harm'] = ({ output, canary }) =>
  holds(output(), canary) ? 'the job printed what only the runner held' : undefined;

export const attack: Attack = {
  name: 'runner-memory',
  title: "Secrets read from the runner's own process",
  story:
    'The compromised action tj-actions/changed-files ran a script as root that found the process Runner.Worker, read its ' +
    'memory through /proc/PID/mem, searched it for secrets, and printed them to the log in base64, twice, past masking. What ' +
    'a process was started with stands in /proc/PID/environ for the same reader, and what it has open can be taken from it.',
  sources: [
    ['CVE-2025-30066 (tj-actions/changed-files)', 'https://github.com/advisories/GHSA-mrrh-fwg8-r2c3'],
    ['CVE-2025-30154 (reviewdog/action-setup)', 'https://nvd.nist.gov/vuln/detail/CVE-2025-30154'],
    ['MITRE ATT&CK T1003.007', 'https://attack.mitre.org/techniques/T1003/007/'],
    ['pidfd_getfd(2)', 'https://man7.org/linux/man-pages/man2/pidfd_getfd.2.html'],
    ['practical guide §1, §3'],
  ],
  cases: [
    {
      name: 'taken-descriptor',
      control: 'processes and users of its own, the filter',
      without: ['process-namespace', ...ROOT_OF_THE_MACHINE],
      prepare: async ({ spawn, canary }) => {
        writeFileSync(HELD, canary, { mode: 0o600 });
        // The file has no name any more: who has no descriptor of it cannot read it.
        await spawn(['sh', '-c', 'exec 9<"$1"; rm "$1"; echo ready; exec sleep 1000', 'Runner.Worker', HELD]);
      },
      harm,
      event: armed('take-descriptor', 'private-process-namespace'),
    },
    {
      name: 'proc-mem',
      control: 'processes and users of its own',
      without: ['process-namespace', 'user-namespace', 'ordinary-user', 'no-capabilities'],
      prepare: async ({ spawn, canary }) => {
        await spawn([process.execPath, '-e', RUNNER, 'Runner.Worker'], canary);
      },
      harm,
      event: armed('private-process-namespace', 'private-user-namespace'),
    },
    {
      name: 'proc-environ',
      control: 'processes and users of its own',
      without: ['process-namespace', 'user-namespace', 'ordinary-user', 'no-capabilities'],
      prepare: async ({ spawn, canary }) => {
        await spawn([
          'env',
          `RUNNER_SECRET=${canary};`,
          process.execPath,
          '-e',
          'console.log("ready"); setInterval(() => 0, 1000)',
          'Runner.Worker',
        ]);
      },
      harm,
      event: armed('private-process-namespace', 'private-user-namespace'),
    },
  ],
};
