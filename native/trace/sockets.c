/*
 * Sockets that connect or wait for others. Which address and port a socket gets is decided by the call itself, so a copy of
 * the descriptor is looked at just after the caller went on, and closed: at once as a rule, when its
 * thread asks for something else, or after 2 s.
 */
#define _GNU_SOURCE
#include "trace.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define WAITING_MAX 64
#define WAIT_MS 2000
/* Whoever asks who connected waits for our word: the caller, as a rule, needs some microseconds until its call is over. */
#define LOOK_SOON_US 50
#define SOON_LOOKS 8
#define LOOK_EVERY_US 1000

struct waiting {
  pid_t task;
  int descriptor;
  int looks;
  enum socket_use use;
  int64_t since;
  struct execution caller;
};

static struct waiting waiting[WAITING_MAX];
static size_t waiting_count;

static int option(int descriptor, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

/* The local end, once there is one. */
static bool local_end(int descriptor, struct socket_seen *seen) {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
  } end = {.any = {0}};
  socklen_t length = sizeof end;
  if (getsockname(descriptor, &end.any, &length) != 0) return false;
  if (end.any.sa_family == AF_INET) {
    seen->port = ntohs(end.v4.sin_port);
    (void)inet_ntop(AF_INET, &end.v4.sin_addr, seen->address, sizeof seen->address);
  } else if (end.any.sa_family == AF_INET6) {
    seen->port = ntohs(end.v6.sin6_port);
    (void)inet_ntop(AF_INET6, &end.v6.sin6_addr, seen->address, sizeof seen->address);
  } else if (end.any.sa_family == AF_UNIX && length > offsetof(struct sockaddr_un, sun_path)) {
    /* An abstract name begins with NUL, which is shown as @ (unix(7)). */
    size_t size = length - offsetof(struct sockaddr_un, sun_path);
    if (size >= sizeof seen->address) size = sizeof seen->address - 1;
    memcpy(seen->address, end.local.sun_path, size);
    seen->address[size] = '\0';
    if (seen->address[0] == '\0') seen->address[0] = '@';
    return true;
  }
  return seen->port != 0;
}

/* True when it was told, or never will be. */
static bool look(struct waiting *one) {
  struct socket_seen seen = {.use = one->use, .caller = &one->caller};
  if (one->use == SOCKET_LISTENS && option(one->descriptor, SO_ACCEPTCONN) != 1) return false;
  if (!local_end(one->descriptor, &seen)) return false;
  int family = option(one->descriptor, SO_DOMAIN);
  seen.protocol = family == AF_UNIX ? "unix" : option(one->descriptor, SO_TYPE) == SOCK_DGRAM ? "udp" : "tcp";
  record_socket(&seen);
  return true;
}

/* Before the caller goes on: whether this is a socket that is to be told, with a copy of it and who asked. */
bool socket_begin(pid_t task, int descriptor, enum socket_use use) {
  struct waiting *one = &waiting[waiting_count];
  if (waiting_count == WAITING_MAX) return false;
  *one = (struct waiting){.task = task, .descriptor = -1, .use = use, .since = steady_ms()};
  if (!read_identity(task, &one->caller)) return false;
  int process = (int)syscall(SYS_pidfd_open, one->caller.host_pid, 0);
  if (process < 0) return false;
  one->descriptor = (int)syscall(SYS_pidfd_getfd, process, descriptor, 0);
  close(process);
  if (one->descriptor < 0) return false;
  int family = option(one->descriptor, SO_DOMAIN), type = option(one->descriptor, SO_TYPE);
  bool inet = family == AF_INET || family == AF_INET6;
  bool wanted = use == SOCKET_LISTENS ? inet || family == AF_UNIX : use == SOCKET_BINDS ? inet && type == SOCK_DGRAM : inet;
  if (!wanted) {
    close(one->descriptor);
    return false;
  }
  one->caller.at_ms = now_ms();
  read_command(task, &one->caller);
  waiting_count += 1;
  return true;
}

/* After the caller went on: as a rule its call is over as soon as it has run. */
void socket_answered(bool answered) {
  struct waiting *one = &waiting[waiting_count - 1];
  if (answered) {
    (void)sched_yield();
    if (!look(one)) return;
  }
  close(one->descriptor);
  waiting_count -= 1;
}

/* A thread that asks for something else has its call behind it. */
void sockets_done(pid_t task) {
  for (size_t i = waiting_count; i-- > 0;) {
    if (waiting[i].task != task) continue;
    (void)look(&waiting[i]);
    close(waiting[i].descriptor);
    waiting_count -= 1;
    waiting[i] = waiting[waiting_count];
  }
}

/* Microseconds until the next look; -1: nothing waits. */
int sockets_wait_us(void) {
  int wait = waiting_count > 0 ? LOOK_EVERY_US : -1;
  for (size_t i = 0; i < waiting_count; i += 1)
    if (waiting[i].looks < SOON_LOOKS) wait = LOOK_SOON_US;
  return wait;
}

void sockets_look(void) {
  int64_t now = steady_ms();
  for (size_t i = waiting_count; i-- > 0;) {
    waiting[i].looks += 1;
    if (!look(&waiting[i]) && now - waiting[i].since < WAIT_MS) continue;
    close(waiting[i].descriptor);
    waiting_count -= 1;
    waiting[i] = waiting[waiting_count];
  }
}
