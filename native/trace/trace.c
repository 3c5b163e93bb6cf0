/*
 * trace [--seccheck] SOCKET [FILES...]: process telemetry for one sandbox (guide §8), run outside it, as the runtime's user.
 *
 * The OCI runtime connects to SOCKET (config.json: linux.seccomp.listenerPath) and hands over the seccomp user
 * notification descriptor of each process that it starts in the sandbox (seccomp_unotify(2), OCI runtime
 * specification, ContainerProcessState). Every execve(2) and execveat(2) of the job then waits for us: we read the
 * arguments, let it continue, and write one JSON line to standard output. A notified socket(2) is refused here, and so is
 * every call that the filter would refuse by itself: it is handed over only to be told.
 *
 * It is telemetry and not policy: between our reading and the kernel's, another thread of the job may change the
 * arguments, so `argv` may lie; that something was started cannot be hidden. The arguments of socket(2) are
 * registers, which cannot change, so refusing by them is sound.
 *
 * It ends when standard input closes (the engine is gone) or the last process of the sandbox is gone. Once it has
 * ended every further execve in the sandbox fails with ENOSYS: the job fails closed.
 */
#define _GNU_SOURCE
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Each process that the runtime starts brings one descriptor; beyond the bound the runtime is refused, closed. */
#define DESCRIPTORS_MAX 512
#define LAST_ENDS_MS 100
#define SETTLE_ROUNDS 16

enum { FROM_ENGINE, TO_ENGINE, LISTENER, LIVES, FILES_OPENED, FILES_NAMED, FIXED };
enum role { NOTIFY, CONNECTION, KERNEL };

static struct pollfd polled[FIXED + DESCRIPTORS_MAX];
static enum role roles[FIXED + DESCRIPTORS_MAX];
static nfds_t polled_count = FIXED;
static size_t notify_count;
static bool notified_ever;
/* A kernel of its own connects and tells, in the place of a runtime that hands over descriptors. */
static bool of_kernel;

static _Noreturn void fail(const char *what) {
  dprintf(STDERR_FILENO, "trace: %s: %s\n", what, strerror(errno));
  exit(1);
}

static bool watch(int fd, enum role role) {
  if (polled_count == FIXED + DESCRIPTORS_MAX) return false;
  polled[polled_count] = (struct pollfd){.fd = fd, .events = POLLIN};
  roles[polled_count] = role;
  polled_count += 1;
  if (role != CONNECTION) {
    notify_count += 1;
    notified_ever = true;
  }
  return true;
}

static void forget(nfds_t index) {
  close(polled[index].fd);
  if (roles[index] != CONNECTION) notify_count -= 1;
  polled_count -= 1;
  polled[index] = polled[polled_count];
  roles[index] = roles[polled_count];
}

static void accept_runtime(int listener) {
  int fd = accept4(listener, NULL, NULL, of_kernel ? SOCK_CLOEXEC : SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return;
  struct ucred peer;
  socklen_t length = sizeof peer;
  bool known = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && (peer.uid == 0 || peer.uid == geteuid());
  if (known && of_kernel && !notified_ever && seccheck_greet(fd) && watch(fd, KERNEL)) {
    record_text("{\"kind\":\"attached\"}");
    return;
  }
  if (!known || of_kernel || !watch(fd, CONNECTION)) {
    record_gap("a connection to the listener was refused");
    close(fd);
  }
}

static bool is_notify_descriptor(int fd) {
  char link[64], target[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, target, sizeof target - 1);
  if (length <= 0) return false;
  target[length] = '\0';
  return strcmp(target, "anon_inode:seccomp notify") == 0;
}

/* Takes the one descriptor of the runtime's message. The state that comes with it says nothing that we need. */
static int receive_descriptor(int connection) {
  static char state[65536];
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int) * 4)];
  } control;
  struct iovec part = {state, sizeof state};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  if (recvmsg(connection, &message, MSG_CMSG_CLOEXEC) <= 0) return -1;
  int kept = -1;
  /* The kernel gathers all descriptors of a message into one header. */
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) return -1;
  size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  for (size_t i = 0; i < count; i += 1) {
    int fd;
    memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
    if (kept < 0 && is_notify_descriptor(fd)) kept = fd;
    else close(fd);
  }
  return kept;
}

