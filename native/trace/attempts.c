/*
 * Calls that an ordinary build does not make. Each is told once with who made it; the same call by the same thread within
 * a second is counted, so that a loop of millions costs a line a second. Which calls come here is the filter's to say.
 */
#define _GNU_SOURCE
#include "trace.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

/* Not yet in every C library's headers; the numbers are the same on all architectures (asm-generic/unistd.h). */
#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

#define SLOTS 64
#define TOGETHER_MS 1000

#define REFUSED(call, path) {SYS_##call, #call, EPERM, path, 0}
#define IDENTITY(call, ids) {SYS_##call, #call, 0, -1, ids}
#define MODE(call, path) {SYS_##call, #call, 0, path, 'm'}

static const struct attempt_kind kinds[] = {
  REFUSED(ptrace, -1),        REFUSED(process_vm_readv, -1), REFUSED(process_vm_writev, -1), REFUSED(process_madvise, -1),
  REFUSED(pidfd_getfd, -1),   REFUSED(kcmp, -1),             REFUSED(unshare, -1),           REFUSED(setns, -1),
  REFUSED(clone, -1),         REFUSED(mount, 1),             REFUSED(umount2, 0),            REFUSED(pivot_root, 0),
  REFUSED(chroot, 0),         REFUSED(open_tree, 1),         REFUSED(move_mount, 3),
  REFUSED(fsopen, 0),         REFUSED(fspick, 1),            REFUSED(mount_setattr, 1),      REFUSED(init_module, -1),
  REFUSED(finit_module, -1),  REFUSED(delete_module, 0),     REFUSED(kexec_load, -1),        REFUSED(reboot, -1),
  REFUSED(swapon, 0),         REFUSED(swapoff, 0),           REFUSED(acct, 0),               REFUSED(quotactl, -1),
  REFUSED(syslog, -1),        REFUSED(settimeofday, -1),     REFUSED(clock_settime, -1),     REFUSED(adjtimex, -1),
  REFUSED(clock_adjtime, -1), REFUSED(bpf, -1),              REFUSED(perf_event_open, -1),   REFUSED(userfaultfd, -1),
  REFUSED(fanotify_init, -1), REFUSED(add_key, 0),           REFUSED(request_key, 0),        REFUSED(keyctl, -1),
  REFUSED(open_by_handle_at, -1), REFUSED(ioctl, -1),
#ifdef SYS_kexec_file_load
  REFUSED(kexec_file_load, -1),
#endif
#ifdef SYS_iopl
  REFUSED(iopl, -1),          REFUSED(ioperm, -1),
#endif
  /* Libraries ask for them and do without when the kernel does not know them. */
  {SYS_open_tree_attr, "open_tree_attr", ENOSYS, 1, 0},
  {SYS_io_uring_setup, "io_uring_setup", ENOSYS, -1, 0},
  IDENTITY(setuid, 'u'),      IDENTITY(setreuid, 'u'),       IDENTITY(setresuid, 'u'),       IDENTITY(setfsuid, 'u'),
  IDENTITY(setgid, 'g'),      IDENTITY(setregid, 'g'),       IDENTITY(setresgid, 'g'),       IDENTITY(setfsgid, 'g'),
  IDENTITY(setgroups, 'G'),
  /* The filter hands over only those that set a set-user-id bit. */
  MODE(fchmod, -1),           MODE(fchmodat, 1),             MODE(fchmodat2, 1),
#ifdef SYS_chmod
  MODE(chmod, 0),
#endif
};

static struct attempt slots[SLOTS];

const struct attempt_kind *attempt_kind(int number) {
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i += 1)
    if (kinds[i].number == number) return &kinds[i];
  return NULL;
}

/* What was counted since it was told is told; then the place is free. */
static void settle(struct attempt *attempt) {
  if (attempt->kind != NULL && attempt->count > 0) record_attempt(attempt);
  attempt->kind = NULL;
}

bool attempt_again(pid_t task, const struct attempt_kind *kind) {
  int64_t now = steady_ms();
  for (size_t i = 0; i < SLOTS; i += 1) {
    struct attempt *attempt = &slots[i];
    if (attempt->kind == NULL || attempt->task != task || attempt->kind != kind) continue;
    if (now - attempt->since >= TOGETHER_MS) {
      if (attempt->count > 0) record_attempt(attempt);
      attempt->since = now;
      attempt->count = 0;
    }
    attempt->count += 1;
    return true;
  }
  return false;
}

struct attempt *attempt_begin(pid_t task, const struct attempt_kind *kind, const unsigned long long *arguments) {
  struct attempt *attempt = &slots[0];
  for (size_t i = 0; i < SLOTS; i += 1) {
    if (slots[i].kind == NULL) {
      attempt = &slots[i];
      break;
    }
    if (slots[i].since < attempt->since) attempt = &slots[i];
  }
  settle(attempt);
  *attempt = (struct attempt){.kind = kind, .task = task, .since = steady_ms(), .count = 1};
  for (size_t i = 0; i < ATTEMPT_ARGUMENTS; i += 1) attempt->arguments[i] = (uint32_t)arguments[i];
  attempt->caller.at_ms = now_ms();
  (void)read_identity(task, &attempt->caller);
  read_command(task, &attempt->caller);
  if (kind->number == SYS_fchmod) read_descriptor((int)arguments[0], &attempt->caller);
  if (kind->path >= 0) read_path(task, arguments[kind->path], &attempt->caller);
  return attempt;
}

void attempt_tell(struct attempt *attempt, bool refused) {
  attempt->refused = refused;
  record_attempt(attempt);
  attempt->count = 0;
}

void attempt_drop(struct attempt *attempt) { attempt->kind = NULL; }

int attempt_wait_ms(void) {
  for (size_t i = 0; i < SLOTS; i += 1)
    if (slots[i].kind != NULL && slots[i].count > 0) return TOGETHER_MS;
  return -1;
}

void attempt_settle(bool all) {
  int64_t now = steady_ms();
  for (size_t i = 0; i < SLOTS; i += 1)
    if (slots[i].kind != NULL && (all || now - slots[i].since >= TOGETHER_MS)) settle(&slots[i]);
}
