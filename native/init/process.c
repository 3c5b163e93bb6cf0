#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// What the control side asked to start: argv and envp point into its own copy of the frame.
struct order {
  char **argv, **envp;
  const char *directory;
  int terminal;
  struct winsize size;
};

// START: argc (u16), envc (u16), terminal (u8), columns (u16), rows (u16), then NUL-ended strings: argv, environment, folder.
static int parse(const uint8_t *payload, size_t size, struct order *order) {
  if (size < 9) return 0;
  size_t argc = (size_t)(payload[0] | payload[1] << 8), envc = (size_t)(payload[2] | payload[3] << 8);
  if (argc == 0 || payload[size - 1] != 0) return 0;
  order->terminal = payload[4];
  order->size = (struct winsize){.ws_col = (unsigned short)(payload[5] | payload[6] << 8), .ws_row = (unsigned short)(payload[7] | payload[8] << 8)};
  char *text = malloc(size - 9);
  char **list = calloc(argc + envc + 3, sizeof *list);
  if (text == NULL || list == NULL) return 0;
  memcpy(text, payload + 9, size - 9);
  char *at = text, *end = text + (size - 9);
  order->argv = list;
  for (size_t i = 0; i < argc; i++) {
    if (at >= end) return 0;
    list[i] = at;
    at += strlen(at) + 1;
  }
  order->envp = list + argc + 1;
  for (size_t i = 0; i < envc; i++) {
    if (at >= end) return 0;
    order->envp[i] = at;
    at += strlen(at) + 1;
  }
  if (at >= end || at + strlen(at) + 1 != end) return 0;
  order->directory = at;
  return 1;
}

static void pipe_pair(int pair[2]) {
  if (pipe2(pair, O_CLOEXEC) != 0) pair[0] = pair[1] = -1;
}

static const char *variable(char **envp, const char *name) {
  size_t length = strlen(name);
  for (; *envp != NULL; envp++)
    if (strncmp(*envp, name, length) == 0 && (*envp)[length] == '=') return *envp + length + 1;
  return NULL;
}

// Looks along the order's own PATH. Answers as a shell does: EACCES when something was found that may not be run.
static int run_along_path(const struct order *order) {
  if (strchr(order->argv[0], '/') != NULL) {
    execve(order->argv[0], order->argv, order->envp);
    return errno;
  }
  const char *path = variable(order->envp, "PATH");
  int best = ENOENT;
  while (path != NULL && *path != 0) {
    const char *colon = strchrnul(path, ':');
    char candidate[4096];
    size_t length = (size_t)(colon - path), name = strlen(order->argv[0]);
    if (length > 0 && length + name + 2 <= sizeof candidate) {
      memcpy(candidate, path, length);
      candidate[length] = '/';
      memcpy(candidate + length + 1, order->argv[0], name + 1);
      // Asked first, so that what is not there is not taken for a program that was started.
      if (access(candidate, F_OK) == 0) {
        execve(candidate, order->argv, order->envp);
        if (errno != ENOENT && errno != ENOTDIR) best = errno;
      }
    }
    path = *colon == 0 ? NULL : colon + 1;
  }
  return best;
}

static void become(const struct order *order, int in, int out, int err, int report) {
  setsid();
  if (order->terminal) ioctl(in, TIOCSCTTY, 0);
  int failed = dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 || dup2(report, 3) < 0 || fcntl(3, F_SETFD, FD_CLOEXEC) < 0;
  // Nothing of ours reaches the job: not the private descriptor, not another process's pipes.
  failed = failed || syscall(SYS_close_range, 4, ~0U, 0) != 0;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  // Process 1 has something to write that we may not.
  char turn = 0;
  if (failed || write(3, &turn, 1) != 1 || read(3, &turn, 1) != 1) _exit(127);
  int error = 0;
  if (!error && chdir(order->directory) != 0) error = errno | 1 << 16;
  if (!error) error = run_along_path(order);
  ssize_t ignored = write(3, &error, sizeof error);
  (void)ignored;
  _exit(127);
}

static void fail(struct process *p, uint32_t id, int error) {
  uint8_t answer[4];
  put32(answer, (uint32_t)error);
  close_fd(&p->in);
  if (!p->terminal) close_fd(&p->out);
  close_fd(&p->err);
  memset(p, 0, sizeof *p);
  send_frame(OUT_FAILED, id, answer, sizeof answer);
}

static int open_terminal(const struct order *order, int *slave) {
  int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
  int unlocked = 0;
  if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) != 0) return -1;
  *slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (*slave >= 0) ioctl(*slave, TIOCSWINSZ, &order->size);
  return master;
}

static void no_wait(int fd) {
  if (fd >= 0) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

// When memory runs out, the job's processes go before process 1. Written from outside their confinement.
static void prefer_to_end(pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/oom_score_adj", (int)pid);
  int score = open(path, O_WRONLY | O_CLOEXEC);
  if (score < 0) return;
  ssize_t ignored = write(score, "500", 3);
  (void)ignored;
  close(score);
}

struct start {
  const struct order *order;
  int in, out, err, report;
  pid_t pid;
  int error;
};

static void fork_confined(void *with) {
  struct start *start = with;
  start->pid = fork();
  if (start->pid == 0) become(start->order, start->in, start->out, start->err, start->report);
  start->error = errno;
}

// Settles when the program was loaded, or with the error by which it was not.
static int await_start(int report, pid_t pid) {
  char turn;
  int error = EIO;
  if (read(report, &turn, 1) == 1) {
    prefer_to_end(pid);
    if (write(report, &turn, 1) == 1 && read(report, &error, sizeof error) != (ssize_t)sizeof error) error = 0;
  }
  return error;
}

void start_process(struct process *p, uint32_t id, const uint8_t *payload, size_t size) {
  struct order order = {0};
  if (!parse(payload, size, &order)) die("init: an order to start that cannot be read\n");
  *p = (struct process){.used = 1, .id = id, .in = -1, .out = -1, .err = -1, .terminal = order.terminal};
  int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1}, report[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, report) != 0) report[0] = report[1] = -1;
  if (order.terminal) {
    int slave = -1;
    p->in = p->out = open_terminal(&order, &slave);
    in[0] = out[1] = err[1] = slave;
  } else {
    pipe_pair(in);
    pipe_pair(out);
    pipe_pair(err);
    p->in = in[1];
    p->out = out[0];
    p->err = err[0];
  }
  struct start start = {.order = &order, .in = in[0], .out = out[1], .err = err[1], .report = report[1], .pid = -1, .error = errno};
  if (in[0] >= 0 && out[1] >= 0 && err[1] >= 0 && report[0] >= 0) in_confinement(fork_confined, &start);
  pid_t pid = start.pid;
  int error = pid < 0 ? (start.error != 0 ? start.error : EMFILE) : 0;
  close_fd(&in[0]);
  if (!order.terminal) {
    close_fd(&out[1]);
    close_fd(&err[1]);
  }
  close_fd(&report[1]);
  if (pid > 0) error = await_start(report[0], pid);
  close_fd(&report[0]);
  // A later child begins with a copy of this memory: it must not hold an earlier step's variables.
  explicit_bzero(order.argv[0], size - 9);
  free(order.argv[0]);
  free(order.argv);
  if (error != 0) {
    fail(p, id, error);
    return;
  }
  p->pid = pid;
  no_wait(p->in);
  no_wait(p->out);
  no_wait(p->err);
  uint8_t answer[4];
  put32(answer, (uint32_t)pid);
  send_frame(OUT_STARTED, id, answer, sizeof answer);
}
