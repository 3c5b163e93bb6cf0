import type { SeccompSyscall } from './notify-rules.ts';

/**
 * Calls that the filter refuses and that no ordinary build makes. They are handed to the telemetry, which refuses them
 * with the same answer and tells who asked; `native/trace/attempts.c` has the same list. Without the telemetry, or when
 * it is gone, they are refused without a word.
 */
const REFUSED_AND_TOLD = `
  ptrace process_vm_readv process_vm_writev process_madvise pidfd_getfd kcmp
  unshare setns mount umount2 pivot_root chroot open_tree open_tree_attr move_mount fsopen fspick mount_setattr
  init_module finit_module delete_module
  kexec_load kexec_file_load reboot swapon swapoff acct quotactl syslog iopl ioperm
  settimeofday clock_settime adjtimex clock_adjtime
  bpf perf_event_open userfaultfd fanotify_init io_uring_setup
  add_key request_key keyctl
  open_by_handle_at
`;

/** Calls that the filter lets through and that are told when they ask for an id that the caller does not have. */
const LET_THROUGH_AND_TOLD = `
  setuid setreuid setresuid setfsuid setgid setregid setresgid setfsgid setgroups
`;

/** Calls that are let through and tell how a process ends, connects or waits for others. */
const SEEN = 'exit_group connect listen bind';

/** The argument that is the mode of each call that changes one; it is told when it has the set-user-id bit. */
const MODE_AT: Readonly<Record<string, number>> = { chmod: 1, fchmod: 1, fchmodat: 2, fchmodat2: 2 };
const SET_USER_ID = 0o4000;

/** clone(2) with a flag that makes a namespace: one rule a flag, as a rule compares for equality only. */
const NAMESPACE_FLAGS = [
  0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000,
];
const TERMINAL_INPUT = [0x5412, 0x541c];
const INT_BITS = 0xffff_ffff;

/** Every call that a profile has no other rule for when these are in it. */
const TOLD_WHOLE = `${REFUSED_AND_TOLD}${LET_THROUGH_AND_TOLD}${SEEN}`.trim().split(/\s+/u);
export const TOLD: ReadonlySet<string> = new Set([...TOLD_WHOLE, ...Object.keys(MODE_AT)]);

/**
 * The rules that hand these calls over. What a profile grants (`granted`) is not told, and stays the profile's to allow.
 * None overlaps with a rule of another action (see `socketRules`).
 */
export function attemptRules(granted: ReadonlySet<string> = new Set()): readonly SeccompSyscall[] {
  const names = TOLD_WHOLE.filter((name) => !granted.has(name));
  const masked = (
    name: string,
    index: number,
    value: number,
    valueTwo: number,
    action: SeccompSyscall['action'] = 'SCMP_ACT_NOTIFY',
  ): SeccompSyscall => ({
    names: [name],
    action,
    args: [{ index, value, valueTwo, op: 'SCMP_CMP_MASKED_EQ' }],
  });
  return [
    { names, action: 'SCMP_ACT_NOTIFY' },
    ...(granted.has('clone') ? [] : NAMESPACE_FLAGS.map((flag) => masked('clone', 0, flag, flag))),
    ...Object.entries(MODE_AT).flatMap(([name, index]) => [
      masked(name, index, SET_USER_ID, SET_USER_ID),
      masked(name, index, SET_USER_ID, 0, 'SCMP_ACT_ALLOW'),
    ]),
    ...TERMINAL_INPUT.map((request) => masked('ioctl', 1, INT_BITS, request)),
  ];
}
