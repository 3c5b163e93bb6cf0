/** What a job with a profile needs to do, and what it must not do with it: each prints one line. */

const COMMON = `
import ctypes, ctypes.util, errno, os, signal, socket, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
def said(result):
    return 'done' if result >= 0 else errno.errorcode.get(ctypes.get_errno(), str(ctypes.get_errno()))
def opened(path, flags):
    try: os.close(os.open(path, flags)); return 'done'
    except OSError as error: return errno.errorcode[error.errno]
def in_child(what):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try: answer = str(what())
        except OSError as error: answer = errno.errorcode[error.errno]
        os.write(writer, answer.encode()); os._exit(0)
    os.close(writer)
    answer = os.read(reader, 200).decode(); os.close(reader)
    _, status = os.waitpid(child, 0)
    return answer or 'ended by %d' % status
def tell(name, what): print('%s: %s' % (name, what), flush=True)
ARM = os.uname().machine == 'aarch64'
`;

/** A process reads and changes a child of its own, and tries the same on process 1. */
export const TRACING = `${COMMON}
PTRACE_ATTACH, PTRACE_DETACH, PTRACE_SEIZE, PTRACE_PEEKDATA, PTRACE_POKEDATA = 16, 17, 0x4206, 2, 5
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
secret = ctypes.create_string_buffer(b'own child', 16)
address = ctypes.addressof(secret)
child = os.fork()
if child == 0:
    signal.pause(); os._exit(0)
def read(pid):
    class iovec(ctypes.Structure): _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]
    here = ctypes.create_string_buffer(16)
    got = libc.process_vm_readv(pid, ctypes.byref(iovec(ctypes.addressof(here), 9)), 1, ctypes.byref(iovec(address, 9)), 1, 0)
    return here.raw[:9].decode() if got == 9 else said(-1)
def attach(pid):
    ctypes.set_errno(0)
    if libc.ptrace(PTRACE_ATTACH, pid, None, None) < 0: return said(-1)
    os.waitpid(pid, 0)
    word = libc.ptrace(PTRACE_PEEKDATA, pid, address, None)
    libc.ptrace(PTRACE_DETACH, pid, None, None)
    return struct.pack('q', word)[:8].decode()
tell('read a child', read(child))
tell('attach to a child', attach(child))
os.kill(child, 9); os.waitpid(child, 0)
tell('read process 1', in_child(lambda: read(1)))
tell('attach to process 1', in_child(lambda: attach(1)))
tell('seize process 1', in_child(lambda: said(libc.ptrace(PTRACE_SEIZE, 1, None, None))))
tell('memory of process 1', opened('/proc/1/mem', os.O_RDWR))
tell('environment of process 1', opened('/proc/1/environ', os.O_RDONLY))
tell('descriptors of process 1', in_child(lambda: len(os.listdir('/proc/1/fd'))))
# Made its parent's tracee, a process that stops has not ended.
ctypes.set_errno(0)
tracee = os.fork()
if tracee == 0:
    if libc.ptrace(0, 0, None, None) < 0: os._exit(8)
    os.kill(os.getpid(), signal.SIGSTOP)
    os._exit(7)
os.waitpid(tracee, 0)
libc.ptrace(PTRACE_DETACH, tracee, None, None)
tell('end of a tracee', os.waitstatus_to_exitcode(os.waitpid(tracee, 0)[1]))
`;

/** A step that has process 1 trace it, and stops: it ends when it ends. */
export const TRACED_BY_PARENT = `${COMMON}
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
traced = libc.ptrace(0, 0, None, None) >= 0
print(os.getppid(), traced, flush=True)
if not traced: sys.exit(5)
os.kill(os.getpid(), signal.SIGSTOP)
os.execvp('sh', ['sh', '-c', 'echo went on; exit 9'])
`;

