import type { RuntimeConfig } from '../../sandbox/index.ts';

type Plain<T> = T extends readonly (infer E)[]
  ? Plain<E>[]
  : T extends object
    ? { -readonly [K in keyof T]: Plain<T[K]> }
    : T;
type Config = Plain<RuntimeConfig>;

/** A wall that an off-run can lack. */
export interface Wall {
  /** As the table shows it. */
  readonly title: string;
  /** Takes it out of the runtime's configuration. */
  readonly remove?: (config: Config) => void;
}

const CAPABILITIES =
  `CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_ADMIN
  NET_RAW IPC_LOCK SYS_CHROOT SYS_PTRACE SYS_ADMIN MKNOD SETFCAP`
    .split(/\s+/)
    .map((name) => `CAP_${name}`);

function lacking(type: string): (config: Config) => void {
  return ({ linux }) => {
    linux.namespaces = linux.namespaces.filter((one) => one.type !== type);
  };
}

function unsized(option: 'size' | 'nr_inodes'): (config: Config) => void {
  return ({ mounts }) => {
    for (const mount of mounts)
      if (mount.type === 'tmpfs' && mount.destination !== '/dev')
        mount.options = mount.options.filter((one) => !one.startsWith(`${option}=`));
  };
}

/**
 * Every wall that can be left out, by name. Only the off-run of a replay uses this, inside of a throwaway machine; a
 * structure test holds that nothing else imports this room.
 */
