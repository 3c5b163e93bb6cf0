import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seccompProfile } from '../seccomp/profile.ts';
import { CHECKS, CONFINEMENT_CHECKS, OUTER_CHECKS } from './receipt.ts';
import {
  type Weakening,
  list,
  allowing,
  without,
  option,
  bound,
  capabilities,
  EVERY_CAPABILITY,
  otherProcesses,
  FILTERED,
  APPARMOR,
  LANDLOCK,
  unconfined,
  UNCONFINED,
} from './weakening.fixture.ts';

const WITHOUT_APPARMOR: readonly (readonly [string, Weakening])[] = [
  [
    'no AppArmor profile',
    { weaken: ({ process }) => void Reflect.deleteProperty(process, 'apparmorProfile'), names: ['apparmor'] },
  ],
  [
    'an AppArmor profile that allows all',
    { weaken: ({ process }) => void (process.apparmorProfile = 'unconfined'), names: ['apparmor'] },
  ],
];

export const WEAKENINGS: ReadonlyMap<string, Weakening> = new Map<string, Weakening>([
  [
    'no system-call filter',
    {
      weaken: ({ linux }) => void Reflect.deleteProperty(linux, 'seccomp'),
      names: ['seccomp-filter', 'executions-are-seen'],
      perhaps: [...FILTERED, 'no-core-dumps'],
    },
  ],
  [
    'a system-call filter that refuses what is named, and allows the rest',
    {
      weaken: ({ linux }) => void Reflect.set(linux.seccomp, 'defaultAction', 'SCMP_ACT_ALLOW'),
      names: ['call-not-listed'],
      perhaps: FILTERED,
    },
  ],
  [
    'a system-call filter that allows by default',
    {
      weaken: ({ linux }) => {
        Reflect.set(linux.seccomp, 'defaultAction', 'SCMP_ACT_ALLOW');
        linux.seccomp.syscalls = linux.seccomp.syscalls.filter(
          (rule) => rule.action !== 'SCMP_ACT_NOTIFY' || rule.names.includes('execve'),
        );
      },
      names: ['user-namespace', 'open-tree', 'trace', 'call-not-listed'],
      perhaps: FILTERED,
    },
  ],
  allowing('unshare', 'user-namespace'),
  allowing('clone', 'clone-namespace'),
  allowing('clone3', 'clone3'),
  allowing('ptrace', 'trace'),
  allowing('open_tree', 'open-tree'),
  allowing('setns', 'join-namespace'),
  allowing('pidfd_getfd', 'take-descriptor'),
  allowing('process_vm_readv', 'read-other-memory'),
  allowing('perf_event_open', 'perf-events'),
  allowing('io_uring_setup', 'io-uring'),
  allowing('mmap', 'huge-pages'),
  allowing('memfd_create', 'huge-page-files'),
  allowing('keyctl', 'keyring'),
  allowing('ioctl', 'push-terminal-input'),
  allowing('clock_settime', 'set-clock'),
  ...(LANDLOCK < 2
    ? []
    : ['landlock_create_ruleset', 'landlock_add_rule', 'landlock_restrict_self'].map(unconfined)),
  ...(APPARMOR ? WITHOUT_APPARMOR : []),
  [
    'executions not shown to the telemetry',
    {
      weaken: ({ linux }) => void Object.assign(linux, { seccomp: seccompProfile(process.arch, undefined) }),
      names: ['executions-are-seen'],
      perhaps: list(`
  reach-metadata reach-address reach-address-ipv6 reach-by-datagram reach-by-datagram-ipv6
  abstract-socket-beyond-domain
`),
    },
  ],
  [
    'capabilities kept',
    {
      weaken: capabilities(['bounding', 'effective', 'inheritable', 'permitted', 'ambient']),
      names: ['no-capabilities'],
    },
  ],
  [
    'capabilities kept in the bounding set',
    { weaken: capabilities(['bounding']), names: ['no-capabilities'] },
  ],
  [
    'no_new_privs off',
    {
      weaken: ({ process, linux }) => {
        process.noNewPrivileges = false;
        // Without it the runtime loads the filter first, and then needs this call.
        linux.seccomp.syscalls.push({ names: ['capset'], action: 'SCMP_ACT_ALLOW' });
      },
      names: ['no-new-privileges'],
      perhaps: UNCONFINED,
    },
  ],
  [
    'root of its own user namespace',
    {
      weaken: ({ process }) => void Reflect.set(process, 'user', { uid: 0, gid: 0, additionalGids: [] }),
      names: ['ordinary-user', 'become-root'],
      perhaps: list(`
  write-root write-etc read-own-environment-of-init read-memory-of-init no-capabilities
`),
    },
  ],
  [
    'a further group',
    {
      weaken: ({ process }) => void Reflect.set(process.user, 'additionalGids', [0]),
      names: ['ordinary-user'],
    },
  ],
  [
    'the host\u2019s root in its user namespace',
    {
      weaken: ({ linux }) => {
        for (const map of [linux.uidMappings[0], linux.gidMappings[0]]) if (map !== undefined) map.hostID = 0;
      },
      names: ['host-root-not-mapped', 'users-as-planned'],
    },
  ],
  [
    'other ids than the planned ones, which somebody outside may have',
    {
      weaken: ({ linux }) => {
        for (const map of [linux.uidMappings.at(-1), linux.gidMappings.at(-1)])
          if (map !== undefined) map.hostID += 1;
      },
      names: ['users-as-planned'],
      // What was made for the planned ids is another's; of an ordinary user the last may be the user's own.
      perhaps: list('write-root write-etc mounts-as-planned host-root-not-mapped'),
    },
  ],
  without('user', 'private-user-namespace', 'host-root-not-mapped', 'users-as-planned', 'namespace-limits'),
  [
    'no pid namespace of its own',
    {
      weaken: (config) => {
        config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'pid');
        // The kernel lets nobody mount the processes of a namespace that is not theirs.
        otherProcesses(config);
      },
      names: ['private-process-namespace', 'own-process-namespace', 'no-other-process'],
      perhaps: ['read-own-environment-of-init', 'read-memory-of-init', 'mounts-as-planned'],
    },
  ],
  [
    'no pid namespace, and an own /proc all the same',
    { ...without('pid')[1], names: [], rule: 'sandbox/runtime-failed' },
  ],
  without('ipc', 'private-ipc-namespace'),
  without('uts', 'private-name-namespace'),
  without('cgroup', 'private-cgroup-namespace', 'own-cgroup-namespace'),
  without('network', 'gateway-network-namespace', 'only-loopback'),
  ['no mount namespace of its own', { ...without('mount')[1], rule: 'sandbox/runtime-failed' }],
  [
    'another network namespace than the gateway\u2019s',
    {
      weaken: ({ linux }) => {
        for (const one of linux.namespaces) if (one.type === 'network') Reflect.deleteProperty(one, 'path');
      },
      names: ['gateway-network-namespace'],
    },
  ],
  [
    'a root that can be written',
    {
      weaken: ({ root }) => void Reflect.set(root, 'readonly', false),
      names: ['root-read-only', 'mounts-as-planned'],
    },
  ],
  option('/usr', 'ro', 'rw'),
  option('/tmp', 'nosuid'),
  option('/tmp', 'nodev'),
  // The kernel lets nobody take from a mount what a namespace above put on it.
  [
    option('/run/cofferdam', 'noexec')[0],
    { ...option('/run/cofferdam', 'noexec')[1], names: [], rule: 'sandbox/runtime-failed' },
  ],
  option('/tmp', 'size='),
  option('/tmp', 'nr_inodes='),
  option('/home/runner', 'size=', 'size=999999999'),
  [
    'a file of the host shown that was not planned',
    {
      weaken: ({ root, mounts }) => {
        mkdirSync(join(root.path, 'mnt/x'));
        mounts.push(bound('/var/log', '/mnt/x'));
      },
      names: ['mounts-as-planned'],
    },
  ],
  [
    'a container runtime\u2019s socket shown',
    {
      weaken: ({ root }) => void writeFileSync(join(root.path, 'run/docker.sock'), ''),
      names: ['reach-runtime-socket'],
    },
  ],
  [
    'the source in the place of its copy',
    {
      weaken: ({ mounts }) => {
        for (const mount of mounts) if (mount.destination === '/work') mount.source = '/var';
      },
      names: ['mounts-from-planned-places'],
    },
  ],
  [
    'a mount left out',
    {
      weaken: (config) => {
        config.mounts = config.mounts.filter((mount) => mount.destination !== '/dev/shm');
      },
      names: ['mounts-as-planned'],
      perhaps: UNCONFINED,
    },
  ],
  [
    'mounts of the host passed on to it',
    {
      weaken: ({ linux }) => void (linux.rootfsPropagation = 'slave'),
      names: ['mounts-as-planned'],
    },
  ],
  [
    'a device of the host shown',
    {
      weaken: ({ linux }) => {
        const device = { path: '/dev/kmsg', type: 'c', major: 1, minor: 11, fileMode: 0o666, uid: 0, gid: 0 };
        Reflect.set(linux, 'devices', [device]);
      },
      names: ['mounts-as-planned'],
    },
  ],
  [
    'kernel files not hidden',
    { weaken: ({ linux }) => void (linux.maskedPaths = []), names: ['kernel-files-hidden'] },
  ],
  [
    'one kernel file not hidden',
    {
      weaken: ({ linux }) => {
        linux.maskedPaths = linux.maskedPaths.filter((path) => path !== '/proc/timer_list');
      },
      names: existsSync('/proc/timer_list') ? ['kernel-files-hidden'] : [],
    },
  ],
  [
    'kernel settings not read-only',
    { weaken: ({ linux }) => void (linux.readonlyPaths = []), names: ['kernel-settings-read-only'] },
  ],
  [
    'another\u2019s /proc',
    {
      weaken: otherProcesses,
      names: ['no-other-process'],
      perhaps: ['read-own-environment-of-init', 'read-memory-of-init', 'mounts-as-planned'],
    },
  ],
  [
    'a variable of the host',
    { weaken: ({ process }) => void process.env.push('TOKEN=secret'), names: ['no-environment'] },
  ],
  [
    'another folder to begin in',
    { weaken: ({ process }) => void (process.cwd = '/tmp'), names: ['begins-in-root'] },
  ],
  ['a descriptor of the host', { weaken: () => undefined, leak: true, names: ['no-inherited-descriptor'] }],
  [
    'a limit of open files that a job may raise',
    {
      weaken: ({ process }) => {
        for (const limit of process.rlimits) if (limit.type === 'RLIMIT_NOFILE') limit.soft = 64;
      },
      names: ['open-file-limit', 'open-files-as-planned'],
    },
  ],
  [
    'no limit of open files, and memory images',
    {
      weaken: ({ process }) => void (process.rlimits = []),
      names: ['open-files-as-planned', 'no-core-dumps'],
      perhaps: ['open-file-limit', 'shared-limits-as-planned'],
    },
  ],
  [
    'no limit of what waits for a user',
    {
      weaken: ({ process }) => {
        process.rlimits = process.rlimits.filter(({ type }) => type !== 'RLIMIT_SIGPENDING');
      },
      names: ['shared-limits-as-planned'],
    },
  ],
  option('/dev/pts', 'max='),
  [
    'no limit of memory',
    {
      weaken: ({ linux }) => void Reflect.deleteProperty(linux.resources, 'memory'),
      rule: 'sandbox/limit-not-held',
    },
  ],
  [
    'no limit of processors',
    {
      weaken: ({ linux }) => void Reflect.deleteProperty(linux.resources, 'cpu'),
      rule: 'sandbox/limit-not-held',
    },
  ],
  [
    'no limit of processes',
    {
      weaken: ({ linux }) => void Reflect.deleteProperty(linux.resources, 'pids'),
      rule: 'sandbox/limit-not-held',
    },
  ],
  [
    'another control group',
    { weaken: ({ linux }) => void (linux.cgroupsPath += '-other'), rule: 'sandbox/outside-its-cgroup' },
  ],
  [
    'no gateway: the network answers',
    {
      weaken: () => undefined,
      answers: true,
      names: list(`
  reach-metadata reach-address reach-address-ipv6 reach-by-datagram reach-by-datagram-ipv6
`),
    },
  ],
  [
    'every wall but its namespaces of mounts and processes',
    {
      weaken: (config) => {
        const { root, process, linux, mounts } = config;
        without('user')[1].weaken(config);
        for (const kind of ['network', 'cgroup']) without(kind)[1].weaken(config);
        capabilities(Object.keys(process.capabilities), EVERY_CAPABILITY)(config);
        process.user = { uid: 0, gid: 0, additionalGids: [] };
        process.noNewPrivileges = false;
        Reflect.deleteProperty(linux, 'seccomp');
        root.readonly = false;
        linux.maskedPaths = [];
        linux.readonlyPaths = [];
        // Not this machine's own.
        const usr = join(root.path, '../usr');
        mkdirSync(usr);
        for (const mount of mounts)
          if (mount.destination === '/usr') Object.assign(mount, { source: usr, options: ['bind', 'rw'] });
      },
      names: list(`
        write-root write-etc write-usr write-proc-sys make-device mount unmount change-root gain-capabilities
        raw-socket packet-socket userfaultfd
      `),
      perhaps: [...CHECKS, ...OUTER_CHECKS, ...CONFINEMENT_CHECKS, 'executions-are-seen'],
    },
  ],
]);
