#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct process processes[MAX_PROCESSES];
static uint8_t inbox[HEADER + MAX_FRAME];
static size_t inbox_size;

uint32_t get32(const uint8_t *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24; }
void put32(uint8_t *p, uint32_t v) { p[0] = (uint8_t)v; p[1] = (uint8_t)(v >> 8); p[2] = (uint8_t)(v >> 16); p[3] = (uint8_t)(v >> 24); }

// The end of process 1 is the end of every process in the sandbox.
void die(const char *why) {
  ssize_t ignored = write(2, why, strlen(why));
  (void)ignored;
  syscall(SYS_exit_group, 1);
  // Its filter hands that call to the telemetry, which may have ended before us. Ending only this thread would leave the other, and
  // with it every process; a fault of its own ends also a process 1, with all of its threads.
  __builtin_trap();
}

static void write_all(const uint8_t *bytes, size_t size) {
  while (size > 0) {
    ssize_t n = write(CONTROL, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      struct pollfd p = {.fd = CONTROL, .events = POLLOUT};
      poll(&p, 1, -1);
      continue;
    }
    if (n <= 0) die("init: the control side has gone\n");
    bytes += n;
    size -= (size_t)n;
  }
}

void send_frame(uint8_t type, uint32_t id, const void *payload, size_t size) {
  uint8_t header[HEADER];
  put32(header, (uint32_t)size);
  header[4] = type;
  put32(header + 5, id);
  write_all(header, HEADER);
  if (size > 0) write_all(payload, size);
}

void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

static struct process *find(uint32_t id) {
  for (int i = 0; i < MAX_PROCESSES; i++)
    if (processes[i].used && processes[i].id == id) return &processes[i];
  return NULL;
}

// A terminal that nobody has open tells that all the time: it is looked at now and then, as somebody may open it again.
enum { DESERTED_MS = 50 };

static struct process *claim(void) {
  for (int i = 0; i < MAX_PROCESSES; i++)
    if (!processes[i].used) return &processes[i];
  return NULL;
}

// A place is free again when its process was reaped and all of its output was handed on.
static void release_if_done(struct process *p) {
  if (p->pid != 0 || p->out >= 0 || p->err >= 0) return;
  close_fd(&p->in);
  if (p->pending != NULL) explicit_bzero(p->pending, p->pending_size);
  free(p->pending);
  send_frame(OUT_CLOSED, p->id, NULL, 0);
  memset(p, 0, sizeof *p);
}

static void close_output(struct process *p, int *fd) {
  if (p->terminal && fd == &p->out) p->in = -1;
  close_fd(fd);
  release_if_done(p);
}

static void let_go(void *with) { ptrace(PTRACE_DETACH, *(pid_t *)with, NULL, NULL); }

// A process of the job can make its parent its tracer (PTRACE_TRACEME), where its profile lets it trace. It has not ended when
// it stops, and we trace nobody: it is let go by the thread that it named.
static int only_stopped(pid_t pid, int status) {
  if (!WIFSTOPPED(status)) return 0;
  if (ptrace(PTRACE_DETACH, pid, NULL, NULL) != 0) in_confinement(let_go, &pid);
  return 1;
}

static void reap(void) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    if (only_stopped(pid, status)) continue;
    for (int i = 0; i < MAX_PROCESSES; i++) {
      struct process *p = &processes[i];
      if (!p->used || p->pid != pid) continue;
      p->pid = 0;
      uint8_t end[2] = {WIFSIGNALED(status) ? 1 : 0, (uint8_t)(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status))};
      send_frame(OUT_EXITED, p->id, end, sizeof end);
      release_if_done(p);
      break;
    }
  }
}

static void kill_all(void) {
  uint32_t count = 0;
  int status;
  pid_t pid;
  while (kill(-1, SIGKILL) == 0) {
    // Blocks until one is gone; a process that forks meanwhile is met by the next round.
    pid = waitpid(-1, &status, 0);
    if (pid < 0 && errno == ECHILD) break;
    if (pid > 0 && only_stopped(pid, status)) continue;
    for (int i = 0; pid > 0 && i < MAX_PROCESSES; i++) {
      struct process *p = &processes[i];
      if (!p->used || p->pid != pid) continue;
      p->pid = 0;
      uint8_t end[2] = {1, SIGKILL};
      send_frame(OUT_EXITED, p->id, end, sizeof end);
      release_if_done(p);
      pid = 0;
    }
    if (pid > 0) count++;
  }
  uint8_t answer[4];
  put32(answer, count);
  send_frame(OUT_KILLED, 0, answer, sizeof answer);
}