static void take_over(int connection) {
  int fd = receive_descriptor(connection);
  if (fd < 0) {
    record_gap("the runtime connected without a notification descriptor");
    return;
  }
#ifdef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
  /* Linux 6.6: caller and supervisor hand over on one processor. Older kernels refuse, and lose only speed. */
  (void)ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
#endif
  if (!watch(fd, NOTIFY)) {
    record_gap("too many processes of the runtime at once");
    close(fd);
    return;
  }
  record_text("{\"kind\":\"attached\"}");
}

/* Keeps what reading other processes and what they opened needs, and for a while what watching needs; drops the rest. */
static void keep_privileges(uint32_t wanted) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct sets[2], kept[2];
  (void)prctl(PR_SET_DUMPABLE, 0);
  (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (syscall(SYS_capget, &header, sets) != 0) fail("capget");
  memset(kept, 0, sizeof kept);
  kept[0].effective = kept[0].permitted = sets[0].permitted & wanted;
  if (syscall(SYS_capset, &header, kept) != 0) fail("capset");
}

static int listen_at(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    fail("socket path");
  }
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, (of_kernel ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  (void)umask(0177);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 16) != 0) fail("listen");
  return fd;
}

#define READING (1u << CAP_SYS_PTRACE | 1u << CAP_DAC_READ_SEARCH)
#define WATCHING (1u << CAP_SYS_ADMIN)

static void prepare(const char *path, char **rules) {
  signal(SIGPIPE, SIG_IGN);
  /* A terminal's interrupt is for the engine, which ends us by closing our standard input. */
  signal(SIGINT, SIG_IGN);
  signal(SIGQUIT, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  /* By default the kernel adds to a short wait as much again. */
  (void)prctl(PR_SET_TIMERSLACK, 1000);
  if (!serve_prepare()) fail("seccomp user notification");
  polled[FROM_ENGINE] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
  polled[LISTENER] = (struct pollfd){.fd = listen_at(path), .events = POLLIN};
  polled[TO_ENGINE] = (struct pollfd){.fd = STDOUT_FILENO};
  polled[LIVES] = (struct pollfd){.fd = lives_prepare(), .events = POLLIN};
  if (polled[LIVES].fd < 0) fail("epoll");
  if (fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK) != 0) fail("standard output");
  if (!files_prepare(rules, !of_kernel)) record_unwatched("", strerror(errno));
  polled[FILES_OPENED] = (struct pollfd){.fd = files_opened(), .events = POLLIN};
  polled[FILES_NAMED] = (struct pollfd){.fd = files_named(), .events = POLLIN};
  keep_privileges(*rules == NULL ? READING : READING | WATCHING);
}

static void tell_unwatched(void) {
  uint64_t count = lives_unwatched();
  if (count > 0) record_count("unwatched", count);
}

/* All that was seen until now is told when this is. */
static void settle(void) {
  for (nfds_t i = FIXED; i < polled_count; i += 1)
    for (int round = 0; roles[i] == KERNEL && round < SETTLE_ROUNDS; round += 1) (void)seccheck_read(polled[i].fd);
  files_look();
  attempt_settle(true);
  while (lives_look(0)) continue;
  sockets_look();
  tell_unwatched();
}

/*
 * `m`: files at a mount point. `p`: a /proc. `l`: a file system, a tab, and where the job sees it. `d`: that was all. `e`:
 * nobody is left who could do anything to them.
 */
static void obey_line(char *order) {
  char *path = order + 1, *shown = strchr(path, '\t');
  bool done = true;
  errno = EINVAL;
  if (order[0] == 'm' || order[0] == 'p') {
    done = files_watch_mount(path, order[0] == 'p');
  } else if (order[0] == 'l' && shown != NULL) {
    *shown = '\0';
    done = files_watch_layer(path, shown + 1);
  } else if (order[0] == 'd') {
    keep_privileges(READING);
    record_text("{\"kind\":\"watching\"}");
  } else if (order[0] == 'e') {
    files_look();
    files_end();
  }
  if (!done) record_unwatched(path, strerror(errno));
}

static void obey(char letter) {
  static char order[2048];
  static size_t length;
  if (length == 0 && letter == 's') {
    settle();
    record_text("{\"kind\":\"settled\"}");
    return;
  }
  order[length] = letter == '\n' ? '\0' : letter;
  if (letter == '\n') obey_line(order);
  length = letter == '\n' || length + 1 == sizeof order ? 0 : length + 1;
}

