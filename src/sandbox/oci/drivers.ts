import { join } from 'node:path';
import type { ContainerRuntime } from '../choose-runtime.ts';
import type { HostFacts } from '../plan/host-facts.ts';
import type { Mount, RuntimeConfig } from './runtime-spec.ts';

/** What a runtime is told when it is to start a container. */
export interface RuntimeCall {
  /** The runtime's program. */
  readonly program: string;
  /** A private folder for what it must remember. */
  readonly state: string;
  readonly bundle: string;
  readonly pidFile: string;
  readonly containerId: string;
  readonly networkNamespace: string;
  /** Where the file lies that says what a kernel of its own is to tell of its processes; absent: nothing. */
  readonly session?: string;
  /** Whether controllers are bound to cgroup v2 while others are at v1. */
  readonly hybrid: boolean;
  /** Set for an ordinary user: the control groups that were handed over, or none. */
  readonly rootlessGroups?: HostFacts['cgroup'];
}

export interface HostMount {
  readonly path: string;
  readonly destination: string;
  readonly options: readonly string[];
}

const NONE = (): readonly HostMount[] => [];

/** How one OCI runtime is used, and what of a plan its kind of wall does in another way. */
export interface Driver {
  readonly command: (call: RuntimeCall) => readonly [string, ...string[]];
  /** What it is given beside a search path. */
  readonly environment: Readonly<Record<string, string>>;
  /** The plan's configuration as this runtime takes it. `folder` is where `hostMounts` are to lie. */
  readonly config: (planned: RuntimeConfig, folder: string) => RuntimeConfig;
  /** File systems in memory that the host's kernel must hold, as the runtime's own would not keep their size. */
  readonly hostMounts: (planned: RuntimeConfig, folder: string) => readonly HostMount[];
  /** False: the control groups are made by us, and the runtime is started in them. */
  readonly makesCgroup: boolean;
  /** False: it leaves nosuid and nodev off what is bound for writing. */
  readonly hardensWritten: boolean;
  /** True: system calls are answered by a kernel of its own; the host's shows neither its processes nor its mounts. */
  readonly ownKernel: boolean;
}

const RUN = (call: RuntimeCall, descriptors: readonly string[]): readonly string[] => [
  'run',
  '--detach',
  ...descriptors,
  '--pid-file',
  call.pidFile,
  '--bundle',
  call.bundle,
  call.containerId,
];

const runc: Driver = {
  command: (call) => [call.program, '--root', call.state, ...RUN(call, ['--preserve-fds', '1'])],
  // It ends before there is anything to collect, and does one thing after another: with more threads it only waits longer.
  environment: { GOMAXPROCS: '1', GOGC: 'off' },
  config: (planned) => planned,
  hostMounts: NONE,
  makesCgroup: true,
  hardensWritten: true,
  ownKernel: false,
};

const crun: Driver = {
  command: (call) => {
    const groups =
      call.rootlessGroups === undefined
        ? []
        : [`--cgroup-manager=${call.rootlessGroups === 'none' ? 'disabled' : 'cgroupfs'}`];
    const plain = [
      call.program,
      '--root',
      call.state,
      ...groups,
      ...RUN(call, ['--preserve-fds', '1']),
    ] as const;
    // crun refuses a machine with controllers in both hierarchies; the ones that it needs are all in the first. Of a user
    // it needs none, and a user cannot take away what root mounted.
    const hidden =
      call.rootlessGroups === undefined
        ? 'umount /sys/fs/cgroup/unified && exec "$@"'
        : 'mount -t tmpfs -o size=4k,mode=555 none /sys/fs/cgroup && exec "$@"';
    return call.hybrid
      ? ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', hidden, 'sh', ...plain]
      : plain;
  },
  environment: {},
  config: (planned) => planned,
  hostMounts: NONE,
  makesCgroup: true,
  hardensWritten: false,
  ownKernel: false,
};

/**
 * gVisor: a kernel of its own in a process without rights. It uses the sockets of the network namespace that it is started
 * in, so the gateway is the way out as for any other; its filter is the plan's, held by its own kernel inside.
 */
const runsc: Driver = {
  command: (call) => [
    'nsenter',
    `--net=${call.networkNamespace}`,
    call.program,
    '--root',
    call.state,
    // Never kvm: where a machine has it and it does not work, it hangs.
    '--platform=systrap',
    '--network=host',
    '--ignore-cgroups',
    '--oci-seccomp',
    '--host-uds=none',
    '--host-fifo=none',
    '--overlay2=none',
    ...(call.session === undefined ? [] : [`--pod-init-config=${call.session}`]),
    ...RUN(call, ['--pass-fd', '3:3']),
  ],
  environment: {},
  config: (planned, folder) => ({
    ...planned,
    mounts: [
      ...planned.mounts.map((mount) => heldOutside(mount, sizedMounts(planned, folder))),
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['ro', 'nosuid', 'nodev', 'noexec'] },
    ],
    linux: {
      ...planned.linux,
      namespaces: planned.linux.namespaces.filter(({ type }) => type !== 'network' && type !== 'cgroup'),
      resources: { devices: [] },
      seccomp: answerable(planned.linux.seccomp),
      maskedPaths: [],
      readonlyPaths: [],
    },
  }),
  hostMounts: sizedMounts,
  makesCgroup: false,
  hardensWritten: true,
  ownKernel: true,
};

/**
 * gVisor answers every refused call with EPERM, and a C library that is not told ENOSYS makes no thread. So clone3(2) is
 * allowed there: a namespace that a job makes by it is one of its own kernel's, and mount(2) and its like stay refused.
 */
function answerable(seccomp: RuntimeConfig['linux']['seccomp']): RuntimeConfig['linux']['seccomp'] {
  const others = seccomp.syscalls.map((rule) => ({
    ...rule,
    names: rule.names.filter((name) => name !== 'clone3'),
  }));
  return { ...seccomp, syscalls: [...others, { names: ['clone3'], action: 'SCMP_ACT_ALLOW' }] };
}

/** gVisor's file system in memory has no bound on its files, so each of ours is one of the host's, which has. */
function sizedMounts(planned: RuntimeConfig, folder: string): readonly HostMount[] {
  const ours = planned.mounts.filter(({ type, destination }) => type === 'tmpfs' && destination !== '/dev');
  return ours.map(({ destination, options }, at) => ({
    destination,
    options,
    path: join(folder, String(at)),
  }));
}

function heldOutside(mount: Mount, held: readonly HostMount[]): Mount {
  const there = held.find(({ destination }) => destination === mount.destination && mount.type === 'tmpfs');
  if (there === undefined) return mount;
  const options = mount.options.filter((option) => /^no[a-z]+$/u.test(option));
  return { ...mount, type: 'bind', source: there.path, options: ['bind', 'rw', ...options] };
}

export const DRIVERS: Readonly<Record<ContainerRuntime['name'], Driver>> = { runc, crun, runsc };
