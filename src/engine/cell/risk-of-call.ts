import type { RiskOperation } from '../../audit/index.ts';
import type { ObservedAttempt } from '../../sandbox/index.ts';

const CALLS: readonly (readonly [RiskOperation, string])[] = [
  ['process-memory', 'ptrace process_vm_readv process_vm_writev process_madvise pidfd_getfd kcmp'],
  ['identity', 'setuid setreuid setresuid setfsuid setgid setregid setresgid setfsgid setgroups'],
  ['set-user-id', 'chmod fchmod fchmodat fchmodat2'],
  ['namespace', 'unshare setns clone'],
  [
    'mount',
    'mount umount2 pivot_root chroot open_tree open_tree_attr move_mount fsopen fspick mount_setattr',
  ],
  ['kernel-module', 'init_module finit_module delete_module'],
  ['kernel-interface', 'bpf perf_event_open userfaultfd fanotify_init io_uring_setup'],
  ['keyring', 'add_key request_key keyctl'],
  ['file-handle', 'open_by_handle_at'],
  ['terminal-input', 'ioctl'],
  ['clock', 'settimeofday clock_settime adjtimex clock_adjtime'],
];

const OPERATION: ReadonlyMap<string, RiskOperation> = new Map(
  CALLS.flatMap(([operation, calls]) => calls.split(' ').map((call) => [call, operation] as const)),
);

/** What a call that was told is about. One that is not listed is about the machine itself. */
export function riskOfCall(call: string): RiskOperation {
  return OPERATION.get(call) ?? 'machine-control';
}

/** What the call was to act on, in a few words, where its arguments say so. */
export function targetOfCall({ call, path, arguments: given }: ObservedAttempt): string | undefined {
  if (path !== undefined) return path;
  const [first = 0, second = 0] = given;
  switch (call) {
    case 'ptrace':
      return `process ${second}`;
    case 'process_vm_readv':
    case 'process_vm_writev':
    case 'kcmp':
      return `process ${first}`;
    case 'setuid':
    case 'setfsuid':
      return `user ${first}`;
    case 'setgid':
    case 'setfsgid':
      return `group ${first}`;
    case 'setreuid':
    case 'setresuid':
      return `user ${[first, second].map(shown).join(', ')}`;
    case 'setregid':
    case 'setresgid':
      return `group ${[first, second].map(shown).join(', ')}`;
    default:
      return undefined;
  }
}

/** 2^32 - 1 leaves an id as it is (setreuid(2)). */
function shown(id: number): string {
  return id === 0xffff_ffff ? '-' : String(id);
}
