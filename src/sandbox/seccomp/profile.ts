import { attemptRules, TOLD } from '../telemetry/attempt-rules.ts';
import { executionRules, socketRules } from '../telemetry/notify-rules.ts';
import type { LinuxSeccomp, LinuxSyscall } from '../oci/runtime-spec.ts';
import { namespaceRules, type Profile } from '../profiles/index.ts';
import { ALLOWED } from './allowed.ts';

/** Flags of clone(2) that make a namespace; clone3(2) hides its flags in memory and is answered with ENOSYS. */
const NEW_NAMESPACES = 0x7e02_0000;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
const ENOSYS = 38;
const EPERM = 1;

const ARCHITECTURE: Readonly<Record<string, string>> = {
  x64: 'SCMP_ARCH_X86_64',
  arm64: 'SCMP_ARCH_AARCH64',
};

/** Calls that libraries try first and do without when the kernel is too old for them. */
const ABSENT = [
  'clone3',
  'io_setup',
  'io_submit',
  'io_cancel',
  'io_destroy',
  'io_getevents',
  'io_pgetevents',
  'io_uring_setup',
  'io_uring_enter',
  'io_uring_register',
  'statmount',
  'listmount',
  'listns',
  'open_tree_attr',
  'file_getattr',
  'file_setattr',
  'lsm_get_self_attr',
  'lsm_set_self_attr',
  'lsm_list_modules',
  'memfd_secret',
  'set_mempolicy_home_node',
];

/**
 * The calls that can ask for huge pages, with the argument that holds the flag: mmap(2), memfd_create(2), shmget(2). Huge pages
 * are set aside for the whole machine, for its databases, and are on account of no job's memory.
 */
const HUGE_PAGES = [
  ['mmap', 3, 0x4_0000],
  ['memfd_create', 1, 0x4],
  ['shmget', 2, 0o4000],
] as const;

/** Of seccomp(2): strict mode, a filter, and whether an action is known. */
const OWN_FILTER = [0, 1, 2];
const NEW_LISTENER = 0x8;
const AF_UNIX = 1;
const INT_BITS = 0xffff_ffff;

/**
 * The filter of every process in a sandbox: what is not listed is refused with EPERM. Reasons stand in `profile.md`.
 * A `listenerPath` adds the rules by which executions, and what is refused, are seen from outside; a `profile` what it frees.
 */
