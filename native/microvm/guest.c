// Process 1 of the guest. It belongs to the guest's root and is not in the job's container; the job is root nowhere.
#include "microvm.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void tell(int port, const char *line) {
  size_t size = strlen(line);
  if (write(port, line, size) != (ssize_t)size) fail("the control side has gone");
}

static int watch_children(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) fail("signals");
  int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) fail("signals");
  return fd;
}

// True when the container or its telemetry has ended: then there is nothing left to do here.
static int reap(int port, const struct container *container) {
  pid_t pid;
  int status, over = 0;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    if (pid != container->init && pid != container->trace) continue;
    tell(port, pid == container->init ? "ended\tprocess 1\n" : "ended\ttelemetry\n");
    over |= pid == container->init || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
  }
  return over;
}

static void serve(int port, const struct container *container) {
  struct pollfd fds[2] = {{.fd = port, .events = POLLIN}, {.fd = watch_children(), .events = POLLIN}};
  while (!reap(port, container)) {
    if (poll(fds, 2, -1) < 0 && errno != EINTR) fail("poll");
    struct signalfd_siginfo info;
    while (read(fds[1].fd, &info, sizeof info) > 0) continue;
    if (fds[0].revents == 0) continue;
    // Each byte is a question; there is only one.
    char asked;
    if (read(port, &asked, 1) != 1) return;
    tell_use(port, container->init);
  }
}

// That a kernel booted, that its timers wake who sleeps, and that a processor goes through all of a megabyte of pages: what KVM
// must do for a job, in a machine that has nothing of a job's.
_Noreturn void try_machine(void) {
  enum { SLEEPS = 20, SLEEP_NS = 5000000, BYTES = 1 << 20, PAGE = 4096 };
  const struct timespec pause = {.tv_nsec = SLEEP_NS};
  static volatile unsigned char pages[BYTES];
  unsigned sum = 0;
  load_modules("/modules");
  for (int i = 0; i < SLEEPS; i++) nanosleep(&pause, NULL);
  for (int i = 0; i < BYTES; i += PAGE) pages[i] = (unsigned char)(i / PAGE);
  for (int i = 0; i < BYTES; i += PAGE) sum += pages[i];
  printf("microvm: ran %u\n", sum);
  fflush(stdout);
  reboot(RB_POWER_OFF);
  _exit(0);
}

_Noreturn void guest(void) {
  load_modules("/modules");
  make_root("/root");
  make_mounts();
  int port = open_port("cofferdam.guest");
  join_link();
  // The job's programs may take all the processors that there are; whoever asks is still answered.
  const struct sched_param first = {.sched_priority = 1};
  sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &first);
  struct utsname name;
  char line[256];
  uname(&name);
  snprintf(line, sizeof line, "booted\t%.64s\n", name.release);
  tell(port, line);
  struct container container = start_container();
  snprintf(line, sizeof line, "started\t%d\n", (int)container.init);
  tell(port, line);
  serve(port, &container);
  reboot(RB_POWER_OFF);
  _exit(0);
}
