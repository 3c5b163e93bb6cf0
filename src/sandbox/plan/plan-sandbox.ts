import { LIMIT_KEYS } from '../../config/index.ts';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { LimitName } from '../../zone/index.ts';
import type { SandboxRequest, WeakerLimit } from '../contract.ts';
import type { IdMapping, Mount, RuntimeConfig } from '../oci/runtime-spec.ts';
import {
  FURTHER_IDS,
  FURTHER_IDS_COUNT,
  ownPrograms,
  type Profile,
  PROFILE_PROGRAMS,
  profileOf,
} from '../profiles/index.ts';
import { seccompProfile } from '../seccomp/profile.ts';
import type { HostFacts } from './host-facts.ts';
import { type HostIds, mayHave } from './host-ids.ts';
import { kvmMount, kvmRule } from './kvm-device.ts';
import { baseTree, etcFolders, type RootTree } from './root-tree.ts';

/** The job's user inside, as on GitHub's runners. */
export const JOB_UID = 1001;
export const JOB_GID = 1001;
export const EXCHANGE_PATH = '/run/cofferdam';
export const INIT_PATH = '/run/cofferdam-init';
const CPU_PERIOD_US = 100_000;
const SHARED_MEMORY_BYTES = 64 * 2 ** 20;
/** Of all terminals that the machine has at a time (`kernel.pty.max`, usually 4,096). */
const TERMINALS = 256;
/**
 * What the kernel counts for a user, and for the one who made that user's namespace: signals and timers that wait, and bytes of
 * message queues, of which the machine's own programs need their part; and nothing of what its processors give first.
 */
const SHARED_LIMITS = [
  { type: 'RLIMIT_SIGPENDING', hard: 4_096, soft: 4_096 },
  { type: 'RLIMIT_MSGQUEUE', hard: 163_840, soft: 163_840 },
  { type: 'RLIMIT_RTPRIO', hard: 0, soft: 0 },
  { type: 'RLIMIT_NICE', hard: 0, soft: 0 },
] as const;

/** Where the parts of a sandbox lie on the host, and the ids that it gets: made by the edge, taken by the plan. */
export interface SandboxPlaces {
  readonly containerId: string;
  readonly rootfs: string;
  readonly merged: string;
  readonly exchange: string;
  readonly init: string;
  readonly listenerPath?: string;
  /** KVM's device, a node of the sandbox's user alone: for a machine's monitor, and never for a job. */
  readonly kvm?: string;
  readonly ids: HostIds;
}

/** Everything that a runtime must do, decided; nothing of it is decided again when it is done. */
export interface SandboxPlan {
  readonly containerId: string;
  readonly config: RuntimeConfig;
  readonly tree: RootTree;
  readonly ids: HostIds;
  readonly hostUid: number;
  readonly hostGid: number;
  /** Empty: there is none for it. */
  readonly cgroupPath: string;
  readonly probeName: string;
  /** Where the job may write, as it sees them: what the second wall allows, whatever the mounts allow. */
  readonly writable: readonly string[];
  /** The need that it serves besides; absent: none. */
  readonly profile?: Profile;
  /** Limits that this plan has the kernel hold. */
  readonly limits: Readonly<Partial<Record<LimitName, number>>>;
  readonly limitsUnenforced: readonly LimitName[];
  /** What stands in for some of them, and holds less. */
  readonly weakerLimits: readonly WeakerLimit[];
}

/**
 * Decides a job's sandbox: pure, the same for the same input. Refused when a limit that the zone asks for cannot be held
 * on this machine and the operator has not named it as one to do without, or when the caller is not root.
 */