static void take_stdin(struct process *p, const uint8_t *bytes, size_t size) {
  if (p->in < 0 || size == 0) return;
  uint8_t *grown = malloc(p->pending_size - p->pending_at + size);
  if (grown == NULL) die("init: no memory\n");
  size_t left = p->pending_size - p->pending_at;
  if (left > 0) memcpy(grown, p->pending + p->pending_at, left);
  memcpy(grown + left, bytes, size);
  if (p->pending != NULL) explicit_bzero(p->pending, p->pending_size);
  free(p->pending);
  p->pending = grown;
  p->pending_size = left + size;
  p->pending_at = 0;
}

static void end_stdin(struct process *p) {
  p->in_ends = 1;
  if (p->pending_at < p->pending_size || p->in < 0) return;
  if (p->terminal) {
    const char end_of_transmission = 4;
    ssize_t ignored = write(p->in, &end_of_transmission, 1);
    (void)ignored;
    p->in_ends = 0;
  } else {
    close_fd(&p->in);
  }
}

static void feed_stdin(struct process *p) {
  ssize_t n = write(p->in, p->pending + p->pending_at, p->pending_size - p->pending_at);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  uint8_t credit[4];
  if (n <= 0) {
    // Nobody reads any more: what is pending is dropped, and the sender may go on.
    put32(credit, (uint32_t)(p->pending_size - p->pending_at));
    p->pending_at = p->pending_size;
    if (!p->terminal) close_fd(&p->in);
  } else {
    put32(credit, (uint32_t)n);
    p->pending_at += (size_t)n;
  }
  send_frame(OUT_CREDIT, p->id, credit, sizeof credit);
  if (p->pending_at == p->pending_size && p->in_ends) end_stdin(p);
}

static int is_deserted(const struct process *p) { return p->deserted && p->pid != 0; }

static void hand_on(struct process *p, int *fd, uint8_t type) {
  static uint8_t buffer[CHUNK];
  size_t room = p->credit < CHUNK ? p->credit : CHUNK;
  ssize_t n = read(*fd, buffer, room);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  // Many programs close their output just before they end. To close their terminal then would be to hang up on them, and they
  // would end by SIGHUP instead.
  p->deserted = n < 0 && errno == EIO && p->terminal;
  if (is_deserted(p)) return;
  if (n <= 0) {
    close_output(p, fd);
    return;
  }
  p->credit -= (uint32_t)n;
  send_frame(type, p->id, buffer, (size_t)n);
}

static void resize(struct process *p, const uint8_t *payload) {
  struct winsize size = {.ws_col = (unsigned short)(payload[0] | payload[1] << 8), .ws_row = (unsigned short)(payload[2] | payload[3] << 8)};
  if (p->terminal && p->in >= 0) ioctl(p->in, TIOCSWINSZ, &size);
}

static void obey(uint8_t type, uint32_t id, uint8_t *payload, size_t size) {
  struct process *p = find(id);
  switch (type) {
    case IN_START:
      if (p != NULL) die("init: a process number was used twice\n");
      p = claim();
      if (p == NULL) {
        uint8_t error[4];
        put32(error, EAGAIN);
        send_frame(OUT_FAILED, id, error, sizeof error);
      } else {
        start_process(p, id, payload, size);
      }
      return;
    case IN_STDIN:
      if (p != NULL) take_stdin(p, payload, size);
      return;
    case IN_STDIN_END:
      if (p != NULL) end_stdin(p);
      return;
    case IN_SIGNAL:
      if (p != NULL && p->pid > 0 && size == 1 && kill(-p->pid, payload[0]) != 0) kill(p->pid, payload[0]);
      return;
    case IN_RESIZE:
      if (p != NULL && size == 4) resize(p, payload);
      return;
    case IN_CREDIT:
      if (p != NULL && size == 4) p->credit += get32(payload);
      return;
    case IN_KILL_ALL:
      kill_all();
      return;
    case IN_UNPROVEN:
      unproven();
      return;
    case IN_PROBE:
      if (size == 0 || payload[size - 1] != 0 || strnlen((const char *)payload, 251) > 250) die("init: a probe without a name\n");
      run_probe((const char *)payload, size);
      return;
    default:
      die("init: an order that is not known\n");
  }
}