export const WALLS = {
  gateway: { title: 'the gateway', remove: lacking('network') },
  'process-namespace': {
    title: 'a process namespace of its own',
    remove: (config) => {
      lacking('pid')(config);
      // The kernel lets nobody mount the processes of a namespace that is not theirs.
      for (const mount of config.mounts)
        if (mount.type === 'proc')
          Object.assign(mount, {
            type: 'bind',
            source: '/proc',
            options: ['rbind', 'nosuid', 'nodev', 'noexec'],
          });
    },
  },
  'user-namespace': {
    title: 'users of its own',
    remove: (config) => {
      lacking('user')(config);
      Reflect.deleteProperty(config.linux, 'uidMappings');
      Reflect.deleteProperty(config.linux, 'gidMappings');
    },
  },
  'ordinary-user': {
    title: 'an ordinary user',
    remove: ({ process }) => void Object.assign(process.user, { uid: 0, gid: 0 }),
  },
  'no-capabilities': {
    title: 'no capabilities',
    remove: ({ process }) => {
      for (const set of ['bounding', 'effective', 'inheritable', 'permitted', 'ambient'] as const)
        process.capabilities[set] = CAPABILITIES;
    },
  },
  'no-new-privileges': {
    title: 'no new privileges',
    remove: ({ process, linux }) => {
      process.noNewPrivileges = false;
      // Without it the runtime loads the filter first, and then needs this call.
      (linux as Partial<Config['linux']>).seccomp?.syscalls.push({
        names: ['capset'],
        action: 'SCMP_ACT_ALLOW',
      });
    },
  },
  filter: {
    title: 'the system-call filter',
    remove: ({ linux }) => void Reflect.deleteProperty(linux, 'seccomp'),
  },
  'set-user-id': {
    title: 'mounts without set-user-id programs',
    remove: ({ mounts }) => {
      for (const mount of mounts) mount.options = mount.options.filter((option) => option !== 'nosuid');
    },
  },
  'shared-memory': {
    title: 'a /dev/shm of its own',
    remove: ({ mounts }) => {
      for (const mount of mounts)
        if (mount.destination === '/dev/shm')
          Object.assign(mount, {
            type: 'bind',
            source: '/dev/shm',
            options: ['bind', 'rw', 'nosuid', 'nodev'],
          });
    },
  },
  'cgroup-namespace': { title: 'control groups of its own', remove: lacking('cgroup') },
  'name-namespace': {
    title: 'a host name of its own',
    remove: (config) => {
      lacking('uts')(config);
      Reflect.deleteProperty(config, 'hostname');
    },
  },
  'no-environment': {
    title: 'no variable of the host',
    remove: ({ process }) => void process.env.push('TOKEN=passed-on'),
  },
  'begins-in-root': {
    title: 'a beginning in /',
    remove: ({ process }) => void (process.cwd = '/tmp'),
  },
  'ipc-namespace': { title: 'shared memory of its own', remove: lacking('ipc') },
  'read-only-root': {
    title: 'a read-only root',
    remove: ({ root, mounts }) => {
      root.readonly = false;
      for (const mount of mounts)
        mount.options = mount.options.map((option) => (option === 'ro' ? 'rw' : option));
    },
  },
  'read-only-settings': {
    title: 'read-only kernel settings',
    remove: ({ linux }) => void (linux.readonlyPaths = []),
  },
  'hidden-kernel-files': {
    title: 'hidden kernel files',
    remove: ({ linux }) => void (linux.maskedPaths = []),
  },
  'device-rules': {
    title: 'rules for devices',
    remove: ({ linux }) => void (linux.resources.devices = [{ allow: true, access: 'rwm' }]),
  },
  'memory-limit': {
    title: 'a limit of memory',
    remove: ({ linux }) => void Reflect.deleteProperty(linux.resources, 'memory'),
  },
  'process-limit': {
    title: 'a limit of processes',
    remove: ({ linux }) => void Reflect.deleteProperty(linux.resources, 'pids'),
  },
  'cpu-limit': {
    title: 'a limit of processors',
    remove: ({ linux }) => void Reflect.deleteProperty(linux.resources, 'cpu'),
  },
  'open-file-limit': {
    title: 'a limit of open files',
    remove: ({ process }) => {
      for (const limit of process.rlimits)
        if (limit.type === 'RLIMIT_NOFILE') Object.assign(limit, { hard: 4_096, soft: 4_096 });
    },
  },
  'shared-limits': {
    title: 'limits of what waits for a user',
    remove: ({ process }) => {
      process.rlimits = process.rlimits.filter(({ type }) => !/SIGPENDING|MSGQUEUE/.test(type));
    },
  },
  'terminal-limit': {
    title: 'a limit of terminals',
    remove: ({ mounts }) => {
      for (const mount of mounts)
        if (mount.type === 'devpts')
          mount.options = mount.options.filter((option) => !option.startsWith('max='));
    },
  },
  'fresh-temporary': {
    title: 'a fresh /tmp',
    remove: ({ mounts }) => {
      for (const mount of mounts)
        if (mount.destination === '/tmp')
          Object.assign(mount, { type: 'bind', source: '/run/replay/tmp', options: ['bind', 'rw'] });
    },
  },
  'own-terminals': {
    title: 'terminals of its own',
    remove: ({ mounts }) => {
      for (const mount of mounts)
        if (mount.destination === '/dev/pts')
          Object.assign(mount, { type: 'bind', source: '/dev/pts', options: ['bind', 'rw'] });
    },
  },
  'size-limit': { title: 'a limit of bytes', remove: unsized('size') },
  'inode-limit': { title: 'a limit of files', remove: unsized('nr_inodes') },
  // What is not in the configuration: the off-run leaves it undone.
  'no-host-sockets': { title: 'no socket of the host' },
  'closed-descriptors': { title: 'no descriptor of the host' },
  telemetry: { title: 'telemetry' },
  'namespace-limits': { title: 'limits of its user namespace' },
  'socket-limit': { title: 'a limit of what sockets hold' },
  landlock: { title: 'Landlock' },
  'log-limit': { title: 'a limit of log bytes' },
  withholding: { title: 'secrets withheld from forks' },
  'command-rules': { title: 'rules for what a step may leave to the next' },
  'visible-output': { title: 'control characters made visible' },
  'guarded-record': { title: 'a record that no mask of a job touches' },
  'guarded-applying': { title: 'rules for what is applied' },
  'guarded-reading': { title: 'a guarded git' },
  'time-limit': { title: 'a time limit' },
  ending: { title: 'an end of all processes with the job' },
  'fresh-workspace': { title: 'a fresh copy of the folder' },
  'fresh-home': { title: 'a fresh home' },
  masking: { title: 'masking' },
  'narrowed-entries': { title: 'methods, paths and bytes of an allowed host' },
  'own-tools': { title: 'tools of ours that get nothing of the job' },
} as const satisfies Readonly<Record<string, Wall>>;

export type WallName = keyof typeof WALLS;

/** What a job lacks that is root as the machine's own is: it may mount, make nodes, and change the network. */
export const ROOT_OF_THE_MACHINE: readonly WallName[] = [
  'user-namespace',
  'ordinary-user',
  'no-capabilities',
  'no-new-privileges',
  'filter',
];

/** For cases that are judged by what a job does with its kernel, where that is a process of its own. */
export const NO_VIEW = {
  runsc:
    'what a job does to the kernel of gVisor, which is a process without rights, is not seen from outside and changes nothing there',
  qemu: 'what a job does to the kernel of its guest is not seen from outside of the machine, and changes nothing of the kernel there',
} as const;

/** The configuration without the walls that are named. */
export function lackingWalls(config: RuntimeConfig, without: readonly WallName[]): RuntimeConfig {
  const weaker = structuredClone(config) as Config;
  for (const name of without) {
    const wall: Wall = WALLS[name];
    wall.remove?.(weaker);
  }
  return weaker;
}
