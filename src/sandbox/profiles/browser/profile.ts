import type { Profile } from '../profile.ts';

const CLONE_NEWUSER = 0x1000_0000;
const CLONE_NEWPID = 0x2000_0000;
const CLONE_NEWNET = 0x4000_0000;

export const profile: Profile = {
  name: 'browser',
  need: 'Chromium with its own sandbox on: each page in a user, process and network namespace of its own',
  price:
    'a job can be root of a user namespace of its own, which opens parts of the kernel to it, the settings of a network ' +
    'namespace above all; it can write its own files in /proc, and so make itself end later when memory runs out',
  holds:
    'such a root has rights over its own namespaces only: mounts, other namespaces and everything else stay refused by the ' +
    'filter; its network has no way out at all; no id but the job\u2019s own can be mapped; process 1 stays out of reach',
  runtimes: ['runc', 'crun', 'qemu'],
  programs: {},
  calls: ['chroot', 'capset'],
  rules: [],
  absent: [],
  namespaces: CLONE_NEWUSER + CLONE_NEWPID + CLONE_NEWNET,
  capabilities: [],
  furtherIds: false,
  confinement: 'own-processes-open',
  // Debian's starter reads what is in there, and ends when nothing is.
  files: [{ path: '/etc/chromium.d/cofferdam', content: '# nothing is set here\n' }],
  lifted: ['user-namespace', 'clone-namespace', 'write-beyond-ruleset'],
};
