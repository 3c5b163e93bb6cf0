// Tries from inside what must fail, and reads what must hold, before any code of the job's was started.
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char report[65536];
static size_t report_size;

static void line(const char *format, ...) {
  va_list args;
  va_start(args, format);
  int n = vsnprintf(report + report_size, sizeof report - report_size, format, args);
  va_end(args);
  if (n < 0 || (size_t)n >= sizeof report - report_size) die("init: the probe's report is too long\n");
  report_size += (size_t)n;
}

void note(const char *id, const char *kind, int held, const char *format, ...) {
  char seen[160];
  va_list args;
  va_start(args, format);
  vsnprintf(seen, sizeof seen, format, args);
  va_end(args);
  // A name from outside could hold anything.
  for (char *at = seen; *at != 0; at++)
    if (*at < ' ' || *at > '~') *at = '?';
  line("%s\t%s\t%d\t%s\n", id, kind, held, seen);
}

const char *error_name(int error) {
  switch (error) {
    case 0: return "success";
    case EPERM: return "EPERM";
    case EACCES: return "EACCES";
    case EROFS: return "EROFS";
    case ENOENT: return "ENOENT";
    case ENOSYS: return "ENOSYS";
    case ENETUNREACH: return "ENETUNREACH";
    case ECONNREFUSED: return "ECONNREFUSED";
    case ECONNRESET: return "ECONNRESET";
    case EAFNOSUPPORT: return "EAFNOSUPPORT";
    case EINVAL: return "EINVAL";
    case ENOTTY: return "ENOTTY";
    default: {
      static char number[16];
      snprintf(number, sizeof number, "errno %d", error);
      return number;
    }
  }
}

void must_fail(const char *id, long result) { note(id, "attack", result < 0, "%s", error_name(result < 0 ? errno : 0)); }

void answers_of(const struct attempt *attempts, int count, int *answers) {
  int pair[2];
  if (pipe2(pair, O_CLOEXEC) != 0) die("init: no pipe for the probe\n");
  pid_t pid = fork();
  if (pid < 0) die("init: no process for the probe\n");
  if (pid == 0) {
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    for (int i = 0; i < count; i++) {
      errno = 0;
      int error = attempts[i].make() < 0 ? errno : 0;
      if (write(pair[1], &error, sizeof error) != (ssize_t)sizeof error) break;
    }
    _exit(0);
  }
  close(pair[1]);
  for (int i = 0; i < count; i++) {
    ssize_t n;
    while ((n = read(pair[0], &answers[i], sizeof *answers)) < 0 && errno == EINTR) continue;
    if (n != (ssize_t)sizeof *answers) answers[i] = -1;
  }
  close(pair[0]);
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
}

void tell(const char *format, ...) {
  char fact[4096];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(fact, sizeof fact, format, args);
  va_end(args);
  if (n < 0 || (size_t)n >= sizeof fact) die("init: the probe saw something too long\n");
  line("%s\n", fact);
}

// The AppArmor profile or SELinux label after `&`, and the places, which begin with `+`, `*` or `~`, from the front of what is asked. Kept: the
// confinement is made once.
static size_t take_places(const char *asked, size_t size) {
  static char places[32768], profile[128];
  size_t at = 0, used = 0;
  if (at < size && asked[at] == '&') {
    if (snprintf(profile, sizeof profile, "%s", asked + 1) >= (int)sizeof profile) die("init: a profile with a name that is too long\n");
    at += strlen(asked) + 1;
  }
  while (at < size && strchr("+*~", asked[at]) != NULL && asked[at] != 0) {
    size_t length = strlen(asked + at) + 1;
    if (used + length > sizeof places) die("init: too many places\n");
    memcpy(places + used, asked + at, length);
    used += length;
    at += length;
  }
  confine(places, used, profile);
  return at;
}

void run_probe(const char *asked, size_t size) {
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  report_size = 0;
  size_t name = strlen(asked) + 1;
  const char *resolver = "";
  if (name < size && asked[name] == '@') {
    resolver = asked + name + 1;
    name += strlen(resolver) + 2;
  }
  probe_identity();
  name += take_places(asked + name, size - name);
  int nested = name < size && asked[name] == '%';
  name += nested ? strlen(asked + name) + 1 : 0;
  probe_surroundings();
  probe_mounts();
  probe_kernel_files(asked + name, size - name);
  probe_descriptors();
  probe_files();
  probe_privileges();
  probe_sockets();
  probe_confinement();
  if (nested) probe_nested();
  probe_network(asked, resolver);
  clock_gettime(CLOCK_MONOTONIC, &now);
  line("end\t%ld\n", (now.tv_sec - start.tv_sec) * 1000000 + (now.tv_nsec - start.tv_nsec) / 1000);
  send_frame(OUT_PROBED, 0, report, report_size);
}
