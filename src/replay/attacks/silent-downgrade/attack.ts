import { rmSync, writeFileSync } from 'node:fs';
import { nativeProgram } from '../../../sandbox/index.ts';
import type { Attack, ReplayCase } from '../../attack.ts';
import { event } from '../../expected-event.ts';
import {
  coverProgram,
  guestThat,
  lyingProgram,
  runtimeThat,
  withoutController,
} from '../../ground/sabotage.ts';
import type { Scene } from '../../ground/scene.ts';
import type { WallName } from '../../ground/walls.ts';

function impossible(
  name: string,
  control: string,
  walls: readonly WallName[],
  refusal: { readonly rule: string; readonly names?: string },
  sabotage: (scene: Scene) => void,
  more: Partial<ReplayCase> = {},
): ReplayCase {
  const { rule, names = '' } = refusal;
  return {
    name,
    control,
    without: walls,
    mustBeRefused: true,
    holdsCanary: true,
    prepare: (scene) => {
      if (scene.side === 'on') sabotage(scene);
      else writeFileSync('/run/replay/docker.sock', '');
    },
    harm: ({ output, canary }) =>
      output().includes(`began-${canary}`) ? 'the job ran without the control' : undefined,
    event: event('policy.refused', names === '' ? rule : `${rule}: ${names}`, (seen) => {
      return seen.rule.startsWith(rule) && seen.why.includes(names);
    }),
    ...more,
  };
}

const OWN_KERNEL = 'gVisor has it from its own kernel, whatever the configuration says';
const SIZED_OUTSIDE = 'what gVisor is given has its size from mounts of the machine';
const READ_BY_ITSELF = 'gVisor reads what it is given by itself';
const NOT_GIVEN = 'it is not of the configuration that gVisor is given';

const OUTSIDE =
  'a machine gets its processor time from its control group, which is written and read back without a runtime';

/** A runtime that drops a wall, or weakens it, and says nothing. Of a microVM the one in the guest, or the monitor's. */
function dropped(
  name: string,
  walls: WallName | readonly WallName[],
  check: string,
  edit: string,
  withGvisor?: string,
  ofMicrovm: 'guest' | 'monitor' = 'guest',
): ReplayCase {
  return impossible(
    name,
    'refusal of a sandbox that is not what was planned',
    [walls].flat(),
    { rule: 'sandbox/not-armed', names: check },
    ({ runtime }) =>
      runtime === 'qemu' && ofMicrovm === 'guest' ? guestThat(edit) : runtimeThat(runtime, edit),
    withGvisor === undefined ? {} : { notWith: { runsc: withGvisor } },
  );
}

function limitDropped(name: string, wall: WallName, resource: string): ReplayCase {
  return impossible(
    name,
    'refusal without the limit',
    [wall],
    { rule: 'sandbox/limit-not-held' },
    ({ runtime }) => {
      const edit = `delete c.linux.resources.${resource}`;
      if (runtime === 'qemu') guestThat(edit);
      else runtimeThat(runtime, edit);
    },
    {
      notWith: {
        runsc: 'the limits of gVisor are not set by the runtime',
        ...(resource === 'cpu' && { qemu: OUTSIDE }),
      },
    },
  );
}

const namespace = (type: string): string =>
  `c.linux.namespaces = c.linux.namespaces.filter((n) => n.type !== '${type}')`;
const mount = (destination: string, change: string): string =>
  `for (const m of c.mounts) if (m.destination === '${destination}') ${change}`;
const options = (from: string, to: string): string =>
  `m.options = m.options.map((o) => o.startsWith('${from}') ? '${to}' : o).filter(Boolean)`;

const shared = (source: string): string =>
  `Object.assign(m, { type: 'bind', source: '${source}', options: ['bind', 'rw', 'nosuid', 'nodev'] })`;

