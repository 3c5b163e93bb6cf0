// What root of a user namespace inside the sandbox must not do, where a profile lets a job make one.
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t n = write(fd, text, strlen(text));
  int error = errno;
  close(fd);
  errno = error;
  return n < 0 ? -1 : 0;
}

// Becomes root of a new user namespace in which only our own id is somebody; also of new mounts, where the profile allows these.
static long become(void) {
  unsigned uid = geteuid(), gid = getegid();
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER) != 0) return -1;
  char map[64];
  if (put("/proc/self/setgroups", "deny") != 0) return -1;
  snprintf(map, sizeof map, "0 %u 1", gid);
  if (put("/proc/self/gid_map", map) != 0) return -1;
  snprintf(map, sizeof map, "0 %u 1", uid);
  if (put("/proc/self/uid_map", map) != 0) return -1;
  return setresuid(0, 0, 0);
}

static long remount(void) { return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL); }
static long uncover(void) { return umount2("/proc/sys", MNT_DETACH); }
static long set_kernel(void) { return open("/proc/sys/kernel/core_pattern", O_WRONLY | O_CLOEXEC); }
static long seize(void) { return ptrace(PTRACE_SEIZE, 1, NULL, NULL); }
static long read_memory(void) { return open("/proc/1/mem", O_RDONLY | O_CLOEXEC); }
static long own_processes(void) { return mount("proc", "/tmp", "proc", 0, NULL); }
static long own_system(void) { return mount("sysfs", "/tmp", "sysfs", 0, NULL); }
static long join(void) {
  int fd = open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC);
  return fd < 0 ? fd : syscall(SYS_setns, fd, 0);
}
static long trace_system(void) { return syscall(SYS_bpf, 5, NULL, 0); }

// The sandbox's own root is nobody's to map, whoever may map the others: by its parent, which may do the most.
static long map_root(void) {
  pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) {
    for (;;) pause();
  }
  if (pid < 0) return -1;
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/uid_map", (int)pid);
  int result = put(path, "0 0 1");
  int error = errno;
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  errno = error;
  return result;
}

// A namespace of one kind, by either call. The only right refusal is the filter's: another says that it was let through. What it is
// worth is the control side's to say, as a profile may have it.
static long made(int kind) {
  // Its low byte is the signal of clone(2): there is none of this kind to be had by it.
  long pid = kind == CLONE_NEWTIME ? -1 : syscall(SYS_clone, kind | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid((pid_t)pid, NULL, 0);
  int error = kind == CLONE_NEWTIME ? EPERM : errno;
  if (unshare(kind) == 0) return 0;
  if (pid > 0) return 0;
  if (error != EPERM) errno = error;
  return -1;
}
static long new_mounts(void) { return made(CLONE_NEWNS); }
static long new_name(void) { return made(CLONE_NEWUTS); }
static long new_objects(void) { return made(CLONE_NEWIPC); }
static long new_processes(void) { return made(CLONE_NEWPID); }
static long new_network(void) { return made(CLONE_NEWNET); }
static long new_groups(void) { return made(CLONE_NEWCGROUP); }
static long new_clocks(void) { return made(CLONE_NEWTIME); }

static const struct attempt nested[] = {
    {"nested-user-namespace", become},       {"nested-remount", remount},         {"nested-uncover-settings", uncover},
    {"nested-kernel-setting", set_kernel},   {"nested-trace-process-1", seize},   {"nested-memory-of-process-1", read_memory},
    {"nested-processes", own_processes},     {"nested-sysfs", own_system},        {"nested-join-process-1", join},
    {"nested-bpf", trace_system},            {"nested-new-mounts", new_mounts},   {"nested-new-name", new_name},
    {"nested-new-objects", new_objects},     {"nested-new-processes", new_processes}, {"nested-new-network", new_network},
    {"nested-new-groups", new_groups},       {"nested-new-clocks", new_clocks},
};
static const struct attempt mapping[] = {{"nested-map-root", map_root}};
enum { COUNT = sizeof nested / sizeof *nested, FIRST_NEW = COUNT - 7 };

// Each from a namespace of its own: the telemetry counts what one process repeats, and tells it when the job has begun.
static void attack(void *with) {
  int *answers = with;
  answers_of(nested, 1, answers);
  for (int i = 1; i < COUNT; i++) {
    const struct attempt both[] = {nested[0], nested[i]};
    int two[2];
    answers_of(both, 2, two);
    // What was tried from outside of it proves nothing.
    answers[i] = two[0] == 0 ? two[1] : -1;
  }
  answers_of(mapping, 1, answers + COUNT);
}

void probe_nested(void) {
  int answers[COUNT + 1];
  in_confinement(attack, answers);
  // This one must succeed: what is refused to nobody proves nothing.
  note(nested[0].id, "state", answers[0] == 0, "%s", answers[0] < 0 ? "no answer" : error_name(answers[0]));
  for (int i = 1; i <= COUNT; i++)
    note(i < COUNT ? nested[i].id : mapping[0].id, "attack", i >= FIRST_NEW && i < COUNT ? answers[i] == EPERM : answers[i] > 0, "%s", answers[i] < 0 ? "no answer" : error_name(answers[i]));
}
