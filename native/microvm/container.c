// The job's container inside the guest: started by the distribution's runtime, from the bundle that the host shares.
#include "microvm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRACE_SOCKET "/run/trace/trace.sock"
enum { CONTROL = 3, RULES_MAX = 2000, RULES_BYTES = 1 << 18, TRACE_WAIT_MS = 60000, TRACE_LOOK_MS = 5 };

static void become(char *const arguments[]) {
  static char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execve(arguments[0], arguments, environment);
  fail(arguments[0]);
}

// After the program's own two arguments, the rules of the bundle, each ended by NUL, by which it tells what is written.
static char **trace_arguments(void) {
  static char rules[RULES_BYTES], *arguments[RULES_MAX + 3] = {"/bin/trace", TRACE_SOCKET};
  int fd = open("/read/bundle/rules", O_RDONLY | O_CLOEXEC), count = 2;
  ssize_t size = 0, n = 1;
  while (fd >= 0 && n > 0 && size < RULES_BYTES - 1) {
    n = read(fd, rules + size, (size_t)(RULES_BYTES - 1 - size));
    if (n > 0) size += n;
  }
  if (fd < 0 || n < 0) fail("/read/bundle/rules");
  close(fd);
  for (char *rule = rules; rule < rules + size && count < RULES_MAX + 2; rule += strlen(rule) + 1) arguments[count++] = rule;
  return arguments;
}

// It speaks with the control side by itself: the port is its standard input and output.
static pid_t start_trace(int port) {
  if (mkdir("/run/trace", 0700) != 0) fail("trace");
  pid_t pid = fork();
  if (pid < 0) fail("trace");
  if (pid == 0) {
    if (dup2(port, 0) < 0 || dup2(port, 1) < 0) fail("trace");
    become(trace_arguments());
  }
  const struct timespec pause = {.tv_nsec = TRACE_LOOK_MS * 1000000L};
  for (int waited = 0; access(TRACE_SOCKET, F_OK) != 0; waited += TRACE_LOOK_MS) {
    if (waited >= TRACE_WAIT_MS) fail("trace");
    nanosleep(&pause, NULL);
  }
  return pid;
}

static void start_runtime(int control) {
  pid_t pid = fork();
  if (pid < 0) fail("runtime");
  if (pid == 0) {
    // The container's process 1 keeps what the runtime had: the console takes what it says.
    int null = open("/dev/null", O_RDONLY);
    if (dup2(null, 0) < 0 || dup2(control, CONTROL) < 0) fail("runtime");
    fcntl(CONTROL, F_SETFD, 0);
    become((char *const[]){"/bin/runtime", "--root", "/run/runtime", "run", "--detach", "--preserve-fds", "1", "--pid-file", "/run/init.pid", "--bundle", "/read/bundle", "job", NULL});
  }
  int status;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
  if (status != 0) fail("the runtime");
}

static pid_t read_init(void) {
  char text[16] = "";
  int fd = open("/run/init.pid", O_RDONLY | O_CLOEXEC);
  if (fd < 0 || read(fd, text, sizeof text - 1) <= 0) fail("/run/init.pid");
  close(fd);
  return (pid_t)atoi(text);
}

struct container start_container(void) {
  int control = open_port("cofferdam.init"), lines = open_port("cofferdam.trace");
  struct container started = {.trace = start_trace(lines)};
  start_runtime(control);
  started.init = read_init();
  close(control);
  close(lines);
  return started;
}
