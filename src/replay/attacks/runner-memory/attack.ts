import { holds } from '../../ground/scene.ts';
import type { Attack } from '../../attack.ts';

/** Holds a value in its memory and nowhere else, as the runner's worker does with the secrets of its job. */
const RUNNER = `let held = ''; process.stdin.on('data', (chunk) => { held += chunk; });
process.stdin.on('end', () => { globalThis.held = Buffer.from('RUNNER_SECRET=' + held + ';'); console.log('ready'); });
setInterval(() => globalThis.held.length, 1000);`;

export const attack: Attack = {
  name: 'runner-memory',
  title: "Secrets read from the memory of the runner's own process",
  story:
    'The compromised action tj-actions/changed-files ran a script as root that found the process Runner.Worker, read its ' +
    'memory through /proc/PID/mem, searched it for secrets, and printed them to the log in base64, twice, past masking.',
  sources: [
    'CVE-2025-30066 (tj-actions/changed-files)',
    'CVE-2025-30154 (reviewdog)',
    'practical guide §1, §3',
  ],
  cases: [
    {
      name: 'proc-mem',
      control: 'processes and users of its own',
      without: ['process-namespace', 'user-namespace', 'ordinary-user', 'no-capabilities'],
      prepare: async ({ spawn, canary }) => {
        await spawn([process.execPath, '-e', RUNNER, 'Runner.Worker'], canary);
      },
      harm: ({ output, canary }) =>
        holds(output(), canary) ? "the job printed what only the runner's memory held" : undefined,
      event: {
        name: 'process.started',
        matches: (event) => event.type === 'process.started' && event.argv.includes('/opt/replay/attack.mjs'),
      },
    },
  ],
};
