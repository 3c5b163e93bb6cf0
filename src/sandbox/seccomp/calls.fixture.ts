/** A call that a job must not be able to make, with harmless arguments: what counts is who answers. */
export interface ForbiddenCall {
  readonly name: string;
  /** By its number on x86_64 and aarch64. */
  readonly number: readonly [x64: number, arm64: number];
  readonly arguments: readonly number[];
}

const CLONE_NEWUSER = 0x1000_0000;
const SIGCHLD = 17;
const socket = (name: string, ...args: readonly number[]): ForbiddenCall => ({
  name: `socket ${name}`,
  number: [41, 198],
  arguments: args,
});
const call = (
  name: string,
  number: readonly [number, number],
  ...args: readonly number[]
): ForbiddenCall => ({
  name,
  number,
  arguments: args,
});

/** Calls that some distributions refuse to ordinary users by a setting, and families that a kernel may not have. */
export const SETTING = [
  'unshare',
  'clone with a namespace',
  'bpf',
  'userfaultfd for user memory',
  'socket vsock',
  'socket multipath TCP',
];

/** Each of these gives another answer to the same user without the filter. */
export const FORBIDDEN: readonly ForbiddenCall[] = [
  call('unshare', [272, 97], CLONE_NEWUSER),
  call('clone with a namespace', [56, 220], CLONE_NEWUSER + SIGCHLD, 0, 0, 0, 0),
  call('clone3', [435, 435], 0, 0),
  call('setns', [308, 268], -1, 0),
  call('open_tree', [428, 428], -100, 0, 0),
  call('ptrace', [101, 117], 0, 0, 0, 0),
  call('process_vm_readv', [310, 270], 1, 0, 0, 0, 0, 0),
  call('process_vm_writev', [311, 271], 1, 0, 0, 0, 0, 0),
  call('pidfd_getfd', [438, 438], -1, 0, 0),
  call('kcmp', [312, 272], 0, 0, 99, 0, 0),
  call('prctl that moves a program in memory', [157, 167], 35, 15, 0, 0, 0),
  call('bpf', [321, 280], 0, 0, 0),
  call('perf_event_open', [298, 241], 0, 0, -1, -1, 0),
  call('io_uring_setup', [425, 425], 1, 0),
  call('io_setup', [206, 0], 1, 0),
  call('keyctl', [250, 219], 0, 0, 0, 0, 0),
  call('add_key', [248, 217], 0, 0, 0, 0, 0),
  call('request_key', [249, 218], 0, 0, 0, 0),
  call('userfaultfd for user memory', [323, 282], 1),
  call('name_to_handle_at', [303, 264], -1, 0, 0, 0, 0),
  call('set_mempolicy', [238, 237], 0, 0, 0),
  call('personality that maps readable memory executable', [135, 92], 0x40_0000),
  call('seccomp with a listener', [317, 277], 1, 8, 0),
  call('seccomp, an operation that is not known', [317, 277], 99, 0, 0),
  call('process_madvise', [440, 440], -1, 0, 0, 0, 0),
  call('memfd_secret', [447, 447], 0xff),
  call('set_mempolicy_home_node', [450, 450], 0, 0, 0, 1),
  call('statmount', [457, 457], 0, 0, 0, 0),
  call('listmount', [458, 458], 0, 0, 0, 0),
  call('lsm_get_self_attr', [459, 459], 100, 0, 0, 0),
  call('lsm_list_modules', [461, 461], 0, 0, 1),
  call('open_tree_attr', [467, 467], -100, 0, 0, 0, 0),
  call('file_getattr', [468, 468], -1, 0, 0, 0, 1),
  call('file_setattr', [469, 469], -1, 0, 0, 0, 1),
  call('quotactl_fd', [443, 443], -1, 0, 0, 0),
  call('mbind', [237, 235], 0, 0, 99, 0, 0, 0),
  call('get_mempolicy', [239, 236], 0, 0, 0, 0, 99),
  call('migrate_pages', [256, 238], 999_999, 0, 0, 0),
  call('move_pages', [279, 239], 999_999, 0, 0, 0, 0, 0),
  call('vmsplice', [278, 75], -1, 0, 0, 0),
  call('fanotify_init', [300, 262], 0x200, 0x7fff_ffff),
  call('fanotify_mark', [301, 263], -1, 0, 0, -1, 0),
  call('modify_ldt', [154, -1], 0, 0, 0),
  call('sysfs', [139, -1], 99, 0, 0),
  call('ustat', [136, -1], 0, 0),
  call('remap_file_pages', [216, 234], 1, 0, 0, 0, 0),
  call('clock_adjtime', [305, 266], 99, 0),
  call('socketpair of another family', [53, 199], 30, 1, 0, 0),
  call('clock_settime', [227, 112], 0, 0),
  call('terminal input by ioctl', [16, 29], 0, 0x5412, 0),
  call('terminal input by ioctl, upper bits set', [16, 29], 0, 0x1_0000_5412, 0),
  call('console paste by ioctl', [16, 29], 0, 0x541c, 0),
  call('mmap of huge pages', [9, 222], 0, 0x20_0000, 3, 0x4_0022, -1, 0),
  call('memfd_create of huge pages', [319, 279], 0, 4),
  call('limits of process 1', [302, 261], 1, 7, 0, 0),
  socket('netlink netfilter', 16, 3, 12),
  socket('netlink audit', 16, 3, 9),
  socket('netlink generic', 16, 3, 16),
  socket('vsock', 40, 1, 0),
  socket('multipath TCP', 2, 1, 262),
];