/* The engine's orders: the letter `s` for all that was seen to be told, and lines. True when it has closed. */
static bool obey_engine(void) {
  char orders[512];
  if (polled[FROM_ENGINE].revents == 0) return false;
  ssize_t got = read(STDIN_FILENO, orders, sizeof orders);
  for (ssize_t i = 0; i < got; i += 1) obey(orders[i]);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

static int sooner(int a, int b) { return a < 0 ? b : b < 0 || a < b ? a : b; }

static int us(int ms) { return ms > 0 ? ms * 1000 : ms; }

/* What is due and was not taken waits for the reader, not for a time. */
static int wait_us(void) {
  int record = record_wait_ms();
  int files = files_wait_ms();
  int soonest = sooner(sooner(record > 0 ? record : -1, files > 0 ? files : -1), attempt_wait_ms());
  return sooner(us(soonest), sockets_wait_us());
}

/* False when there is no engine any more to take what we see. */
static bool wait_for_events(void) {
  polled[FILES_OPENED].events = polled[FILES_NAMED].events = files_wait_ms() == 0 ? POLLIN : 0;
  polled[TO_ENGINE].events = record_wait_ms() == 0 ? POLLOUT : 0;
  for (;;) {
    int wait = wait_us();
    struct timespec at_most = {.tv_sec = wait / 1000000, .tv_nsec = (long)(wait % 1000000) * 1000};
    if (ppoll(polled, polled_count, wait < 0 ? NULL : &at_most, NULL) >= 0) break;
    if (errno != EINTR) fail("poll");
  }
  return (polled[TO_ENGINE].revents & (POLLERR | POLLHUP)) == 0;
}

static void serve_events(void) {
  /* Downwards, because forgetting moves the last one into the gap. */
  for (nfds_t i = polled_count; i-- > FIXED;) {
    short events = polled[i].revents;
    if (events == 0) continue;
    if (roles[i] == CONNECTION) {
      take_over(polled[i].fd);
      forget(i);
    } else if ((events & POLLIN) == 0 || !(roles[i] == KERNEL ? seccheck_read(polled[i].fd) : serve(polled[i].fd))) {
      forget(i);
    }
  }
  if (polled[LISTENER].revents != 0) accept_runtime(polled[LISTENER].fd);
}

int main(int argc, char **argv) {
  of_kernel = argc > 1 && strcmp(argv[1], "--seccheck") == 0;
  if (of_kernel) argv += 1;
  if (argc < (of_kernel ? 3 : 2)) {
    dprintf(STDERR_FILENO, "usage: trace [--seccheck] SOCKET [FILES...]\n");
    return 2;
  }
  prepare(argv[1], argv + 2);
  /* The sandbox's own word on what its kernel offers could be the work of a filter. */
  long landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  char ready[64];
  snprintf(ready, sizeof ready, "{\"kind\":\"ready\",\"landlock\":%ld}", landlock < 0 ? 0 : landlock);
  record_text(ready);
  bool closed = false;
  while (!closed && (!notified_ever || notify_count > 0)) {
    if (record_wait_ms() == 0 && !record_flush()) return 0;
    if (!wait_for_events()) return 0;
    if (polled[LIVES].revents != 0) (void)lives_look(0);
    if (polled[FILES_OPENED].revents != 0 || polled[FILES_NAMED].revents != 0) files_look();
    attempt_settle(false);
    sockets_look();
    /* What happened before an order is told before its answer. */
    serve_events();
    closed = obey_engine();
  }
  files_look();
  /* From here on nothing is served: an execve that still waits fails. What was seen may wait for a slow reader. */
  while (polled_count > FIXED) forget(polled_count - 1);
  close(polled[LISTENER].fd);
  polled[LISTENER].fd = polled[FROM_ENGINE].fd = -1;
  /* The filter lets go of a process a moment before its end is told. */
  while (!closed && lives_look(LAST_ENDS_MS)) continue;
  settle();
  files_end();
  close(polled[LIVES].fd);
  polled[LIVES].fd = -1;
  if (!closed) record_text("{\"kind\":\"ended\"}");
  while (record_flush() && record_pending())
    if (!wait_for_events()) return 0;
  /* All is told: nobody need wait until the kernel has cleared up after us. */
  close(STDOUT_FILENO);
  return 0;
}