export const attack: Attack = {
  name: 'silent-downgrade',
  title: 'A control that cannot be armed, and a job that runs all the same',
  story:
    'Sandboxes that warn and go on when something is missing are open where it matters: on the machine that lacks the filter, ' +
    'the firewall or the limit. A runtime may drop what it cannot do, a tool may say that all went well, a part may be missing. ' +
    'Each control is made impossible to arm here, and the job must not begin.',
  sources: [
    ['CWE-636: not failing securely', 'https://cwe.mitre.org/data/definitions/636.html'],
    ['MITRE ATT&CK T1562', 'https://attack.mitre.org/techniques/T1562/'],
    ['practical guide §1'],
  ],
  cases: [
    impossible(
      'no-firewall-program',
      'refusal without a gateway',
      ['gateway'],
      { rule: 'gateway/not-armed' },
      () => rmSync('/usr/sbin/nft'),
    ),
    impossible(
      'firewall-rules-not-loaded',
      'refusal of a gateway that does not hold',
      ['gateway'],
      { rule: 'gateway/not-armed' },
      () => lyingProgram('nft'),
    ),
    impossible(
      'no-network-namespace',
      'refusal without a gateway',
      ['gateway'],
      { rule: 'gateway/not-armed' },
      () => coverProgram(nativeProgram('netns')),
    ),
    impossible(
      'no-copy-of-the-folder',
      'refusal without a copy of the work folder',
      ['fresh-workspace'],
      { rule: 'workspace/' },
      () => coverProgram(nativeProgram('workspace')),
    ),
    impossible(
      'no-telemetry',
      'refusal without telemetry',
      ['telemetry'],
      { rule: 'sandbox/telemetry' },
      () => coverProgram(nativeProgram('trace')),
      {
        notWith: { runsc: 'gVisor shows no programs, which its record says' },
        eventWith: {
          qemu: event('policy.refused', 'microvm/not-booted: trace', ({ rule, why }) => {
            return rule === 'microvm/not-booted' && why.includes('trace');
          }),
        },
      },
    ),
    impossible(
      'no-controller-of-processes',
      'refusal of a machine that cannot hold a limit',
      ['process-limit'],
      { rule: 'sandbox/limit-unenforceable', names: 'pids' },
      () => withoutController('pids'),
    ),
    dropped('no-filter', 'filter', 'seccomp-filter', 'delete c.linux.seccomp'),
    dropped(
      'filter-allows-all',
      'filter',
      'call-not-listed',
      "c.linux.seccomp.defaultAction = 'SCMP_ACT_ALLOW'; delete c.linux.seccomp.defaultErrnoRet",
      OWN_KERNEL,
    ),
    dropped(
      'programs-not-seen',
      'telemetry',
      'executions-are-seen',
      `for (const r of c.linux.seccomp.syscalls) if (r.action === 'SCMP_ACT_NOTIFY') r.action = 'SCMP_ACT_ALLOW';
  c.linux.seccomp.syscalls = c.linux.seccomp.syscalls.filter((r) => !r.names.includes('socket'));
  delete c.linux.seccomp.listenerPath`,
      'gVisor shows no programs, which its record says',
    ),
    {
      ...dropped(
        'no-landlock',
        'landlock',
        'landlock',
        `c.linux.seccomp.syscalls.unshift({ names: ['landlock_restrict_self'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 });
  for (const r of c.linux.seccomp.syscalls.slice(1)) r.names = r.names.filter((n) => n !== 'landlock_restrict_self')`,
        'gVisor has no Landlock',
      ),
      needs: 'landlock',
    },
    dropped(
      'capabilities-kept',
      'no-capabilities',
      'no-capabilities',
      "for (const k of Object.keys(c.process.capabilities)) c.process.capabilities[k] = ['CAP_NET_ADMIN']",
    ),
    dropped(
      'privileges-gained',
      'no-new-privileges',
      'no-new-privileges',
      "c.process.noNewPrivileges = false; c.linux.seccomp.syscalls.push({ names: ['capset'], action: 'SCMP_ACT_ALLOW' })",
    ),
    dropped('root-inside', 'ordinary-user', 'ordinary-user', 'c.process.user = { uid: 0, gid: 0 }'),
    dropped(
      'shared-users',
      'user-namespace',
      'private-user-namespace',
      `${namespace('user')}; delete c.linux.uidMappings; delete c.linux.gidMappings`,
      undefined,
      'monitor',
    ),
    dropped(
      'root-of-the-machine-mapped',
      'user-namespace',
      'host-root-not-mapped',
      'for (const m of [c.linux.uidMappings[0], c.linux.gidMappings[0]]) m.hostID = 0',
    ),
    dropped(
      'shared-processes',
      'process-namespace',
      'no-other-process',
      `${namespace('pid')};
  for (const m of c.mounts) if (m.type === 'proc') Object.assign(m, { type: 'bind', source: '/proc', options: ['rbind', 'nosuid', 'nodev', 'noexec'] })`,
    ),
    dropped(
      'shared-kernel-objects',
      'ipc-namespace',
      'private-ipc-namespace',
      namespace('ipc'),
      OWN_KERNEL,
      'monitor',
    ),
    dropped(
      'shared-name',
      'name-namespace',
      'private-name-namespace',
      `${namespace('uts')}; delete c.hostname`,
      OWN_KERNEL,
      'monitor',
    ),
    dropped(
      'shared-control-groups',
      'cgroup-namespace',
      'private-cgroup-namespace',
      namespace('cgroup'),
      NOT_GIVEN,
      'monitor',
    ),
    dropped(
      'network-of-the-machine',
      'gateway',
      'gateway-network-namespace',
      namespace('network'),
      NOT_GIVEN,
      'monitor',
    ),
    dropped('writable-root', 'read-only-root', 'root-read-only', 'c.root.readonly = false'),
    dropped('writable-programs', 'read-only-root', 'mounts-as-planned', mount('/usr', options('ro', 'rw'))),
    dropped(
      'set-user-id-programs',
      ['set-user-id', 'user-namespace'],
      'mounts-as-planned',
      mount('/tmp', options('nosuid', '')),
    ),
    dropped(
      'folder-of-the-machine-shown',
      'no-host-sockets',
      'mounts-as-planned',
      `mkdirSync(c.root.path + '/mnt/x'); c.mounts.push({ destination: '/mnt/x', type: 'bind', source: '/var/log', options: ['bind', 'rw'] })`,
      undefined,
      'monitor',
    ),
    dropped(
      'another-source',
      'fresh-workspace',
      'mounts-from-planned-places',
      `${mount('/run/replay/work', "m.source = '/var'")}; ${mount('/vm/write/work', "m.source = '/var'")}`,
      READ_BY_ITSELF,
      'monitor',
    ),
    dropped(
      'kernel-files-shown',
      'hidden-kernel-files',
      'kernel-files-hidden',
      'c.linux.maskedPaths = []',
      OWN_KERNEL,
    ),
    dropped(
      'kernel-settings-writable',
      'read-only-settings',
      'kernel-settings-read-only',
      'c.linux.readonlyPaths = []',
      OWN_KERNEL,
    ),
    dropped(
      'device-of-the-machine-shown',
      'device-rules',
      'mounts-as-planned',
      "c.linux.devices = [{ path: '/dev/kmsg', type: 'c', major: 1, minor: 11, fileMode: 0o666, uid: 0, gid: 0 }]",
      OWN_KERNEL,
      'monitor',
    ),
    dropped(
      'a-variable-passed-on',
      'no-environment',
      'no-environment',
      "c.process.env.push('TOKEN=passed-on')",
    ),
    dropped('another-first-folder', 'begins-in-root', 'begins-in-root', "c.process.cwd = '/tmp'"),
    dropped(
      'no-limit-of-bytes',
      'size-limit',
      'mounts-as-planned',
      mount('/tmp', options('size=', '')),
      SIZED_OUTSIDE,
    ),
    dropped(
      'no-limit-of-files',
      'inode-limit',
      'mounts-as-planned',
      mount('/tmp', options('nr_inodes=', '')),
      SIZED_OUTSIDE,
    ),
    // In a guest it is the same as what a kernel gives without being asked.
    dropped(
      'no-limit-of-open-files',
      'open-file-limit',
      'open-files-as-planned',
      'c.process.rlimits = []',
      undefined,
      'monitor',
    ),
    dropped(
      'no-limit-of-signals',
      'shared-limits',
      'shared-limits-as-planned',
      "c.process.rlimits = c.process.rlimits.filter((l) => l.type !== 'RLIMIT_SIGPENDING')",
    ),
    dropped(
      'no-limit-of-terminals',
      'terminal-limit',
      'mounts-as-planned',
      mount('/dev/pts', options('max=', '')),
      OWN_KERNEL,
    ),
    dropped(
      'shared-memory-of-the-machine',
      'shared-memory',
      'mounts-as-planned',
      mount('/dev/shm', shared('/dev/shm')),
      OWN_KERNEL,
      'monitor',
    ),
    dropped(
      'shared-temporary-folder',
      'fresh-temporary',
      'mounts-as-planned',
      mount('/tmp', shared('/run/replay/tmp')),
      READ_BY_ITSELF,
      'monitor',
    ),
    dropped(
      'shared-home',
      'fresh-home',
      'mounts-as-planned',
      mount('/home/runner', shared('/run/replay/home')),
      READ_BY_ITSELF,
      'monitor',
    ),
    dropped(
      'terminals-of-the-machine',
      'own-terminals',
      'mounts-as-planned',
      mount('/dev/pts', shared('/dev/pts')),
      OWN_KERNEL,
      'monitor',
    ),
    impossible(
      'a-descriptor-left-open',
      'refusal of a sandbox that is not what was planned',
      ['closed-descriptors'],
      { rule: 'sandbox/not-armed', names: 'no-inherited-descriptor' },
      ({ runtime }) => runtimeThat(runtime, '', true),
      {
        notWith: {
          runsc: 'the processes of gVisor are given the descriptors that it is told of, and no other',
        },
      },
    ),
    impossible(
      'no-process-1',
      'refusal without a process 1 that proves the walls',
      ['no-new-privileges'],
      { rule: 'sandbox/' },
      () => coverProgram(nativeProgram('init')),
    ),
    impossible(
      'no-limits-of-its-namespace',
      'refusal of a sandbox that is not what was planned',
      ['namespace-limits'],
      { rule: 'sandbox/not-armed', names: 'namespace-limits' },
      () => coverProgram(nativeProgram('limits')),
      { notWith: { runsc: OWN_KERNEL } },
    ),
    limitDropped('no-limit-of-memory', 'memory-limit', 'memory'),
    limitDropped('no-limit-of-processors', 'cpu-limit', 'cpu'),
    limitDropped('no-limit-of-processes', 'process-limit', 'pids'),
  ],
};
