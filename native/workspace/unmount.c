#define _GNU_SOURCE
#include "workspace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

/* Undoes the octal escapes of proc(5) mountinfo, in place. */
static void unescape(char *text) {
  char *to = text;
  for (char *from = text; *from != 0; from += 1) {
    if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' && from[2] <= '7' && from[3] >= '0' &&
        from[3] <= '7') {
      *to++ = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
      from += 3;
    } else *to++ = *from;
  }
  *to = 0;
}

/* The deepest mount point at or below the directory, or NULL. The caller frees it. */
static char *deepest_below(const char *directory) {
  FILE *table = fopen("/proc/self/mountinfo", "re");
  if (table == NULL) fail("mount-table", NULL);
  size_t length = strlen(directory);
  char *found = NULL;
  char *line = NULL;
  size_t room = 0;
  while (getline(&line, &room, table) > 0) {
    char *at = line;
    for (int field = 0; field < 4 && at != NULL; field += 1) {
      at = strchr(at, ' ');
      if (at != NULL) at += 1;
    }
    char *end = at == NULL ? NULL : strchr(at, ' ');
    if (end == NULL) continue;
    *end = 0;
    unescape(at);
    if (strncmp(at, directory, length) != 0 || (at[length] != 0 && at[length] != '/')) continue;
    if (found != NULL && strlen(found) > strlen(at)) continue;
    free(found);
    found = strdup(at);
    if (found == NULL) fail("mount-table", NULL);
  }
  if (ferror(table)) fail("mount-table", NULL);
  free(line);
  fclose(table);
  return found;
}

/* At least two names, no `.` or `..`, no empty name: `/` and `/home` are never what a run may clean up. */
static bool is_narrow(const char *path) {
  int names = 0;
  if (path[0] != '/') return false;
  for (const char *at = path; *at == '/'; names += 1) {
    const char *name = at + 1;
    size_t length = strcspn(name, "/");
    if (length == 0 || (length <= 2 && strncmp(name, "..", length) == 0)) return false;
    at = name + length;
  }
  return names >= 2;
}

int unmount_below(const char *directory) {
  unsigned long unmounted = 0;
  unsigned long busy = 0;
  if (!is_narrow(directory)) {
    errno = EINVAL;
    fail("arguments", directory);
  }
  for (;;) {
    char *path = deepest_below(directory);
    if (path == NULL) break;
    if (umount2(path, UMOUNT_NOFOLLOW) < 0) {
      if (errno != EBUSY) fail("unmount", path);
      /* Someone still uses it: it leaves the tree now, and the kernel frees it with its last user. */
      if (umount2(path, UMOUNT_NOFOLLOW | MNT_DETACH) < 0) fail("unmount", path);
      busy += 1;
    }
    free(path);
    unmounted += 1;
  }
  printf("{\"unmounted\":%lu,\"busy\":%lu}\n", unmounted, busy);
  return 0;
}
