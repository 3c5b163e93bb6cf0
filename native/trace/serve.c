/* Answers the calls that the filter hands over (seccomp_unotify(2)). What the filter would refuse is refused here too. */
#define _GNU_SOURCE
#include "trace.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "trace: this architecture is not supported"
#endif

static struct seccomp_notif *request;
static struct seccomp_notif_resp *response;
static struct seccomp_notif_sizes sizes;

bool serve_prepare(void) {
  if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0) return false;
  if (sizes.seccomp_notif < sizeof *request) sizes.seccomp_notif = sizeof *request;
  if (sizes.seccomp_notif_resp < sizeof *response) sizes.seccomp_notif_resp = sizeof *response;
  request = malloc(sizes.seccomp_notif);
  response = malloc(sizes.seccomp_notif_resp);
  return request != NULL && response != NULL;
}

int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Answers the caller. False when it is gone or was interrupted by a signal; then the call comes again as a new one. */
static bool answer(int notify, int error) {
  memset(response, 0, sizes.seccomp_notif_resp);
  response->id = request->id;
  response->error = -error;
  response->flags = error == 0 ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
  return ioctl(notify, SECCOMP_IOCTL_NOTIF_SEND, response) == 0;
}

int64_t steady_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void serve_execution(int notify, bool at) {
  static struct execution seen;
  pid_t task = (pid_t)request->pid;
  seen.at_ms = now_ms();
  seen.path_length = seen.argument_count = 0;
  seen.host_pid = 0;
  seen.cut = seen.missing = false;
  bool identified = read_identity(task, &seen);
  read_execution(task, at, request->data.args, &seen);
  seen.arguments_at = arguments_at(task);
  /* Only now is it certain that the process we read was the caller and not another with its recycled id. */
  bool valid = ioctl(notify, SECCOMP_IOCTL_NOTIF_ID_VALID, &request->id) == 0;
  /* Before it can end. */
  if (identified && valid) life_begin(&seen);
  if (!answer(notify, 0) || !valid) return;
  if (identified) record_execution(&seen);
  else record_gap("a process was started whose identity could not be read");
}

/* Everything that the profile notifies of is refused; the error is the one that programs know how to take. */
static void serve_socket(int notify) {
  int family = (int)request->data.args[0], type = (int)request->data.args[1] & 0xf, protocol = (int)request->data.args[2];
  struct execution caller = {.pid = 0};
  bool inet = family == AF_INET || family == AF_INET6;
  /* Go asks for multipath TCP first, every time, and takes plain TCP when told so: no attempt at anything. */
  if (inet && type == SOCK_STREAM && protocol == IPPROTO_MPTCP) {
    (void)answer(notify, EPROTONOSUPPORT);
    return;
  }
  int error = type == SOCK_RAW || family == AF_PACKET ? EPERM : inet ? EACCES : EAFNOSUPPORT;
  if (family == AF_NETLINK) error = EPROTONOSUPPORT;
  (void)read_identity((pid_t)request->pid, &caller);
  if (answer(notify, error)) record_refusal(caller.pid, family, type, protocol);
}

/* The filter refuses these without us as well. Whoever repeats one is answered at once and counted. */
static void serve_refused(int notify, const struct attempt_kind *kind) {
  pid_t task = (pid_t)request->pid;
  if (attempt_again(task, kind)) {
    (void)answer(notify, kind->error);
    return;
  }
  struct attempt *attempt = attempt_begin(task, kind, request->data.args);
  bool valid = ioctl(notify, SECCOMP_IOCTL_NOTIF_ID_VALID, &request->id) == 0;
  if (answer(notify, kind->error) && valid) attempt_tell(attempt, true);
  else attempt_drop(attempt);
}

/* Changes of user that the filter lets through: the kernel decides, and without a capability it gives only what one has. */
static void serve_identity(int notify, const struct attempt_kind *kind) {
  pid_t task = (pid_t)request->pid;
  bool refused = true;
  bool other = identity_changes(task, kind, request->data.args, &refused);
  struct attempt *attempt = !other || attempt_again(task, kind) ? NULL : attempt_begin(task, kind, request->data.args);
  bool valid = ioctl(notify, SECCOMP_IOCTL_NOTIF_ID_VALID, &request->id) == 0;
  bool answered = answer(notify, 0);
  if (attempt == NULL) return;
  if (answered && valid) attempt_tell(attempt, refused);
  else attempt_drop(attempt);
}

static void serve_exit(int notify) {
  /* While it waits, what it did to files can still be told with its name. */
  files_look();
  life_exit((pid_t)request->pid, (int)(request->data.args[0] & 0xff));
  (void)answer(notify, 0);
}

static void serve_use(int notify, enum socket_use use) {
  bool told = socket_begin((pid_t)request->pid, (int)request->data.args[0], use);
  bool valid = ioctl(notify, SECCOMP_IOCTL_NOTIF_ID_VALID, &request->id) == 0;
  bool answered = answer(notify, 0);
  if (told) socket_answered(answered && valid);
}

/* One notification. False when the descriptor is of no more use. */
bool serve(int notify) {
  memset(request, 0, sizes.seccomp_notif);
  if (ioctl(notify, SECCOMP_IOCTL_NOTIF_RECV, request) != 0) return errno == ENOENT || errno == EINTR;
  sockets_done((pid_t)request->pid);
  if (request->data.arch != NATIVE_ARCHITECTURE) {
    if (answer(notify, ENOSYS)) record_gap("a call of a foreign architecture was refused");
    return true;
  }
  switch (request->data.nr) {
    case SYS_execve: serve_execution(notify, false); return true;
    case SYS_execveat: serve_execution(notify, true); return true;
    case SYS_socket: serve_socket(notify); return true;
    case SYS_exit_group: serve_exit(notify); return true;
    case SYS_connect: serve_use(notify, SOCKET_CONNECTS); return true;
    case SYS_listen: serve_use(notify, SOCKET_LISTENS); return true;
    case SYS_bind: serve_use(notify, SOCKET_BINDS); return true;
    default: break;
  }
  const struct attempt_kind *kind = attempt_kind(request->data.nr);
  if (kind == NULL) {
    if (answer(notify, ENOSYS)) record_gap("a call that is not known to the telemetry was refused");
  } else if (kind->error != 0) {
    serve_refused(notify, kind);
  } else {
    serve_identity(notify, kind);
  }
  return true;
}