export function planSandbox(
  asked: SandboxRequest,
  host: HostFacts,
  places: SandboxPlaces,
): Result<SandboxPlan, Refusal> {
  if (host.uid !== 0) {
    return err(
      refusal(
        'machine',
        'sandbox/not-root',
        'a sandbox needs root on this machine in this version',
        'run it with sudo',
      ),
    );
  }
  if (!mayHave(host, places.ids)) {
    return err(
      refusal(
        'defect',
        'sandbox/ids',
        'the sandbox would be given ids that somebody has',
        'please report it',
      ),
    );
  }
  const profile = profileOf(asked.controls.isolation.profile);
  const request = profile === undefined ? asked : withParts(asked, profile);
  if (profile?.furtherIds === true && places.ids.further === undefined)
    return err(noFurtherIds(profile.name));
  const unenforced = missingLimits(request, host);
  if (!unenforced.ok) return unenforced;
  const { limits } = request.controls;
  const cgroupPath = host.cgroup === 'none' ? '' : `${host.cgroupParent}/${places.containerId}`;
  const config = runtimeConfig(request, host, places, cgroupPath, unenforced.value, profile);
  return ok({
    containerId: places.containerId,
    cgroupPath,
    ids: places.ids,
    hostUid: places.ids.user,
    hostGid: places.ids.user,
    probeName: request.probeName,
    tree: baseTree(request, host),
    config,
    ...(profile !== undefined && { profile }),
    writable: config.mounts.filter(isWritable).map(({ destination }) => destination),
    limitsUnenforced: unenforced.value,
    weakerLimits: weakerLimits(request, unenforced.value),
    limits: {
      ...(!unenforced.value.includes('memoryBytes') && { memoryBytes: limits.memoryBytes }),
      ...(!unenforced.value.includes('cpus') && { cpus: limits.cpus }),
      ...(!unenforced.value.includes('pids') && { pids: limits.pids }),
      workspaceBytes: limits.workspaceBytes,
      workspaceInodes: limits.workspaceInodes,
      tmpBytes: limits.tmpBytes,
      tmpInodes: limits.tmpInodes,
      openFiles: limits.openFiles,
    },
  });
}

function noFurtherIds(profile: string): Refusal {
  return refusal(
    'machine',
    'profile/further-ids',
    `profile ${profile} needs as many ids as an ordinary user has at most, and those are taken by the sandbox itself`,
    'run it as root, or without the profile',
  );
}

/** A request with what its profile shows besides. */
function withParts(request: SandboxRequest, profile: Profile): SandboxRequest {
  const { ownPrograms: whose, storage } = profile;
  return {
    ...request,
    readPaths: [
      ...request.readPaths,
      ...(whose === undefined ? [] : [{ hostPath: ownPrograms(whose), path: PROFILE_PROGRAMS }]),
    ],
    files: [...request.files, ...profile.files],
    temporary: [...request.temporary, ...(storage === undefined ? [] : [storage])],
  };
}

/** `/dev` itself belongs to root; the devices in it are let through by process 1. */
function isWritable({ type, destination, options }: Mount): boolean {
  if (type === 'bind') return options.includes('rw');
  return type === 'tmpfs' && destination !== '/dev';
}

/**
 * What a process can be told without a control group: how many processes its user may have in this user namespace, which
 * since Linux 5.14 are the job's alone; and how much memory it may write itself, which is not that of the whole job. Address
 * space is not limited, since language runtimes reserve far more of it than they use.
 */
function weakerLimits(request: SandboxRequest, unenforced: readonly LimitName[]): readonly WeakerLimit[] {
  const { limits } = request.controls;
  const all: readonly WeakerLimit[] = [
    { limit: 'pids', by: 'RLIMIT_NPROC', value: limits.pids },
    { limit: 'memoryBytes', by: 'RLIMIT_DATA', value: limits.memoryBytes },
  ];
  return all.filter(({ limit }) => unenforced.includes(limit));
}