/** Held by more than the filter, so that the answer is a refusal with and without it. */
export const REFUSED_TWICE: readonly ForbiddenCall[] = [
  call('shmget of huge pages', [29, 194], 0, 0x20_0000, 0o5600),
  call('mount', [165, 40], 0, 0, 0, 0, 0),
  call('umount2', [166, 39], 0, 2),
  call('pivot_root', [155, 41], 0, 0),
  call('chroot', [161, 51], 0),
  call('fsopen', [430, 430], 0, 0),
  call('mount_setattr', [442, 442], -1, 0, 0, 0, 0),
  call('open_by_handle_at', [304, 265], -1, 0, 0),
  call('finit_module', [313, 273], -1, 0, 0),
  call('delete_module', [176, 106], 0, 0),
  call('kexec_load', [246, 104], 0, 0, 0, 0),
  call('reboot', [169, 142], 0, 0, 0, 0),
  call('swapon', [167, 224], 0, 0),
  call('syslog', [103, 116], 2, 0, 0),
  call('fsconfig', [431, 431], -1, 0, 0, 0, 0),
  call('fsmount', [432, 432], -1, 0, 0),
  call('fspick', [433, 433], -1, 0, 0),
  call('move_mount', [429, 429], -1, 0, -1, 0, 0),
  call('lsm_set_self_attr', [460, 460], 100, 0, 0, 0),
  call('init_module', [175, 105], 0, 0, 0),
  call('kexec_file_load', [320, 294], -1, -1, 0, 0, 0),
  call('acct', [163, 89], 0),
  call('quotactl', [179, 60], 0, 0, 0, 0),
  call('swapoff', [168, 225], 0),
  call('vhangup', [153, 58]),
  call('iopl', [172, -1], 3),
  call('ioperm', [173, -1], 0, 1, 1),
  call('settimeofday', [164, 170], 0, 0),
  call('sethostname', [170, 161], 0, 0),
  call('setdomainname', [171, 162], 0, 0),
  call('_sysctl', [156, -1], 0),
  call('uselib', [134, -1], 0),
  call('nfsservctl', [180, 42], 0, 0, 0),
  call('lookup_dcookie', [212, 18], 0, 0, 0),
  call('unshare mounts', [272, 97], 0x2_0000),
  call('unshare network', [272, 97], 0x4000_0000),
  socket('packet', 17, 3, 0),
  socket('raw', 2, 3, 1),
  socket('raw IPv6', 10, 3, 58),
  socket('kernel crypto', 38, 5, 0),
];

/** Newer calls that are free, since their older forms are: without them a program does less, and no wall gains. */
export const FREE: readonly ForbiddenCall[] = [
  call('cachestat', [451, 451], -1, 0, 0, 0),
  call('fchmodat2', [452, 452], -1, 0, 0, 0),
  call('map_shadow_stack', [453, 453], 0, 0, 99),
  call('futex_wake', [454, 454], 1, 0, 0, 0),
  call('mseal', [462, 462], 1, 0, 0),
  call('landlock_create_ruleset', [444, 444], 0, 0, 1),
  call('process_mrelease', [448, 448], -1, 0),
  call('a filter of its own', [317, 277], 1, 0, 0),
  call('memfd_create', [319, 279], 0, 0),
];

/** Makes each call in a child of its own and prints, as JSON, an errno (0: done) or the signal that ended it. */
export function attackScript(calls: readonly ForbiddenCall[], architecture: string): string {
  const at = architecture === 'arm64' ? 1 : 0;
  const here = calls.filter(({ number }) => number[at] >= 0);
  const list = here.map(({ name, number, arguments: args }) => [name, number[at], ...args]);
  return `
import ctypes, json, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def attempt(number, args):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        ctypes.set_errno(0)
        result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) for a in args])
        os.write(writer, str(ctypes.get_errno() if result == -1 else 0).encode())
        os._exit(0)
    os.close(writer)
    said = os.read(reader, 20).decode()
    os.close(reader)
    _, status = os.waitpid(child, 0)
    return int(said) if said else 'signal %d' % os.WTERMSIG(status)
print(json.dumps({name: attempt(number, args) for name, number, *args in json.loads(${JSON.stringify(JSON.stringify(list))})}))
`;
}

/** Calls by the two other doors of an x86_64 kernel, x32 and the 32-bit interrupt: what each gave, or the signal. */
export const OTHER_ABI = `
import ctypes, json, mmap, os
libc = ctypes.CDLL(None, use_errno=True)
def by_x32():
    result = libc.syscall(ctypes.c_long(0x40000000 + 39))
    return result if result > 0 else -ctypes.get_errno()
def by_interrupt():
    # mov eax, 20 (getpid); int 0x80; ret
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(bytes([0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3]))
    return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
def attempt(what):
    child = os.fork()
    if child == 0:
        os._exit(0 if what() > 0 else 1)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status): return 'signal %d' % os.WTERMSIG(status)
    return 'made' if status == 0 else 'unknown'
print(json.dumps([attempt(by_x32), attempt(by_interrupt)]))
`;
