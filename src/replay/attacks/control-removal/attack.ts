import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Attack } from '../../attack.ts';
import { armed, denied, risk } from '../../expected-event.ts';
import { NO_VIEW, ROOT_OF_THE_MACHINE } from '../../ground/walls.ts';

/** A firewall as products set it up in the very machine that the job has root on. */
const FIREWALL = 'table inet replay { chain out { type filter hook output priority 0; policy drop; }; }';

export const attack: Attack = {
  name: 'control-removal',
  title: 'A job that takes its own controls away',
  story:
    'Where the job has the rights by which its controls were set up, it undoes them: it flushes the firewall, becomes root by a ' +
    'set-user-id program, asks the container service of the host for a privileged container (which is how "disable sudo" was ' +
    'evaded in harden-runner), makes namespaces in which it has every right, enters those of the host, takes away what hides ' +
    'files of the kernel, or changes the limits of who watches it.',
  sources: [
    [
      'CVE-2025-32955 (harden-runner)',
      'https://github.com/step-security/harden-runner/security/advisories/GHSA-mxr3-8whj-j74r',
    ],
    ['MITRE ATT&CK T1562.004', 'https://attack.mitre.org/techniques/T1562/004/'],
    ['MITRE ATT&CK T1611', 'https://attack.mitre.org/techniques/T1611/'],
    ['practical guide §1'],
  ],
  cases: [
    {
      name: 'firewall',
      control: 'rules of the network that the job cannot change',
      without: ['gateway', ...ROOT_OF_THE_MACHINE],
      holdsCanary: true,
      prepare: ({ side }) => {
        if (side === 'off') execFileSync('nft', [FIREWALL], { stdio: 'pipe' });
      },
      harm: ({ sink, canary }) => sink.got(canary) && 'the rules were flushed, and the secret arrived',
      event: denied('port 4444', ({ port }) => port === 4_444),
    },
    {
      name: 'routes',
      control: 'addresses and routes that the job cannot change',
      without: ['gateway', ...ROOT_OF_THE_MACHINE],
      holdsCanary: true,
      prepare: ({ side }) => {
        if (side === 'off')
          execFileSync('ip', ['route', 'add', 'blackhole', '198.51.100.0/24', 'table', 'local']);
      },
      harm: ({ sink, canary }) => sink.got(canary) && 'the route was taken away, and the secret arrived',
      event: denied('port 4444', ({ port }) => port === 4_444),
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
      notWith: NO_VIEW,
      event: armed('no-new-privileges', 'become-root', 'mounts-as-planned'),
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
      event: armed('reach-runtime-socket', 'mounts-as-planned'),
    },
    {
      name: 'new-namespaces',
      control: 'the system-call filter',
      without: ['filter'],
      during: (_scene, pids) => {
        // Its runtime begins in ours and makes the sandbox's: that is one, and another is of the job's making.
        const ours = readlinkSync('/proc/self/ns/user');
        const theirs = pids
          .map((pid) => readlinkSync(`/proc/${pid}/ns/user`))
          .filter((link) => link !== ours);
        return new Set(theirs).size > 1
          ? 'a process of the job is in a user namespace of its making'
          : undefined;
      },
      notWith: NO_VIEW,
      event: risk('namespace', 'unshare'),
    },
    {
      name: 'namespaces-of-the-host',
      control: 'processes and users of its own, no capabilities, the filter',
      without: ['process-namespace', ...ROOT_OF_THE_MACHINE],
      holdsCanary: true,
      harm: ({ canary }) =>
        existsSync(`/run/replay/escaped-${canary}`) ? 'a file was made on the host' : undefined,
      event: armed('join-namespace', 'private-process-namespace'),
    },
    {
      name: 'hidden-files-uncovered',
      control: 'no mounts, no capabilities, the filter',
      without: ROOT_OF_THE_MACHINE,
      during: (_scene, pids) =>
        pids.some((pid) => {
          if (!readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('umount2')) return false;
          const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'latin1');
          return mounts.includes(' /proc ') && !mounts.includes(' /proc/sys ');
        })
          ? 'settings of the kernel can be written'
          : undefined,
      notWith: NO_VIEW,
      event: risk('mount', 'umount2'),
    },
    {
      name: 'limits-of-process-1',
      control: 'the system-call filter',
      without: ['filter'],
      during: (_scene, pids) =>
        pids.some((pid) => /^Max open files\s+7 /m.test(readFileSync(`/proc/${pid}/limits`, 'latin1')))
          ? 'process 1 of the sandbox can open no more files'
          : undefined,
      notWith: NO_VIEW,
      event: armed('seccomp-filter'),
    },
    {
      name: 'who-ends-first',
      control: 'Landlock',
      without: ['landlock'],
      during: (_scene, pids) =>
        pids.some(
          (pid) =>
            readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('who-ends-first') &&
            readFileSync(`/proc/${pid}/oom_score_adj`, 'latin1').trim() === '0',
        )
          ? 'when memory runs out, the job does not end before process 1 of its sandbox'
          : undefined,
      needs: 'landlock',
      notWith: NO_VIEW,
      event: armed('landlock', 'write-beyond-ruleset'),
    },
  ],
};