function missingLimits(request: SandboxRequest, host: HostFacts): Result<readonly LimitName[], Refusal> {
  const needed = [
    ['memoryBytes', 'memory'],
    ['cpus', 'cpu'],
    ['pids', 'pids'],
  ] as const;
  const why = (controller: 'memory' | 'cpu' | 'pids'): string | undefined => {
    if (!host.controllers.includes(controller))
      return host.controllersLacking[controller] ?? `its kernel has no cgroup controller ${controller}`;
    // What is swapped out is not counted there, and a job could fill the machine's swap with it.
    const unbounded = controller === 'memory' && host.cgroup === 'v2' && host.swaps && !host.swapLimit;
    return unbounded ? 'it swaps, and its kernel does not count swap by control groups' : undefined;
  };
  const missing = needed.filter(([, controller]) => why(controller) !== undefined);
  const refused = missing.filter(([limit]) => !request.controls.unenforcedLimitsAccepted.includes(limit));
  const [first] = refused;
  if (first === undefined) return ok(missing.map(([limit]) => limit));
  // The whole list, as the key replaces what was there.
  const keys = missing.map(([limit]) => keyOf(limit)).join(', ');
  const reasons = [...new Set(refused.map(([, controller]) => why(controller)))].join('; ');
  return err(
    refusal(
      'machine',
      'sandbox/limit-unenforceable',
      `this machine cannot hold ${refused.map(([limit]) => limit).join(', ')}: ${reasons}`,
      `${host.controllersFix ?? 'enable the controller'}, or accept the lack in your cofferdam.yaml: zones.${request.controls.zone}.acceptUnenforced: [${keys}]`,
    ),
  );
}

function keyOf(limit: LimitName): string {
  return Object.entries(LIMIT_KEYS).find(([, name]) => name === limit)?.[0] ?? limit;
}

function runtimeConfig(
  request: SandboxRequest,
  host: HostFacts,
  places: SandboxPlaces,
  cgroupPath: string,
  unenforced: readonly LimitName[],
  profile: Profile | undefined,
): RuntimeConfig {
  const { limits } = request.controls;
  const { root, user } = places.ids;
  const ids: readonly IdMapping[] = [
    ...(root === undefined ? [] : [{ containerID: 0, hostID: root, size: 1 }]),
    { containerID: JOB_UID, hostID: user, size: 1 },
    ...(profile?.furtherIds === true
      ? [{ containerID: FURTHER_IDS, hostID: places.ids.further ?? 0, size: FURTHER_IDS_COUNT }]
      : []),
  ];
  const held = profile?.capabilities ?? [];
  return {
    ociVersion: '1.0.2',
    hostname: request.hostname,
    root: { path: places.rootfs, readonly: true },
    process: {
      terminal: false,
      user: { uid: JOB_UID, gid: JOB_GID, additionalGids: [] },
      args: [INIT_PATH, ...weakerLimits(request, unenforced).map(({ by, value }) => `${by}=${value}`)],
      env: [],
      cwd: '/',
      capabilities: { bounding: held, effective: held, inheritable: held, permitted: held, ambient: held },
      rlimits: [
        { type: 'RLIMIT_NOFILE', hard: limits.openFiles, soft: limits.openFiles },
        // Not 0: with that the kernel still starts a program of the host's that takes core files from a pipe.
        { type: 'RLIMIT_CORE', hard: 1, soft: 1 },
        ...SHARED_LIMITS,
      ],
      noNewPrivileges: true,
      oomScoreAdj: host.rootless?.oomScoreAdj ?? 0,
    },
    mounts: mounts(request, host, places, profile?.storage),
    linux: {
      uidMappings: ids,
      gidMappings: ids,
      namespaces: [
        { type: 'user' },
        { type: 'pid' },
        { type: 'mount' },
        { type: 'ipc' },
        { type: 'uts' },
        { type: 'cgroup' },
        { type: 'network', path: request.networkNamespace },
      ],
      cgroupsPath: cgroupPath,
      resources: {
        ...(!unenforced.includes('memoryBytes') && {
          memory: {
            limit: limits.memoryBytes,
            ...(host.swapLimit && { swap: limits.memoryBytes }),
            // A first hierarchy that does not count swap can at least be told to leave this group out of it.
            ...(!host.swapLimit && host.cgroup === 'v1' && { swappiness: 0 }),
          },
        }),
        ...(!unenforced.includes('cpus') && {
          cpu: { quota: Math.max(1_000, Math.round(limits.cpus * CPU_PERIOD_US)), period: CPU_PERIOD_US },
        }),
        ...(!unenforced.includes('pids') && { pids: { limit: limits.pids } }),
        devices: [{ allow: false, access: 'rwm' }, ...kvmRule(places.kvm)],
      },
      seccomp: seccompProfile(host.architecture, places.listenerPath, profile),
      maskedPaths: [
        '/proc/acpi',
        '/proc/asound',
        '/proc/bus',
        // What the machine was started with: keys and passwords stand there on some.
        '/proc/cmdline',
        '/proc/config.gz',
        '/proc/driver',
        '/proc/fs',
        '/proc/interrupts',
        '/proc/kallsyms',
        '/proc/kcore',
        '/proc/key-users',
        '/proc/keys',
        '/proc/kmsg',
        '/proc/latency_stats',
        '/proc/locks',
        '/proc/modules',
        '/proc/pressure',
        '/proc/sched_debug',
        '/proc/schedstat',
        '/proc/scsi',
        '/proc/slabinfo',
        '/proc/sysvipc',
        '/proc/timer_list',
        '/proc/timer_stats',
        '/proc/vmallocinfo',
      ],
      readonlyPaths: ['/proc/irq', '/proc/mtrr', '/proc/sys', '/proc/sysrq-trigger'],
      rootfsPropagation: 'rprivate',
    },
  };
}

