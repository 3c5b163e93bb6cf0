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
  call('bpf', [321, 280], 0, 0, 0),
  call('perf_event_open', [298, 241], 0, 0, -1, -1, 0),
  call('io_uring_setup', [425, 425], 1, 0),
  call('keyctl', [250, 219], 0, 0, 0, 0, 0),
  call('add_key', [248, 217], 0, 0, 0, 0, 0),
  call('request_key', [249, 218], 0, 0, 0, 0),
  call('userfaultfd for user memory', [323, 282], 1),
  call('name_to_handle_at', [303, 264], -1, 0, 0, 0, 0),
  call('set_mempolicy', [238, 237], 0, 0, 0),
  call('personality that maps readable memory executable', [135, 92], 0x40_0000),
  call('seccomp', [317, 277], 99, 0, 0),
  call('clock_settime', [227, 112], 0, 0),
  call('terminal input by ioctl', [16, 29], 0, 0x5412, 0),
  call('terminal input by ioctl, upper bits set', [16, 29], 0, 0x1_0000_5412, 0),
  call('console paste by ioctl', [16, 29], 0, 0x541c, 0),
  call('limits of process 1', [302, 261], 1, 7, 0, 0),
  socket('netlink netfilter', 16, 3, 12),
  socket('netlink audit', 16, 3, 9),
  socket('netlink generic', 16, 3, 16),
  socket('vsock', 40, 1, 0),
  socket('multipath TCP', 2, 1, 262),
];

/** Held by more than the filter, so that the answer is a refusal with and without it. */
export const REFUSED_TWICE: readonly ForbiddenCall[] = [
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
  call('unshare mounts', [272, 97], 0x2_0000),
  call('unshare network', [272, 97], 0x4000_0000),
  socket('packet', 17, 3, 0),
  socket('raw', 2, 3, 1),
  socket('raw IPv6', 10, 3, 58),
  socket('kernel crypto', 38, 5, 0),
];

/** Makes each call in a child of its own and prints, as JSON, an errno (0: done) or the signal that ended it. */
export function attackScript(calls: readonly ForbiddenCall[], architecture: string): string {
  const at = architecture === 'arm64' ? 1 : 0;
  const list = calls.map(({ name, number, arguments: args }) => [name, number[at], ...args]);
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

/** Calls by the two other doors of an x86_64 kernel: x32, and the 32-bit interrupt. */
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
    return 'made' if status == 0 else 'refused'
print(json.dumps([attempt(by_x32), attempt(by_interrupt)]))
`;
