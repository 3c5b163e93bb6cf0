/** One virtual machine: a host of another kind than the one that the ordinary suites run on. */
export interface Boot {
  readonly name: string;
  /** What it is, for the person who reads the result. */
  readonly is: string;
  /** A series of kernels for `setup/guest-kernel.sh`; absent: the distribution's own. */
  readonly kernel?: string;
  /** Of the kernel's command line. */
  readonly parameters: readonly string[];
  readonly cgroup: 'v1' | 'v2';
  /** What is process 1 of it. */
  readonly init: 'script' | 'systemd';
  /** SELinux is enforced in it by the distribution's own policy. */
  readonly selinux?: boolean;
  /** What it says of itself (kernel, security modules, type of the control groups' file system): else it is another machine. */
  readonly proof: readonly string[];
  /** Lines of `cofferdam doctor` that must hold in it; none: it is not asked. */
  readonly holds: readonly string[];
  /** Test files and folders. */
  readonly suites: readonly string[];
  /** By which the contract of a sandbox is tried: each is slow here, and not every machine must show each. */
  readonly runtimes: readonly ('runc' | 'crun')[];
  /** Attacks to replay, as `ATTACK` or `ATTACK/CASE`, or its share of a case of each attack that there is. */
  readonly replay: readonly string[] | Share;
}

/** The `nth` (from 1) of so many machines: together they take all, as one alone would take too long to be waited for. */
export interface Share {
  readonly nth: number;
  readonly of: number;
}

const APPARMOR = ['apparmor=1', 'security=apparmor'];

const HOLDS = [
  'hardened-container',
  'gateway',
  'landlock',
  'limit memoryBytes',
  'limit cpus',
  'limit pids',
  'nothing left behind',
];

/** Of these attacks another case than the first is the one that says more of a kernel, or of a machine that is slow. */
const RATHER: readonly string[] = [
  'allowed-host/more-than-it-may-send',
  'masked-secrets/base64',
  'dns-tunnel/TXT',
  'direct-address/ipv6',
  'metadata-service/ipv4',
  'event-data-injection/branch-name',
  'persistence/shell-configuration',
  'hostile-repository/filter',
  'bombs/memory-in-files',
  'shared-counts/watching-instances',
  'control-removal/new-namespaces',
  'escape/file-handle',
  'kernel-surface/io-uring',
  'shared-objects/posix-queue',
  'silent-downgrade/no-landlock',
];

/** The lines of `cofferdam replay --list --json`; a new attack is replayed without being named here. */
export function oneOfEach(listed: readonly unknown[]): readonly string[] {
  return listed.flatMap((line) => {
    const { attack, cases = [] } = line as { attack: string; cases?: readonly { readonly name: string }[] };
    const names = cases.map((one) => `${attack}/${one.name}`);
    return names.find((name) => RATHER.includes(name)) ?? names[0] ?? [];
  });
}

/** What falls to one of the machines; neighbours in the list are often of one kind, so that each has some of the slow ones. */
export function shareOf<T>(all: readonly T[], { nth, of }: Share): readonly T[] {
  return all.filter((_, at) => at % of === nth - 1);
}

const REPLAY_MACHINES = 3;
const REPLAYS: readonly Boot[] = Array.from({ length: REPLAY_MACHINES }, (_, at) => ({
  name: `replays-${at + 1}`,
  is: `Linux 6.12, control groups v2, AppArmor: attacks, ${at + 1} of ${REPLAY_MACHINES}`,
  kernel: '6.12',
  parameters: APPARMOR,
  cgroup: 'v2',
  init: 'script',
  proof: ['6.12.', 'apparmor', 'cgroup2fs'],
  holds: [],
  suites: [],
  runtimes: ['runc'],
  replay: { nth: at + 1, of: REPLAY_MACHINES },
}));

/** Each is proven on the one machine that is for it, as a processor is emulated some thirty times slower than it is. */
export const BOOTS: readonly Boot[] = [
  {
    name: 'linux-6.1',
    is: 'Linux 6.1, control groups v2, AppArmor, no systemd',
    parameters: APPARMOR,
    cgroup: 'v2',
    init: 'script',
    proof: ['6.1.', 'apparmor', 'cgroup2fs'],
    holds: [...HOLDS, 'apparmor', 'hardened-container (crun)', 'profile debugger'],
    suites: [
      'src/sandbox/oci/open-sandbox.test.ts',
      'src/sandbox/process/confinement.test.ts',
      'src/sandbox/process/init-reach.test.ts',
      'test/vm/guest/apparmor.test.ts',
      'test/vm/guest/debugger.test.ts',
      'test/vm/guest/groups.test.ts',
      'test/vm/guest/hosts.test.ts',
    ],
    runtimes: ['runc', 'crun'],
    replay: [],
  },
  {
    name: 'systemd',
    is: 'Linux 6.1, run by systemd, control groups v2, AppArmor',
    parameters: [
      ...APPARMOR,
      'systemd.unified_cgroup_hierarchy=1',
      'systemd.unit=vm.service',
      'systemd.mask=apparmor.service',
    ],
    cgroup: 'v2',
    init: 'systemd',
    proof: ['6.1.', 'apparmor', 'cgroup2fs', 'systemd'],
    holds: [...HOLDS, 'apparmor'],
    suites: [
      'src/sandbox/oci/limits.test.ts',
      'test/vm/guest/systemd.test.ts',
      'test/vm/guest/rootless.test.ts',
      'test/vm/guest/restricted.test.ts',
    ],
    runtimes: ['runc'],
    replay: [],
  },
  {
    name: 'linux-6.12',
    is: 'Linux 6.12, control groups v2, AppArmor',
    kernel: '6.12',
    parameters: APPARMOR,
    cgroup: 'v2',
    init: 'script',
    proof: ['6.12.', 'apparmor', 'cgroup2fs'],
    holds: [],
    suites: [
      'src/sandbox/oci/open-sandbox.test.ts',
      'src/sandbox/process/confinement.test.ts',
      'test/vm/guest/apparmor.test.ts',
    ],
    runtimes: ['runc'],
    replay: [],
  },
  ...REPLAYS,
  {
    name: 'kvm',
    is: 'Linux 6.1 with a KVM that works, on a processor whose virtualisation is emulated too; memory of sockets is not counted',
    parameters: [...APPARMOR, 'cgroup.memory=nosocket'],
    cgroup: 'v2',
    init: 'script',
    proof: ['6.1.', 'apparmor', 'cgroup2fs'],
    holds: [],
    suites: ['test/vm/guest/kvm.test.ts'],
    runtimes: ['runc'],
    replay: [],
  },
  {
    name: 'v1',
    is: 'Linux 6.1, control groups v1 that do not count swap, no AppArmor',
    parameters: ['apparmor=0', 'swapaccount=0'],
    cgroup: 'v1',
    init: 'script',
    proof: ['6.1.', 'tmpfs'],
    holds: [],
    suites: ['src/sandbox/oci/open-sandbox.test.ts', 'src/sandbox/oci/limits.test.ts'],
    runtimes: ['runc'],
    replay: [],
  },
  {
    name: 'selinux',
    is: 'Linux 6.1, SELinux enforced by the distribution\u2019s policy, control groups v2',
    parameters: ['apparmor=0', 'security=selinux'],
    cgroup: 'v2',
    init: 'script',
    selinux: true,
    proof: ['6.1.', 'selinux', 'cgroup2fs'],
    holds: [],
    suites: ['test/vm/guest/selinux.test.ts'],
    runtimes: ['runc', 'crun'],
    replay: [],
  },
];
