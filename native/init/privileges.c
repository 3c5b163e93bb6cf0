// What a process must not get the kernel to do. Tried in a child: what wrongly succeeds must not change process 1.
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

// A new user namespace comes last: in it, everything is allowed again.
static const struct attempt {
  const char *id;
  long (*make)(void);
} attempts[] = {
    {"mount", try_mount}, {"open-tree", try_open_tree}, {"join-namespace", try_join}, {"become-root", try_root},
    {"change-root", try_chroot}, {"trace", try_trace}, {"bpf", try_bpf},
    {"perf-events", try_perf}, {"userfaultfd", try_userfaultfd}, {"io-uring", try_io_uring}, {"keyring", try_keyring},
    {"load-module", try_module}, {"kexec", try_kexec}, {"read-other-memory", try_other_memory},
    {"take-descriptor", try_descriptor}, {"open-by-handle", try_handle}, {"push-terminal-input", try_terminal},
    {"set-clock", try_clock}, {"gain-capabilities", try_capset}, {"unmount", try_unmount}, {"clone-namespace", try_clone}, {"clone3", try_clone3},
    {"user-namespace", try_unshare},
};
enum { ATTEMPTS = sizeof attempts / sizeof *attempts };

void probe_privileges(void) {
  int answers[2];
  if (pipe2(answers, O_CLOEXEC) != 0) die("init: no pipe for the probe\n");
  pid_t pid = fork();
  if (pid < 0) die("init: no process for the probe\n");
  if (pid == 0) {
    for (int i = 0; i < ATTEMPTS; i++) {
      errno = 0;
      int error = attempts[i].make() < 0 ? errno : 0;
      if (write(answers[1], &error, sizeof error) != (ssize_t)sizeof error) break;
    }
    _exit(0);
  }
  close(answers[1]);
  for (int i = 0; i < ATTEMPTS; i++) {
    int error;
    ssize_t n;
    while ((n = read(answers[0], &error, sizeof error)) < 0 && errno == EINTR) continue;
    // The only right answer is the wall's: another error says that the call itself was let through.
    if (n == (ssize_t)sizeof error) note(attempts[i].id, "attack", error == EPERM || error == ENOSYS || error == EACCES, "%s", error_name(error));
    else note(attempts[i].id, "attack", 0, "no answer");
  }
  close(answers[0]);
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
}
