import { profile as nestedBuild } from '../nested-build/profile.ts';
import type { Profile } from '../profile.ts';

const EVERY_NAMESPACE = 0x7e02_0000;

/**
 * Everything that the sandbox's own user namespace can give, and still nothing of the host's. Only for a job with a waiver
 * (`src/zone/waivers`), never in zone untrusted.
 */
export const profile: Profile = {
  ...nestedBuild,
  name: 'privileged',
  need: 'what nothing less serves, for one job and a while, because somebody signed for it',
  price:
    'every process of the job has all capabilities over the sandbox\u2019s own namespaces, so that its mounts, their ' +
    'sizes, masked files and host name are its own to change and most of the kernel is open to it; Landlock does not hold files',
  holds:
    'host root is not mapped, and no id that somebody has; the network namespace is the gateway\u2019s and belongs to the host, so ' +
    'that no capability counts there; process 1 is not dumpable, and the capability that would open it is not given, nor the ' +
    'one that would map the sandbox\u2019s root again',
  programs: {},
  calls: [
    ...nestedBuild.calls,
    'setns',
    'setdomainname',
    'open_tree',
    'move_mount',
    'mount_setattr',
    'fsopen',
    'fsconfig',
    'fsmount',
    'fspick',
    'name_to_handle_at',
    'quotactl',
    'fanotify_init',
    'fanotify_mark',
  ],
  absent: [],
  namespaces: EVERY_NAMESPACE,
  capabilities: `
    CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID CAP_SETUID CAP_SETPCAP
    CAP_LINUX_IMMUTABLE CAP_NET_BIND_SERVICE CAP_NET_BROADCAST CAP_NET_ADMIN CAP_NET_RAW CAP_IPC_LOCK CAP_IPC_OWNER
    CAP_SYS_CHROOT CAP_SYS_ADMIN CAP_SYS_NICE CAP_MKNOD CAP_LEASE
  `
    .trim()
    .split(/\s+/u)
    .toSorted(),
  lifted: [
    ...nestedBuild.lifted,
    'mount',
    'unmount',
    'open-tree',
    'join-namespace',
    'change-root',
    'gain-capabilities',
    // By process 1 itself. Another process is refused as ever.
    'read-own-environment-of-init',
    'read-memory-of-init',
  ],
};
