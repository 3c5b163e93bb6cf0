#define _GNU_SOURCE
#include "rootless.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEWUIDMAP "/usr/bin/newuidmap"
#define NEWGIDMAP "/usr/bin/newgidmap"
/* As many as a distribution gives to each user, less one: nobody (65534) is the last but one. */
#define RANGE 65535

/* The first range of the file that is large enough: `NAME:FIRST:COUNT`, by name or by number. 0: none. */
static unsigned long first_of(const char *file, uid_t uid) {
  char line[512], number[16];
  const struct passwd *user = getpwuid(uid);
  FILE *in = fopen(file, "re");
  unsigned long first = 0;
  snprintf(number, sizeof number, "%u", (unsigned)uid);
  while (in != NULL && first == 0 && fgets(line, sizeof line, in) != NULL) {
    char *name = line, *at = strchr(line, ':');
    if (at == NULL) continue;
    *at = 0;
    if (strcmp(name, number) != 0 && (user == NULL || strcmp(name, user->pw_name) != 0)) continue;
    char *end;
    unsigned long from = strtoul(at + 1, &end, 10);
    if (*end != ':' || from == 0) continue;
    if (strtoul(end + 1, NULL, 10) >= RANGE) first = from;
  }
  if (in != NULL) fclose(in);
  return first;
}

bool find_ranges(uid_t uid, struct ranges *ranges) {
  if (access(NEWUIDMAP, X_OK) != 0 || access(NEWGIDMAP, X_OK) != 0) return false;
  ranges->uids = first_of("/etc/subuid", uid);
  ranges->gids = first_of("/etc/subgid", uid);
  return ranges->uids != 0 && ranges->gids != 0;
}

bool run_quietly(char *const arguments[]) {
  pid_t pid = fork();
  if (pid == 0) {
    int nothing = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd += 1) dup2(nothing, fd);
    execv(arguments[0], arguments);
    _exit(127);
  }
  int status = 0;
  while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool map_range(char *program, pid_t target, unsigned long own, unsigned long first) {
  char text[4][24];
  snprintf(text[0], sizeof text[0], "%d", (int)target);
  snprintf(text[1], sizeof text[1], "%lu", own);
  snprintf(text[2], sizeof text[2], "%lu", first);
  snprintf(text[3], sizeof text[3], "%d", RANGE);
  char *const arguments[] = {program, text[0], "0", text[1], "1", "1", text[2], text[3], NULL};
  return run_quietly(arguments);
}

bool map_ranges(pid_t target, uid_t uid, gid_t gid, const struct ranges *ranges, struct failure *failure) {
  errno = EPERM;
  if (!map_range(NEWUIDMAP, target, uid, ranges->uids)) *failure = (struct failure){"newuidmap", EPERM};
  else if (!map_range(NEWGIDMAP, target, gid, ranges->gids)) *failure = (struct failure){"newgidmap", EPERM};
  else return true;
  return false;
}

static bool write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  bool written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
  int cause = errno;
  close(fd);
  errno = cause;
  return written;
}

bool map_one(uid_t uid, gid_t gid, struct failure *failure) {
  char uids[48], gids[48];
  snprintf(uids, sizeof uids, "0 %u 1\n", (unsigned)uid);
  snprintf(gids, sizeof gids, "0 %u 1\n", (unsigned)gid);
  if (write_file("/proc/self/setgroups", "deny") && write_file("/proc/self/uid_map", uids) &&
      write_file("/proc/self/gid_map", gids))
    return true;
  *failure = (struct failure){"map-ids", errno};
  return false;
}
