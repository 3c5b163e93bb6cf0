// What of the container's use only the guest's kernel knows.
#include "microvm.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define GROUPS "/sys/fs/cgroup"
enum { PLACES_MAX = 32768 };

static ssize_t read_text(const char *path, char *text, size_t room) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, text, room - 1);
  if (fd >= 0) close(fd);
  text[n > 0 ? n : 0] = 0;
  return n;
}

// The number in a file of the container's group, or after a name in it; -1 when there is none.
static long long number_in(const char *group, const char *file, const char *name) {
  char path[512], text[4096];
  snprintf(path, sizeof path, GROUPS "%s/%s", group, file);
  if (read_text(path, text, sizeof text) <= 0) return -1;
  const char *at = text;
  if (name != NULL) {
    size_t length = strlen(name);
    while (at != NULL && (strncmp(at, name, length) != 0 || at[length] != ' ')) {
      at = strchr(at, '\n');
      if (at != NULL) at++;
    }
    if (at == NULL) return -1;
    at += length + 1;
  }
  char *end;
  long long value = strtoll(at, &end, 10);
  return end == at ? -1 : value;
}

// Whether any of the places whose names the bundle holds, each ended by NUL, has no room for a block or for a file.
static void look_for_room(pid_t init, int *blocks, int *files) {
  static char places[PLACES_MAX];
  ssize_t size = read_text("/read/bundle/places", places, sizeof places);
  *blocks = *files = 0;
  for (const char *place = places; place < places + size; place += strlen(place) + 1) {
    char path[4200];
    struct statvfs room;
    snprintf(path, sizeof path, "/proc/%d/root%s", (int)init, place);
    if (statvfs(path, &room) != 0) continue;
    *blocks |= room.f_bavail == 0;
    *files |= room.f_favail == 0;
  }
}

void tell_use(int port, pid_t init) {
  char path[64], group[256], line[512];
  snprintf(path, sizeof path, "/proc/%d/cgroup", (int)init);
  int known = read_text(path, line, sizeof line) > 0 && sscanf(line, "0::%255[^\n]", group) == 1;
  int blocks, files;
  look_for_room(init, &blocks, &files);
  int n = snprintf(line, sizeof line, "use\t%lld\t%lld\t%lld\t%lld\t%lld\t%d\t%d\n",
                   known ? number_in(group, "memory.max", NULL) : -1, known ? number_in(group, "memory.peak", NULL) : -1,
                   known ? number_in(group, "memory.events", "oom_kill") : -1, known ? number_in(group, "pids.max", NULL) : -1,
                   known ? number_in(group, "pids.events", "max") : -1, blocks, files);
  if (write(port, line, (size_t)n) != n) fail("the control side has gone");
}