static void read_control(void) {
  ssize_t n = read(CONTROL, inbox + inbox_size, sizeof inbox - inbox_size);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) die("");
  inbox_size += (size_t)n;
  size_t at = 0;
  while (inbox_size - at >= HEADER) {
    size_t size = get32(inbox + at);
    if (size > MAX_FRAME) die("init: an order that is too long\n");
    if (inbox_size - at - HEADER < size) break;
    obey(inbox[at + 4], get32(inbox + at + 5), inbox + at + HEADER, size);
    explicit_bzero(inbox + at, HEADER + size);
    at += HEADER + size;
  }
  memmove(inbox, inbox + at, inbox_size - at);
  explicit_bzero(inbox + inbox_size - at, at);
  inbox_size -= at;
}

static int watch_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) die("init: signals cannot be blocked\n");
  signal(SIGPIPE, SIG_IGN);
  int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) die("init: no signalfd\n");
  return fd;
}

// Each argument is a resource limit (setrlimit(2)) for itself and so for the job: `RLIMIT_NPROC=20`. A runtime that set the first
// before it made the user namespace would count the user's other processes too.
static void limit_resources(char **arguments) {
  static const struct { const char *name; int resource; } known[] = {{"RLIMIT_NPROC=", RLIMIT_NPROC}, {"RLIMIT_DATA=", RLIMIT_DATA}};
  for (; *arguments != NULL; arguments++) {
    int done = 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
      size_t length = strlen(known[i].name);
      if (strncmp(*arguments, known[i].name, length) != 0) continue;
      char *end;
      rlim_t most = (rlim_t)strtoull(*arguments + length, &end, 10);
      struct rlimit limit = {most, most};
      done = *end == 0 && most > 0 && setrlimit(known[i].resource, &limit) == 0;
    }
    if (!done) die("init: a limit that cannot be set\n");
  }
}

int main(int count, char **arguments) {
  if (count > 1) limit_resources(arguments + 1);
  // The job runs as the same user: not dumpable, its memory and descriptors are out of the job's reach (ptrace(2), proc(5)).
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || fcntl(CONTROL, F_SETFD, FD_CLOEXEC) != 0) die("init: not started as it must be\n");
  fcntl(CONTROL, F_SETFL, fcntl(CONTROL, F_GETFL) | O_NONBLOCK);
  int children = watch_signals();
  for (;;) {
    struct pollfd fds[2 + MAX_PROCESSES * 3];
    struct process *owner[2 + MAX_PROCESSES * 3];
    int *which[2 + MAX_PROCESSES * 3];
    nfds_t count = 2;
    int patience = -1;
    fds[0] = (struct pollfd){.fd = CONTROL, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = children, .events = POLLIN};
    for (int i = 0; i < MAX_PROCESSES; i++) {
      struct process *p = &processes[i];
      if (!p->used) continue;
      if (is_deserted(p)) { patience = DESERTED_MS; continue; }
      if (p->out >= 0 && p->credit > 0) { fds[count] = (struct pollfd){.fd = p->out, .events = POLLIN}; owner[count] = p; which[count++] = &p->out; }
      if (p->err >= 0 && p->credit > 0) { fds[count] = (struct pollfd){.fd = p->err, .events = POLLIN}; owner[count] = p; which[count++] = &p->err; }
      if (p->in >= 0 && p->pending_at < p->pending_size) { fds[count] = (struct pollfd){.fd = p->in, .events = POLLOUT}; owner[count] = p; which[count++] = &p->in; }
    }
    if (poll(fds, count, patience) < 0 && errno != EINTR) die("init: poll\n");
    // Output first: what a process wrote before it ended is handed on before its end is told.
    for (nfds_t i = 2; i < count; i++) {
      if (fds[i].revents == 0 || !owner[i]->used || *which[i] != fds[i].fd) continue;
      if (which[i] == &owner[i]->in && (fds[i].events & POLLOUT)) feed_stdin(owner[i]);
      else if (owner[i]->credit > 0) hand_on(owner[i], which[i], which[i] == &owner[i]->err ? OUT_STDERR : OUT_STDOUT);
    }
    for (int i = 0; i < MAX_PROCESSES; i++)
      if (processes[i].used && is_deserted(&processes[i]) && processes[i].credit > 0) hand_on(&processes[i], &processes[i].out, OUT_STDOUT);
    if (fds[1].revents != 0) {
      struct signalfd_siginfo info;
      while (read(children, &info, sizeof info) == (ssize_t)sizeof info) continue;
      reap();
    }
    if (fds[0].revents != 0) read_control();
  }
}
