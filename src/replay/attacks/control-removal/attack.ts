import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { RecordEvent } from '../../../audit/index.ts';
import type { Attack } from '../../attack.ts';

/** A firewall as products set it up in the very machine that the job has root on. */
const FIREWALL = 'table inet replay { chain out { type filter hook output priority 0; policy drop; }; }';

function started(...words: readonly string[]): (event: RecordEvent) => boolean {
  return (event) => event.type === 'process.started' && words.every((word) => event.argv.includes(word));
}

export const attack: Attack = {
  name: 'control-removal',
  title: 'A job that takes its own controls away',
  story:
    'Where the job has the rights by which its controls were set up, it undoes them: it flushes the firewall, becomes root by a ' +
    'set-user-id program, asks the container service of the host for a privileged container (which is how "disable sudo" was ' +
    'evaded in harden-runner), makes namespaces in which it has every right, or enters those of the host.',
  sources: ['CVE-2025-32955 (harden-runner)', 'MITRE ATT&CK T1562.004, T1611', 'practical guide §1'],
  cases: [
    {
      name: 'firewall',
      control: 'rules of the network that the job cannot change',
      without: [
        'gateway',
        'user-namespace',
        'ordinary-user',
        'no-capabilities',
        'no-new-privileges',
        'filter',
      ],
      holdsCanary: true,
      prepare: ({ side }) => {
        if (side === 'off') execFileSync('nft', [FIREWALL], { stdio: 'pipe' });
      },
      harm: ({ sink, canary }) => sink.got(canary) && 'the rules were flushed, and the secret arrived',
      event: {
        name: 'network.connection denied',
        matches: (event) =>
          event.type === 'network.connection' && event.verdict === 'denied' && event.port === 4_444,
      },
    },
    {
      name: 'sudo',
      control: 'no new privileges, users of its own',
      without: ['no-new-privileges', 'user-namespace', 'set-user-id'],
      prepare: () => {
        copyFileSync('/usr/bin/sleep', '/usr/bin/replay-sudo');
        chmodSync('/usr/bin/replay-sudo', 0o4755);
      },
      during: (_scene, pids) => {
        const became = pids.some((pid) => {
          const ids = /^Uid:\s+(\d+)\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
          return ids !== null && ids[1] !== ids[2];
        });
        return became ? 'a process of the job became another user' : undefined;
      },
      event: { name: 'process.started', matches: started('/usr/bin/replay-sudo') },
    },
    {
      name: 'container-service',
      control: 'no socket of the host',
      without: ['no-host-sockets'],
      prepare: async (scene) => {
        const service = createServer((asked, answer) => {
          scene.seen = `the container service was asked for ${asked.url}`;
          answer.end('{}');
        });
        await new Promise<void>((resolve) => service.listen('/run/replay/docker.sock', resolve));
        chmodSync('/run/replay/docker.sock', 0o666);
      },
      event: { name: 'process.started', matches: started('/opt/replay/attack.mjs', 'container-service') },
    },
    {
      name: 'new-namespaces',
      control: 'the system-call filter',
      without: ['filter'],
      during: (_scene, pids) =>
        new Set(pids.map((pid) => readlinkSync(`/proc/${pid}/ns/user`))).size > 1
          ? 'a process of the job is in a user namespace of its making'
          : undefined,
      event: { name: 'process.started', matches: started('unshare') },
    },
    {
      name: 'namespaces-of-the-host',
      control: 'processes and users of its own, no capabilities, the filter',
      without: [
        'process-namespace',
        'user-namespace',
        'ordinary-user',
        'no-capabilities',
        'no-new-privileges',
        'filter',
      ],
      holdsCanary: true,
      harm: ({ canary }) =>
        existsSync(`/run/replay/escaped-${canary}`) ? 'a file was made on the host' : undefined,
      event: { name: 'process.started', matches: started('nsenter') },
    },
  ],
};
