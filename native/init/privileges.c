// What a process must not get the kernel to do. Tried in a child: what wrongly succeeds must not change process 1.
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HUGE_PAGE = 2 << 20 };

static long try_mount(void) {
  if (mount("none", "/tmp", "tmpfs", 0, NULL) != 0) return -1;
  umount2("/tmp", MNT_DETACH);
  return 0;
}
static long try_unmount(void) { return umount2("/proc", MNT_DETACH); }
static long try_open_tree(void) { return syscall(SYS_open_tree, AT_FDCWD, "/", 0); }
static long try_join(void) { return syscall(SYS_setns, -1, 0); }
static long try_root(void) {
  long result = syscall(SYS_setresuid, 0, 0, 0);
  // EINVAL: no user 0 was mapped at all.
  if (result != 0 && errno == EINVAL) errno = EPERM;
  return result;
}
static long try_chroot(void) { return chroot("/"); }
static long try_capset(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct one[2] = {{1U << CAP_SYS_ADMIN, 1U << CAP_SYS_ADMIN, 0}, {0, 0, 0}};
  return syscall(SYS_capset, &header, one);
}
static long try_trace_of_init(void) { return ptrace(PTRACE_SEIZE, 1, NULL, NULL); }
static long try_memory_of_init(void) {
  char byte;
  struct iovec here = {&byte, 1}, there = {(void *)(uintptr_t)&byte, 1};
  // Whole registers: what is passed as an int may bring rubbish in its upper half.
  return syscall(SYS_process_vm_readv, 1L, &here, 1L, &there, 1L, 0L);
}
static long try_trace(void) { return ptrace(PTRACE_TRACEME, 0, NULL, NULL); }
static long try_bpf(void) { return syscall(SYS_bpf, 0, NULL, 0); }
static long try_perf(void) { return syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0); }
static long try_userfaultfd(void) { return syscall(SYS_userfaultfd, 0); }
static long try_io_uring(void) { return syscall(SYS_io_uring_setup, 1, NULL); }
static long try_keyring(void) { return syscall(SYS_keyctl, 0, 0, 0, 0, 0); }
static long try_module(void) { return syscall(SYS_finit_module, -1, "", 0); }
static long try_kexec(void) { return syscall(SYS_kexec_load, 0, 0, NULL, 0); }
static long try_other_memory(void) { return syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0); }
static long try_descriptor(void) { return syscall(SYS_pidfd_getfd, -1, 0, 0); }
static long try_handle(void) { return syscall(SYS_open_by_handle_at, -1, NULL, 0); }
static long try_terminal(void) { return ioctl(0, TIOCSTI, "x"); }
static long try_clock(void) { return syscall(SYS_clock_settime, CLOCK_REALTIME, NULL); }
// Set aside for the whole machine, and on account of no limit of memory. Where there are none, the kernel that was asked says ENOMEM;
// so does the C library in the wall's name, which is not asked therefore. (A segment of them the kernel gives to no ordinary user.)
static long try_huge_mapping(void) { return syscall(SYS_mmap, 0L, (long)HUGE_PAGE, (long)(PROT_READ | PROT_WRITE), (long)(MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB), -1L, 0L); }
static long try_huge_file(void) { return syscall(SYS_memfd_create, "", MFD_HUGETLB); }
static long try_clone(void) {
  long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid((pid_t)pid, NULL, 0);
  return pid;
}
static long try_clone3(void) {
  uint64_t arguments[8] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD, 0, 0, 0};
  long pid = syscall(SYS_clone3, arguments, sizeof arguments);
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid((pid_t)pid, NULL, 0);
  return pid;
}
static long try_unshare(void) { return unshare(CLONE_NEWUSER); }
// A number that no call has, below those of calls that are: what is not listed is refused, and the kernel is not asked. It
// would say that there is no such call, which is no answer of the wall's.
enum { NO_CALL = 400 };
static long try_no_call(void) {
  long result = syscall(NO_CALL);
  if (result < 0 && errno == ENOSYS) errno = EINVAL;
  return result;
}

// A new user namespace comes last: in it, everything is allowed again.
static const struct attempt attempts[] = {
    {"open-tree", try_open_tree}, {"join-namespace", try_join}, {"become-root", try_root},
    {"change-root", try_chroot}, {"trace", try_trace}, {"bpf", try_bpf},
    {"perf-events", try_perf}, {"userfaultfd", try_userfaultfd}, {"io-uring", try_io_uring}, {"keyring", try_keyring},
    {"load-module", try_module}, {"kexec", try_kexec}, {"read-other-memory", try_other_memory},
    {"huge-pages", try_huge_mapping}, {"huge-page-files", try_huge_file},
    {"take-descriptor", try_descriptor}, {"open-by-handle", try_handle}, {"push-terminal-input", try_terminal},
    {"set-clock", try_clock}, {"gain-capabilities", try_capset}, {"clone-namespace", try_clone}, {"clone3", try_clone3},
    {"call-not-listed", try_no_call}, {"user-namespace", try_unshare},
};
// In a child of its own: the telemetry counts what one process repeats, and tells it when the job has begun.
static const struct attempt on_init[] = {
    {"trace-process-1", try_trace_of_init},
    {"read-process-1-by-call", try_memory_of_init},
};
// In mounts of its own where it may make such: what succeeds must not change the sandbox's. First, so that these are there.
static long own_mounts(void) { return unshare(CLONE_NEWNS); }
static const struct attempt on_mounts[] = {{"", own_mounts}, {"mount", try_mount}, {"unmount", try_unmount}};
enum { ON_MOUNTS = sizeof on_mounts / sizeof *on_mounts };
enum { ON_INIT = sizeof on_init / sizeof *on_init };
enum { ATTEMPTS = sizeof attempts / sizeof *attempts };

static void judge(const struct attempt *list, int count) {
  int answers[ATTEMPTS];
  answers_of(list, count, answers);
  // The only right answer is the wall's: another error says that the call itself was let through.
  for (int i = 0; i < count; i++)
    if (*list[i].id != 0) note(list[i].id, "attack", answers[i] == EPERM || answers[i] == ENOSYS || answers[i] == EACCES, "%s", answers[i] < 0 ? "no answer" : error_name(answers[i]));
}

void probe_privileges(void) {
  judge(attempts, ATTEMPTS);
  judge(on_init, ON_INIT);
  judge(on_mounts, ON_MOUNTS);
}
