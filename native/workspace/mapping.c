#define _GNU_SOURCE
#include "workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DISK_IDS 0x7ffffffeu

static void write_map(pid_t child, const char *file, uint32_t disk, uint32_t host) {
  char path[64];
  char text[160];
  if (disk >= DISK_IDS || host == 0 || host >= STRANGERS) {
    errno = ERANGE;
    fail("map-ids", file);
  }
  int length = 0;
  if (disk > 0) length = snprintf(text, sizeof text, "0 %u %u\n", STRANGERS, disk);
  length += snprintf(text + length, sizeof text - (size_t)length, "%u %u 1\n", disk, host);
  if (disk + 1 < DISK_IDS) {
    length += snprintf(text + length, sizeof text - (size_t)length, "%u %u %u\n", disk + 1, STRANGERS + disk + 1,
                       DISK_IDS - disk - 1);
  }
  snprintf(path, sizeof path, "/proc/%d/%s", (int)child, file);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) fail("map-ids", file);
  if (write(fd, text, (size_t)length) != length) fail("map-ids", file);
  close(fd);
}

static pid_t holder;

static void end_holder(void) {
  kill(holder, SIGKILL);
  while (waitpid(holder, NULL, 0) < 0 && errno == EINTR) continue;
}

int mapping_namespace(uint32_t disk_uid, uint32_t disk_gid, uint32_t host_uid, uint32_t host_gid) {
  holder = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
  if (holder < 0) fail("user-namespace", NULL);
  if (holder == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == 1) _exit(0);
    for (;;) pause();
  }
  on_failure = end_holder;
  write_map(holder, "uid_map", disk_uid, host_uid);
  write_map(holder, "gid_map", disk_gid, host_gid);
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/user", (int)holder);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail("user-namespace", path);
  on_failure = NULL;
  end_holder();
  return fd;
}