function mounts(
  request: SandboxRequest,
  host: HostFacts,
  places: SandboxPlaces,
  storage: string | undefined,
): readonly Mount[] {
  const { limits } = request.controls;
  const own = `uid=${JOB_UID},gid=${JOB_GID}`.split(',');
  const sized = (
    destination: string,
    bytes: number,
    inodes: number,
    mode: string,
    more: readonly string[] = [],
  ): Mount => ({
    destination,
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'nodev', `mode=${mode}`, `size=${bytes}`, `nr_inodes=${inodes}`, ...more],
  });
  const shown = (hostPath: string, path: string): Mount => ({
    destination: path,
    type: 'bind',
    source: hostPath,
    options: ['bind', 'ro', 'nosuid', 'nodev'],
  });
  const written = (hostPath: string, path: string): Mount => ({
    destination: path,
    type: 'bind',
    source: hostPath,
    options: ['bind', 'rw', 'nosuid', 'nodev'],
  });
  const system =
    request.root.kind === 'host'
      ? [
          shown('/usr', '/usr'),
          ...host.rootEntries
            .filter((entry) => entry.target === undefined)
            .map((entry) => shown(`/${entry.name}`, `/${entry.name}`)),
          ...etcFolders(host).map((path) => shown(path, path)),
        ]
      : [];
  return [
    ...system,
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'noexec', 'mode=755', 'size=65536'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', `max=${TERMINALS}`],
    },
    sized('/dev/shm', SHARED_MEMORY_BYTES, limits.tmpInodes, '1777', ['noexec']),
    sized('/tmp', limits.tmpBytes, limits.tmpInodes, '1777'),
    sized('/home/runner', limits.tmpBytes, limits.tmpInodes, '755', own),
    ...request.temporary.map((path) =>
      path === storage
        ? sized(path, limits.workspaceBytes, limits.workspaceInodes, '755', own)
        : sized(path, limits.tmpBytes, limits.tmpInodes, '755', own),
    ),
    ...request.readPaths.map((path) => shown(path.hostPath, path.path)),
    written(places.merged, request.workspace.path),
    ...request.writePaths.map((path) => written(path.hostPath, path.path)),
    { ...written(places.exchange, EXCHANGE_PATH), options: ['bind', 'rw', 'nosuid', 'nodev', 'noexec'] },
    shown(places.init, INIT_PATH),
    ...kvmMount(places.kvm),
  ];
}
