import { execFileSync, spawn } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Attack, ReplayCase } from '../../attack.ts';
import { armed, either, event, type ExpectedEvent, risk } from '../../expected-event.ts';
import { NO_VIEW, ROOT_OF_THE_MACHINE } from '../../ground/walls.ts';

/** What the kernel gave is seen in the descriptors of the job, under the name that the kernel has for it. */
function given(
  name: string,
  kind: string,
  call: string,
  without: ReplayCase['without'] = ['filter'],
): ReplayCase {
  return {
    name,
    control: 'the system-call filter',
    without,
    during: (_scene, pids) =>
      pids.some((pid) => descriptorsOf(pid).some((link) => link.startsWith(kind)))
        ? `the kernel gave it ${kind}`
        : undefined,
    notWith: NO_VIEW,
    event: risk('kernel-interface', call),
  };
}

/** The file is no module and no kernel: the kernel reads it, says so, and that it was read is seen in its time of access. */
function loaded(
  name: string,
  expected: ExpectedEvent,
  check: string,
  needs: 'modules' | 'kexec',
): ReplayCase {
  return {
    name,
    control: 'users of its own, no capabilities, the filter',
    without: ROOT_OF_THE_MACHINE,
    prepare: () => {
      mkdirSync('/run/replay/modules');
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'strictatime', 'replay', '/run/replay/modules']);
      writeFileSync('/run/replay/modules/none', `no module, and no kernel: ${'x'.repeat(5_000)}`);
      utimesSync('/run/replay/modules/none', 1, 1);
    },
    shows: [{ hostPath: '/run/replay/modules/none', path: '/opt/replay/none', file: true }],
    harm: () =>
      statSync('/run/replay/modules/none').atimeMs > 2_000 ? 'the kernel read it to load it' : undefined,
    needs,
    notWith: { qemu: NO_VIEW.qemu },
    event: expected,
    eventWith: { runsc: armed(check) },
  };
}

export const attack: Attack = {
  name: 'kernel-surface',
  title: 'Parts of the kernel that exploits begin with',
  story:
    'Most exploits that leave a container need a part of the kernel that builds do not: io_uring, of which six in ten of the ' +
    "exploits made use that Google's reward programme got until 2023; page faults that are held up from outside; programs for " +
    'the kernel; keyrings; packet sockets; another process traced. What is not there cannot be exploited.',
  sources: [
    [
      'Learnings from kCTF VRP, 2023',
      'https://security.googleblog.com/2023/06/learnings-from-kctf-vrps-42-linux.html',
    ],
    ['CVE-2020-14386 (packet sockets)', 'https://nvd.nist.gov/vuln/detail/CVE-2020-14386'],
    ['CVE-2024-1086 (nf_tables)', 'https://nvd.nist.gov/vuln/detail/CVE-2024-1086'],
    ['CVE-2016-0728 (keyrings)', 'https://nvd.nist.gov/vuln/detail/CVE-2016-0728'],
    ['CVE-2017-5226 (TIOCSTI)', 'https://github.com/containers/bubblewrap/issues/142'],
    ['MITRE ATT&CK T1068', 'https://attack.mitre.org/techniques/T1068/'],
    ['practical guide §1'],
  ],
  cases: [
    given('userfaultfd', 'anon_inode:[userfaultfd]', 'userfaultfd'),
    given('io-uring', 'anon_inode:[io_uring]', 'io_uring_setup'),
    given('programs-for-the-kernel', 'anon_inode:bpf-map', 'bpf', ROOT_OF_THE_MACHINE),
    given('performance-events', 'anon_inode:[perf_event]', 'perf_event_open', ROOT_OF_THE_MACHINE),
    {
      name: 'packet-socket',
      control: 'the system-call filter, no capabilities',
      without: ['gateway', ...ROOT_OF_THE_MACHINE],
      during: (_scene, pids) =>
        pids.some((pid) => readFileSync(`/proc/${pid}/net/packet`, 'latin1').trim().split('\n').length > 1)
          ? 'it has a socket that sees every packet'
          : undefined,
      notWith: { qemu: NO_VIEW.qemu },
      event: either(
        event('network.refused', 'packet', ({ family }) => family === 'packet'),
        armed('packet-socket'),
      ),
    },
    {
      name: 'traced-process',
      control: 'the system-call filter',
      without: ['filter'],
      during: (_scene, pids) =>
        pids.some((pid) => /^TracerPid:\s+[1-9]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1')))
          ? 'it traces another process'
          : undefined,
      notWith: NO_VIEW,
      event: risk('process-memory', 'ptrace'),
    },
    loaded('module', risk('kernel-module', 'finit_module'), 'load-module', 'modules'),
    loaded('another-kernel', risk('machine-control', 'kexec_file_load'), 'kexec', 'kexec'),
    {
      name: 'typing-for-the-operator',
      control: 'terminals of its own, the filter',
      without: ['own-terminals', ...ROOT_OF_THE_MACHINE],
      holdsCanary: true,
      prepare: (scene) =>
        listenAtTerminal(scene.workFolder, (typed) => {
          if (typed.includes(scene.canary)) scene.seen = "it typed into the operator's terminal";
        }),
      event: risk('terminal-input', 'ioctl'),
      eventWith: { runsc: armed('push-terminal-input') },
    },
  ],
};

function descriptorsOf(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${descriptor}`)];
    } catch {
      return [];
    }
  });
}

/** A terminal with somebody who reads what is typed there; its name stands in the work folder. */
async function listenAtTerminal(folder: string, typed: (text: string) => void): Promise<void> {
  const reader = spawn('script', ['-q', '-c', 'stty -echo; tty; cat', '/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    reader.once('exit', () => reject(new Error('script(1) ended at once')));
    reader.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
      const name = /\/dev\/pts\/\d+/.exec(said)?.[0];
      if (name === undefined) return;
      writeFileSync(join(folder, 'terminal'), name);
      typed(said);
      resolve();
    });
  });
}
