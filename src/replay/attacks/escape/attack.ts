import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { RecordEvent } from '../../../audit/index.ts';
import type { Attack } from '../../attack.ts';

const PATTERN = '/proc/sys/kernel/core_pattern';
const STAND_IN = '/run/replay/core_pattern';
const RUNTIME = '/run/replay/runtime';

function tried(name: string): { readonly name: string; readonly matches: (event: RecordEvent) => boolean } {
  return {
    name: 'process.started',
    matches: (event) => event.type === 'process.started' && event.argv.includes(name),
  };
}

export const attack: Attack = {
  name: 'escape',
  title: 'Ways out of a container that were published',
  story:
    'Root in a container that is set up loosely owns the machine: it names a program that the kernel runs when one crashes, or ' +
    'when a control group is empty; makes a node of the disk; or overwrites, through /proc, the runtime that starts it. ' +
    'Each is used by ready-made tools that look for the way that is open.',
  sources: ['CVE-2019-5736 (runc)', 'CVE-2022-0492 (Linux)', 'MITRE ATT&CK T1611', 'practical guide §1'],
  cases: [
    {
      name: 'core-pattern',
      control: 'kernel settings out of reach',
      without: ['process-namespace', 'user-namespace', 'ordinary-user', 'read-only-settings'],
      holdsCanary: true,
      prepare: ({ side }) => {
        // The setting is the whole machine's: without its control, a file stands in for it.
        writeFileSync(STAND_IN, readFileSync(PATTERN));
        if (side === 'on') return;
        execFileSync('mount', ['--bind', STAND_IN, PATTERN]);
      },
      harm: ({ side, canary }) => {
        const path = side === 'off' ? STAND_IN : PATTERN;
        if (!readFileSync(path, 'latin1').includes(canary)) return undefined;
        if (side === 'on') writeFileSync(PATTERN, readFileSync(STAND_IN));
        return 'the kernel would run a program of the job';
      },
      event: tried('core-pattern'),
    },
    {
      name: 'release-agent',
      control: 'users of its own, no capabilities, the filter',
      without: [
        'cgroup-namespace',
        'user-namespace',
        'ordinary-user',
        'no-capabilities',
        'no-new-privileges',
        'filter',
      ],
      holdsCanary: true,
      during: ({ canary }, pids) =>
        pids.some((pid) => contentOf(`/proc/${pid}/root/tmp/groups/release_agent`).includes(canary))
          ? 'the kernel would run a program of the job'
          : undefined,
      event: tried('release-agent'),
    },
    {
      name: 'device-node',
      control: 'users of its own, no capabilities, rules for devices',
      without: ['user-namespace', 'ordinary-user', 'no-capabilities', 'device-rules'],
      during: (_scene, pids) =>
        pids.some((pid) => isBlockDevice(`/proc/${pid}/root/tmp/disk`))
          ? 'a node of a disk was made'
          : undefined,
      event: tried('device-node'),
    },
    {
      name: 'overwritten-runtime',
      control: 'programs of the host are shown read-only',
      without: ['user-namespace', 'ordinary-user', 'read-only-root'],
      holdsCanary: true,
      shows: [{ hostPath: RUNTIME, path: '/opt/replay/runtime', file: true }],
      prepare: () => {
        copyFileSync('/usr/bin/sleep', RUNTIME);
        chmodSync(RUNTIME, 0o755);
      },
      harm: ({ canary }) =>
        contentOf(RUNTIME).includes(canary) ? 'the program on the host was overwritten' : undefined,
      event: tried('overwritten-runtime'),
    },
  ],
};

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function isBlockDevice(path: string): boolean {
  try {
    return statSync(path).isBlockDevice();
  } catch {
    return false;
  }
}
