#define _GNU_SOURCE
#include "rootless.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define ROOT "/sys/fs/cgroup"
#define WAIT_MS 3000
/* Tells us that we were begun again: once is enough. */
#define AGAIN "COFFERDAM_SCOPE"

/* This process's control group below the root, in version 2. */
static bool own_group(char *into, size_t room) {
  char line[1024];
  bool found = false;
  FILE *in = fopen("/proc/self/cgroup", "re");
  while (in != NULL && !found && fgets(line, sizeof line, in) != NULL) {
    line[strcspn(line, "\n")] = 0;
    if (strncmp(line, "0::", 3) != 0) continue;
    found = snprintf(into, room, ROOT "%s", strcmp(line + 3, "/") == 0 ? "" : line + 3) < (int)room;
  }
  if (in != NULL) fclose(in);
  return found;
}

static bool put(const char *folder, const char *name, const char *text) {
  char path[1200];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
  if (fd >= 0) close(fd);
  return written;
}

/* Ours to divide, and with nobody in it but us: a group with processes of its own has no limited children. */
static bool is_ours_alone(const char *folder) {
  char path[1200];
  long pid, processes = 0;
  bool self = false;
  snprintf(path, sizeof path, "%s/cgroup.procs", folder);
  if (access(folder, W_OK) != 0 || access(path, W_OK) != 0) return false;
  FILE *in = fopen(path, "re");
  while (in != NULL && fscanf(in, "%ld", &pid) == 1) {
    processes += 1;
    self = self || pid == (long)getpid();
  }
  if (in != NULL) fclose(in);
  return self && processes == 1;
}

/* The user's own systemd moves this process into a scope of its own and hands that over (systemd.resource-control(5)). */
static bool ask_systemd(const char *before) {
  char unit[64], pid[16], now[1100];
  snprintf(unit, sizeof unit, "cofferdam-%d.scope", (int)getpid());
  snprintf(pid, sizeof pid, "%d", (int)getpid());
  char *const call[] = {
    "/usr/bin/busctl", "--user", "--timeout=3", "--quiet", "call", "org.freedesktop.systemd1",
    "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", "StartTransientUnit", "ssa(sv)a(sa(sv))",
    unit, "fail", "3", "PIDs", "au", "1", pid, "Delegate", "b", "true", "CollectMode", "s", "inactive-or-failed", "0", NULL,
  };
  if (getenv("XDG_RUNTIME_DIR") == NULL || access(call[0], X_OK) != 0 || !run_quietly(call)) return false;
  for (int waited = 0; waited < WAIT_MS; waited += 2) {
    if (own_group(now, sizeof now) && strcmp(now, before) != 0) return true;
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
  }
  return false;
}

/* Whether the user's systemd listens where its own tools find it when there is no bus. */
static bool systemd_listens(void) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  const char *runtime = getenv("XDG_RUNTIME_DIR");
  int length = snprintf(at.sun_path, sizeof at.sun_path, "%s/systemd/private", runtime == NULL ? "" : runtime);
  if (runtime == NULL || length >= (int)sizeof at.sun_path) return false;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool listens = fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0;
  if (fd >= 0) close(fd);
  return listens;
}

/* Without a bus, systemd-run still reaches it, and becomes us again in the scope. Comes back when it cannot be started. */
static void begin_again_in_scope(char **values) {
  static char *const before[] = {"/usr/bin/systemd-run", "--user", "--scope", "--quiet", "--collect", "--property=Delegate=yes", "--", NULL};
  size_t words = 0, at = 0;
  if (access(before[0], X_OK) != 0 || !systemd_listens()) return;
  while (values[words] != NULL) words += 1;
  char **call = calloc(sizeof before / sizeof *before + words, sizeof *call);
  if (call == NULL || setenv(AGAIN, "1", 1) != 0) return;
  for (; before[at] != NULL; at += 1) call[at] = before[at];
  for (size_t i = 0; i < words; i += 1) call[at + i] = values[i];
  call[at] = "/proc/self/exe";
  char self[4096];
  ssize_t length = readlink(call[at], self, sizeof self - 1);
  if (length > 0) {
    self[length] = 0;
    call[at] = self;
    execv(call[0], call);
  }
  unsetenv(AGAIN);
}

void use_delegation(char **values) {
  char group[1100], control[1200];
  struct statfs kind;
  if (statfs(ROOT, &kind) != 0 || kind.f_type != CGROUP2_SUPER_MAGIC || !own_group(group, sizeof group)) return;
  bool again = getenv(AGAIN) != NULL;
  unsetenv(AGAIN);
  if (!is_ours_alone(group)) {
    if (!ask_systemd(group) && !again) begin_again_in_scope(values);
    if (!own_group(group, sizeof group) || !is_ours_alone(group)) return;
  }
  snprintf(control, sizeof control, "%s/cofferdam-control", group);
  (void)mkdir(control, 0755);
  (void)put(control, "cgroup.procs", "0");
}
