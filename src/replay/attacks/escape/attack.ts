import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Attack, ReplayCase } from '../../attack.ts';
import { armed, risk } from '../../expected-event.ts';
import { handleOf } from '../../ground/file-handle.ts';
import { NO_VIEW, ROOT_OF_THE_MACHINE } from '../../ground/walls.ts';

const RUNTIME = '/run/replay/runtime';
const SHOWN = '/run/replay/shown';
const SECRET = '/run/replay/secret';

/**
 * A setting of the whole machine is opened for writing, and not written: who holds such a descriptor can. So it is the same
 * with the control and without it, and the machine is never touched.
 */
function setting(name: string, path: string, check: string, needs?: ReplayCase['needs']): ReplayCase {
  return {
    name,
    control: 'kernel settings out of reach',
    without: ['process-namespace', 'user-namespace', 'ordinary-user', 'read-only-settings'],
    during: (_scene, pids) =>
      pids.some((pid) => canWrite(pid, path)) ? `it holds ${path} open for writing` : undefined,
    notWith: NO_VIEW,
    ...(needs !== undefined && { needs }),
    event: armed(check, 'kernel-settings-read-only'),
  };
}

export const attack: Attack = {
  name: 'escape',
  title: 'Ways out of a container that were published',
  story:
    'Root in a container that is set up loosely owns the machine: it names a program that the kernel runs when one crashes, when ' +
    'a module is missing, or when a control group is empty; makes a node of the disk; opens a file of the host by a handle ' +
    'that it guessed, or by a descriptor that its runtime forgot; mounts what shows the kernel anew; or overwrites, through ' +
    '/proc, the runtime that starts it. Each is used by ready-made tools that look for the way that is open.',
  sources: [
    ['CVE-2019-5736 (runc, /proc/self/exe)', 'https://nvd.nist.gov/vuln/detail/CVE-2019-5736'],
    [
      'CVE-2024-21626 (runc, leaked descriptor)',
      'https://github.com/opencontainers/runc/security/advisories/GHSA-xr7r-f8xq-vfvv',
    ],
    ['CVE-2022-0492 (release_agent)', 'https://unit42.paloaltonetworks.com/cve-2022-0492-cgroups/'],
    ['CVE-2023-0386 (overlayfs)', 'https://securitylabs.datadoghq.com/articles/overlayfs-cve-2023-0386/'],
    ['core_pattern, core(5)', 'https://man7.org/linux/man-pages/man5/core.5.html'],
    ['open_by_handle_at(2)', 'https://man7.org/linux/man-pages/man2/open_by_handle_at.2.html'],
    ['MITRE ATT&CK T1611', 'https://attack.mitre.org/techniques/T1611/'],
    ['practical guide §1'],
  ],
  cases: [
    setting('core-pattern', '/proc/sys/kernel/core_pattern', 'write-proc-sys'),
    setting('module-helper', '/proc/sys/kernel/modprobe', 'write-proc-sys', 'modules'),
    setting('magic-keys', '/proc/sysrq-trigger', 'write-sysrq', 'magic-keys'),
    {
      name: 'kernel-command-line',
      control: 'hidden kernel files',
      without: ['hidden-kernel-files'],
      harm: ({ output }) =>
        output().includes(createHash('sha256').update(readFileSync('/proc/cmdline')).digest('hex'))
          ? 'it read what the machine was started with, where some have keys'
          : undefined,
      event: armed('kernel-files-hidden'),
      eventWith: { runsc: armed('own-kernel') },
    },
    {
      name: 'release-agent',
      control: 'users of its own, no capabilities, the filter',
      without: ['cgroup-namespace', ...ROOT_OF_THE_MACHINE],
      holdsCanary: true,
      during: ({ canary }, pids) =>
        pids.some((pid) => contentOf(`/proc/${pid}/root/tmp/groups/release_agent`).includes(canary))
          ? 'the kernel would run a program of the job'
          : undefined,
      notWith: NO_VIEW,
      event: risk('mount', 'mount'),
    },
    {
      name: 'processes-anew',
      control: 'no mounts, no capabilities, the filter',
      without: ROOT_OF_THE_MACHINE,
      during: (_scene, pids) =>
        pids.some((pid) => mountsOf(pid).some((mount) => mount.includes(' /tmp/anew ')))
          ? 'what hides files of the kernel is gone in a /proc of its own'
          : undefined,
      notWith: NO_VIEW,
      event: risk('mount', 'mount'),
    },
    {
      name: 'overlay-in-own-namespace',
      control: 'the system-call filter',
      without: ['filter'],
      during: (_scene, pids) =>
        pids.some((pid) => mountsOf(pid).some((mount) => / \/tmp\/merged .* overlay /.test(mount)))
          ? 'it mounted an overlay, as exploits of the kernel do'
          : undefined,
      notWith: NO_VIEW,
      event: risk('namespace', 'unshare'),
    },
    {
      name: 'device-node',
      control: 'users of its own, no capabilities, rules for devices',
      without: ['user-namespace', 'ordinary-user', 'no-capabilities', 'device-rules'],
      during: (_scene, pids) =>
        pids.some((pid) => isBlockDevice(`/proc/${pid}/root/tmp/disk`))
          ? 'a node of a disk was made'
          : undefined,
      notWith: NO_VIEW,
      event: armed('make-device', 'no-capabilities'),
    },
    {
      name: 'file-handle',
      control: 'users of its own, no capabilities, the filter',
      without: ROOT_OF_THE_MACHINE,
      shows: [{ hostPath: SHOWN, path: '/opt/replay/shown', file: true }],
      prepare: ({ canary, workFolder }) => {
        writeFileSync(SHOWN, '');
        writeFileSync(SECRET, canary, { mode: 0o600 });
        writeFileSync(join(workFolder, 'handle'), handleOf(SECRET));
      },
      harm: ({ output, canary }) => (output().includes(canary) ? 'a file of the host was read' : undefined),
      event: risk('file-handle', 'open_by_handle_at'),
      eventWith: { runsc: armed('open-by-handle') },
    },
    {
      name: 'leaked-descriptor',
      control: 'no descriptor of the host',
      without: ['closed-descriptors'],
      prepare: ({ canary }) => writeFileSync(SECRET, canary, { mode: 0o644 }),
      harm: ({ output, canary }) => (output().includes(canary) ? 'a file of the host was read' : undefined),
      event: armed('no-inherited-descriptor', 'begins-in-root'),
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
      event: armed('mounts-as-planned', 'host-root-not-mapped'),
      eventWith: { runsc: armed('mounts-as-planned', 'host-root-not-mapped-outside') },
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

function mountsOf(pid: number): readonly string[] {
  return contentOf(`/proc/${pid}/mountinfo`).split('\n');
}

function isBlockDevice(path: string): boolean {
  try {
    return statSync(path).isBlockDevice();
  } catch {
    return false;
  }
}

/** Whether a process has a descriptor of the file that was opened for writing (proc(5), `fdinfo`: flags in octal). */
function canWrite(pid: number, path: string): boolean {
  return readdirSync(`/proc/${pid}/fd`).some((descriptor) => {
    try {
      if (readlinkSync(`/proc/${pid}/fd/${descriptor}`) !== path) return false;
    } catch {
      return false;
    }
    const flags = /^flags:\s+([0-7]+)/m.exec(contentOf(`/proc/${pid}/fdinfo/${descriptor}`))?.[1];
    return flags !== undefined && Number.parseInt(flags, 8) % 4 !== 0;
  });
}