export function seccompProfile(
  architecture: string,
  listenerPath: string | undefined,
  profile?: Profile,
): LinuxSeccomp {
  const telemetry = listenerPath !== undefined;
  const { calls = [], namespaces = 0, rules: freed = [], absent = [] } = profile ?? {};
  const granted = new Set([...calls, ...absent, ...(namespaces === 0 ? [] : ['unshare', 'clone'])]);
  const untold = (names: readonly string[]): readonly string[] =>
    telemetry ? names.filter((name) => !TOLD.has(name) || granted.has(name)) : names;
  const rules: LinuxSyscall[] = [
    { names: [...new Set([...untold(ALLOWED), ...calls])], action: 'SCMP_ACT_ALLOW' },
    { names: [...new Set([...untold(ABSENT), ...absent])], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
    {
      names: ['clone'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: NEW_NAMESPACES - namespaces, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
    },
    ...namespaceRules(namespaces),
    ...freed,
    ...limitRules(),
    ...HUGE_PAGES.map(
      ([name, index, value]): LinuxSyscall => ({
        names: [name],
        action: 'SCMP_ACT_ALLOW',
        args: [{ index, value, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
      }),
    ),
    ...prctlRules(),
    // Of another family only TIPC has pairs, and to ask for it loads its module.
    { names: ['socketpair'], action: 'SCMP_ACT_ALLOW', args: [int(0, AF_UNIX)] },
    // A further filter can only take away; a listener of the job's own would be one that answers for the kernel.
    ...OWN_FILTER.map(
      (operation): LinuxSyscall => ({
        names: ['seccomp'],
        action: 'SCMP_ACT_ALLOW',
        args: [int(0, operation), { index: 1, value: NEW_LISTENER, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
      }),
    ),
    ...ioctlRules(),
    // Only the ordinary personality, its query, and the two that change what uname(2) says.
    ...[0x0, 0x0008, 0x0002_0000, 0x0002_0008, 0xffff_ffff].map(
      (value): LinuxSyscall => ({
        names: ['personality'],
        action: 'SCMP_ACT_ALLOW',
        args: [{ index: 0, value, op: 'SCMP_CMP_EQ' }],
      }),
    ),
    ...socketRules(telemetry),
    ...executionRules(telemetry),
    ...(telemetry ? attemptRules(granted) : []),
  ];
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: EPERM,
    architectures: [ARCHITECTURE[architecture] ?? 'SCMP_ARCH_X86_64'],
    ...(listenerPath !== undefined && { listenerPath }),
    syscalls: rules,
  };
}

/** An argument that the kernel takes as an int: the upper half of the register says nothing. */
function int(index: number, value: number): NonNullable<LinuxSyscall['args']>[number] {
  return { index, value: INT_BITS, valueTwo: value, op: 'SCMP_CMP_MASKED_EQ' };
}

const PR_SET_MM = 35;

/**
 * All of prctl(2) but PR_SET_MM, by which a process could say that it lies elsewhere in memory, and so is another program, than
 * it is. A number differs from it in a highest bit: one rule for each, as only what is equal can be asked for in some bits.
 */
function prctlRules(): readonly LinuxSyscall[] {
  return Array.from({ length: 32 }, (_, bit): LinuxSyscall => {
    const mask = INT_BITS - (2 ** bit - 1);
    const value =
      Math.floor(PR_SET_MM / 2 ** bit) * 2 ** bit +
      2 ** bit * (1 - 2 * (Math.floor(PR_SET_MM / 2 ** bit) % 2));
    return {
      names: ['prctl'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: mask, valueTwo: value, op: 'SCMP_CMP_MASKED_EQ' }],
    };
  });
}

const RLIMITS = 16;
const RLIMIT_CORE = 4;

/**
 * Only of the caller itself: process 1 is of the same user, and has limits too. The limit of core files stays at the 1 that it has,
 * which alone keeps the kernel from handing a core to a program of the host's, as root (core(5), core_dump.c); who sets it is told
 * that it was done, as scripts set it to 0 to have none.
 */
function limitRules(): readonly LinuxSyscall[] {
  const self = { index: 0, value: 0, op: 'SCMP_CMP_EQ' } as const;
  const others = Array.from({ length: RLIMITS }, (_, at) => at).filter((at) => at !== RLIMIT_CORE);
  return [
    ...others.flatMap((at): readonly LinuxSyscall[] => [
      { names: ['prlimit64'], action: 'SCMP_ACT_ALLOW', args: [self, int(1, at)] },
      { names: ['setrlimit'], action: 'SCMP_ACT_ALLOW', args: [int(0, at)] },
    ]),
    {
      names: ['prlimit64'],
      action: 'SCMP_ACT_ALLOW',
      args: [self, int(1, RLIMIT_CORE), { index: 2, value: 0, op: 'SCMP_CMP_EQ' }],
    },
    {
      names: ['prlimit64'],
      action: 'SCMP_ACT_ERRNO',
      errnoRet: 0,
      args: [self, int(1, RLIMIT_CORE), { index: 2, value: 0, op: 'SCMP_CMP_GT' }],
    },
    { names: ['setrlimit'], action: 'SCMP_ACT_ERRNO', errnoRet: 0, args: [int(0, RLIMIT_CORE)] },
  ];
}

/** Every request but the two that push input into a terminal (CVE-2017-5226); the kernel reads 32 bits of the number. */
function ioctlRules(): readonly LinuxSyscall[] {
  const allow = (args: LinuxSyscall['args']): LinuxSyscall => ({
    names: ['ioctl'],
    action: 'SCMP_ACT_ALLOW',
    ...(args !== undefined && { args }),
  });
  const rules: LinuxSyscall[] = [];
  for (let bit = 0; bit < 32; bit += 1) {
    const mask = 2 ** bit;
    // Numbers that differ from both in this bit.
    const inFirst = Math.floor(TIOCSTI / mask) % 2;
    const inSecond = Math.floor(TIOCLINUX / mask) % 2;
    if (inFirst !== inSecond) continue;
    rules.push(
      allow([{ index: 1, value: mask, valueTwo: inFirst === 1 ? 0 : mask, op: 'SCMP_CMP_MASKED_EQ' }]),
    );
  }
  // What is left agrees with both wherever the two agree: eight numbers, of which two are the refused ones.
  for (let number = 0x5410; number <= 0x541e; number += 2) {
    if (number === TIOCSTI || number === TIOCLINUX) continue;
    rules.push(allow([{ index: 1, value: 0xffff_ffff, valueTwo: number, op: 'SCMP_CMP_MASKED_EQ' }]));
  }
  return rules;
}
