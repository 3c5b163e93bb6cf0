import { FURTHER_IDS, FURTHER_IDS_COUNT, type Profile } from '../profile.ts';

const CLONE_NEWNS = 0x0002_0000;
const CLONE_NEWUTS = 0x0400_0000;
const CLONE_NEWIPC = 0x0800_0000;
const CLONE_NEWUSER = 0x1000_0000;
const CLONE_NEWPID = 0x2000_0000;

const STORAGE = '/var/lib/containers';
const SUBORDINATE = `runner:${FURTHER_IDS}:${FURTHER_IDS_COUNT}\n`;

export const profile: Profile = {
  name: 'nested-build',
  need: 'docker build and buildah: images are built inside of the sandbox, with no daemon of the host\u2019s',
  price:
    'a job can be root of a user namespace of its own with mounts in it, which opens most of the kernel\u2019s file systems to ' +
    'it; it has CAP_SETUID, CAP_SETGID and CAP_KILL over 65,538 ids that nobody has; Landlock does not hold files, since ' +
    'who is confined by it can mount nothing',
  holds:
    'the sandbox\u2019s own mounts are locked: root of an inner namespace can neither uncover nor change them; host root, and the ' +
    'sandbox\u2019s, cannot be mapped; the network namespace stays the gateway\u2019s, and none can be made; process 1 stays out of reach',
  runtimes: ['runc', 'crun', 'qemu'],
  programs: { '/usr/bin/buildah': 'buildah' },
  calls: [
    'mount',
    'umount2',
    'pivot_root',
    'chroot',
    'sethostname',
    'capset',
    'setuid',
    'setreuid',
    'setresuid',
    'setfsuid',
    'setgid',
    'setregid',
    'setresgid',
    'setfsgid',
    'setgroups',
  ],
  rules: [],
  absent: ['open_tree', 'mount_setattr', 'setns'],
  namespaces: CLONE_NEWUSER + CLONE_NEWNS + CLONE_NEWPID + CLONE_NEWIPC + CLONE_NEWUTS,
  // The third lets process 1 end what became another of these users.
  capabilities: ['CAP_KILL', 'CAP_SETGID', 'CAP_SETUID'],
  furtherIds: true,
  confinement: 'signals-and-sockets',
  files: [
    { path: '/etc/subuid', content: SUBORDINATE },
    { path: '/etc/subgid', content: SUBORDINATE },
    { path: '/etc/containers/policy.json', content: '{"default":[{"type":"insecureAcceptAnything"}]}\n' },
    {
      path: '/etc/containers/containers.conf',
      content: '[containers]\nnetns = "host"\ndns_servers = ["127.0.0.1"]\n',
    },
    { path: '/etc/containers/registries.conf', content: 'unqualified-search-registries = ["docker.io"]\n' },
  ],
  ownPrograms: 'nested-build',
  storage: STORAGE,
  lifted: ['user-namespace', 'clone-namespace', 'become-root', 'no-capabilities', 'write-beyond-ruleset'],
};