/** Root of a namespace of its own, with the namespaces that are named, tries what is beyond it. */
export const NESTED = (flags: number): string => `${COMMON}
NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, NEWCGROUP = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x2000000
FLAGS = ${flags}
MS_REMOUNT, MS_BIND, MS_REC, MS_RDONLY = 32, 4096, 16384, 1
def write(path, text):
    fd = os.open(path, os.O_WRONLY)
    try: os.write(fd, text.encode())
    finally: os.close(fd)
def become(flags=FLAGS, ids=None):
    if libc.unshare(flags) < 0: raise OSError(ctypes.get_errno(), 'unshare')
    write('/proc/self/setgroups', 'deny')
    write('/proc/self/gid_map', '0 1001 1')
    write('/proc/self/uid_map', '0 1001 1')
def as_root(what, flags=FLAGS):
    def both(): become(flags); return what()
    return in_child(both)
def mount(source, target, kind, options):
    return said(libc.mount(source, target, kind, options, None))
tell('root of its own namespace', as_root(lambda: 'uid %d' % os.getuid()))
for name in ('NEWNET', 'NEWCGROUP', 'NEWNS'):
    tell('a namespace ' + name, in_child(lambda: said(libc.unshare(NEWUSER | globals()[name]))))
tell('mount a file system in memory', as_root(lambda: mount(b't', b'/mnt', b'tmpfs', 0)))
tell('write the root', as_root(lambda: mount(None, b'/', None, MS_REMOUNT | MS_BIND)))
tell('write /usr', as_root(lambda: mount(None, b'/usr', None, MS_REMOUNT | MS_BIND)))
tell('uncover /proc/sys', as_root(lambda: said(libc.umount2(b'/proc/sys', 2))))
hidden = [path for path in ('/proc/keys', '/proc/timer_list', '/proc/kcore', '/proc/modules') if os.path.exists(path)][0]
tell('uncover a hidden file', as_root(lambda: said(libc.umount2(hidden.encode(), 2))))
tell('another /proc', as_root(lambda: mount(b'proc', b'/mnt', b'proc', 0)))
tell('a /sys', as_root(lambda: mount(b'sys', b'/mnt', b'sysfs', 0)))
tell('control groups', as_root(lambda: mount(b'cg', b'/mnt', b'cgroup2', 0)))
tell('a disk', as_root(lambda: mount(b'/dev/null', b'/mnt', b'ext4', 0)))
def device():
    os.mknod('/tmp/device', 0o060600, os.makedev(254, 0)); return 'made'
tell('a device', as_root(device))
tell('a kernel setting', as_root(lambda: opened('/proc/sys/kernel/core_pattern', os.O_WRONLY)))
tell('memory of process 1', as_root(lambda: opened('/proc/1/mem', os.O_RDONLY)))
tell('namespaces of process 1', as_root(lambda: opened('/proc/1/ns/mnt', os.O_RDONLY)))
def bpf(): return said(libc.syscall(280 if ARM else 321, 5, 0, 0))
tell('bpf', as_root(bpf))
def module(): return said(libc.syscall(273 if ARM else 313, -1, b'', 0))
tell('a module', as_root(module))
def key(): return said(libc.syscall(219 if ARM else 250, 0, -3, 0))
tell('a keyring', as_root(key))
def raw():
    socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).close(); return 'done'
tell('a raw socket', as_root(raw))
def others(start, count, inside='0'):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        libc.unshare(NEWUSER); os.write(writer, b'x'); signal.pause()
    os.read(reader, 1)
    try: write('/proc/%d/uid_map' % child, '%s %d %d' % (inside, start, count)); return 'done'
    finally: os.kill(child, 9); os.waitpid(child, 0)
tell('map further ids', in_child(lambda: others(100000, 65536)))
tell('map the sandbox root', in_child(lambda: others(0, 1)))
tell('map ids that are nobody\\'s', in_child(lambda: others(65534, 1)))
def become_id(id):
    os.setresuid(id, id, id); return 'uid %d' % os.getuid()
tell('become a further user', in_child(lambda: become_id(100000)))
`;

/** A job that has all capabilities of its own namespaces tries what lies beyond these. */
export const PRIVILEGED = `${COMMON}
def mounted(source, kind, target=b'/mnt', flags=0): return said(libc.mount(source, target, kind, flags, None))
tell('mount a file system in memory', mounted(b't', b'tmpfs')); libc.umount2(b'/mnt', 2)
def uncovered():
    for path in (b'/proc/sys', b'/proc/sysrq-trigger', b'/proc/kcore', b'/proc/keys', b'/proc/bus', b'/proc/irq', b'/proc/fs'):
        libc.umount2(path, 2)
    found = [opened(path, os.O_WRONLY) for path in ('/proc/sys/kernel/core_pattern', '/proc/sys/kernel/modprobe', '/proc/sysrq-trigger')]
    return ' '.join(sorted(set(found)))
tell('kernel settings, uncovered', uncovered())
tell('a /sys', mounted(b's', b'sysfs'))
tell('debug files', mounted(b'd', b'debugfs'))
def release_agent():
    first = mounted(b'c', b'cgroup', flags=0)
    if first != 'done': return first
    return opened('/mnt/release_agent', os.O_WRONLY)
tell('release_agent', release_agent())
tell('write /usr', said(libc.mount(None, b'/usr', None, 32 | 4096, None)) and opened('/usr/planted', os.O_CREAT | os.O_WRONLY))
def device(path, major, minor):
    try: os.mknod(path, 0o060600, os.makedev(major, minor))
    except OSError as error: return errno.errorcode[error.errno]
    return opened(path, os.O_RDONLY)
tell('a disk of the machine', device('/tmp/disk', 254, 0))
tell('memory of process 1', in_child(lambda: opened('/proc/1/mem', os.O_RDONLY)))
tell('descriptors of process 1', in_child(lambda: os.readlink('/proc/1/fd/3')))
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
tell('seize process 1', in_child(lambda: said(libc.ptrace(0x4206, 1, None, None))))
tell('signal process 1', in_child(lambda: said(libc.kill(1, 9))))
def route():
    held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    return said(libc.ioctl(held.fileno(), 0x8914, ctypes.create_string_buffer(b'lo' + bytes(38), 40)))
tell('take the loopback down', in_child(route))
def raw():
    socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).close(); return 'done'
tell('a raw socket', in_child(raw))
tell('bpf', in_child(lambda: said(libc.syscall(280 if ARM else 321, 5, 0, 0))))
tell('a module', in_child(lambda: said(libc.syscall(273 if ARM else 313, -1, b'', 0))))
tell('the clock', in_child(lambda: said(libc.syscall(112 if ARM else 227, 0, ctypes.create_string_buffer(16)))))
tell('another user of the machine', in_child(lambda: os.setresuid(0, 0, 0) or open('/proc/self/uid_map').read().split()[1]))
`;
