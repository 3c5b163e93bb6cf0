/*
 * workspace: the mounts of one job's copy-on-write workspace, and what only system calls can do with its upper layer
 * (guide §1 and §5). Run as root, outside every sandbox, by the control side; each call ends in milliseconds.
 *
 *   workspace open DIR BYTES INODES UID GID EXCHANGE_BYTES EXCHANGE_INODES [SOURCE]
 *   workspace unmount DIR
 *   workspace root TARGET ABOVE BELOW
 *   workspace sync DIR
 *   workspace scan UPPER MOST_ENTRIES
 *   workspace keep UPPER TARGET MOST_BYTES MOST_ENTRIES
 *
 * `workspace labelled LABEL COMMAND ...`: what it mounts has that label of SELinux's throughout.
 * All but `scan` print one JSON line. A failure prints {"failed":STEP,"errno":NUMBER,"why":TEXT} and ends with 1.
 */
#define _GNU_SOURCE
#include "mount.h"
#include "workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void (*on_failure)(void);

static void print_escaped(const char *text) {
  for (const unsigned char *at = (const unsigned char *)text; *at != 0; at += 1) {
    if (*at == '"' || *at == '\\') printf("\\%c", *at);
    else if (*at < 0x20 || *at > 0x7e) printf("\\u%04x", *at);
    else putchar(*at);
  }
}

_Noreturn void fail(const char *step, const char *detail) {
  int cause = errno;
  void (*undo)(void) = on_failure;
  on_failure = NULL;
  if (undo != NULL) undo();
  printf("{\"failed\":\"%s\",\"errno\":%d,\"why\":\"", step, cause);
  print_escaped(strerror(cause));
  if (detail != NULL && *detail != 0) {
    printf(": ");
    print_escaped(detail);
  }
  printf("\"}\n");
  fflush(stdout);
  _exit(1);
}

int open_directory(const char *path, const char *step, int flags) {
  struct open_how how = {
    .flags = (uint64_t)(O_DIRECTORY | O_CLOEXEC | flags),
    .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
  };
  if (path[0] != '/') {
    errno = EINVAL;
    fail(step, "the path is not absolute");
  }
  int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
  if (fd < 0) fail(step, path);
  return fd;
}

uint64_t number(const char *text, uint64_t least, uint64_t most) {
  uint64_t value = 0;
  size_t length = strlen(text);
  bool good = length > 0 && length < 19;
  for (const char *at = text; good && *at != 0; at += 1) {
    good = *at >= '0' && *at <= '9';
    value = value * 10 + (uint64_t)(*at - '0');
  }
  if (!good || value < least || value > most) {
    errno = EINVAL;
    fail("arguments", text);
  }
  return value;
}

bool is_machine_root(void) {
  unsigned long inside = 1, outside = 1, length = 0;
  FILE *map = fopen("/proc/self/uid_map", "re");
  bool whole = map != NULL && fscanf(map, "%lu %lu %lu", &inside, &outside, &length) == 3;
  if (map != NULL) fclose(map);
  return geteuid() == 0 && whole && inside == 0 && outside == 0 && length == UINT32_MAX;
}

int main(int count, char **values) {
  if (count > 3 && strcmp(values[1], "labelled") == 0) {
    label_mounts(values[2]);
    count -= 2;
    values += 2;
  }
  const char *command = count > 1 ? values[1] : "";
  if (strcmp(command, "open") == 0 && (count == 9 || count == 10)) return open_workspace(count - 2, values + 2, true);
  if (strcmp(command, "open-unmapped") == 0 && (count == 9 || count == 10)) return open_workspace(count - 2, values + 2, false);
  if (strcmp(command, "bind") == 0 && count == 4) return bind_hardened(values[2], values[3]);
  if (strcmp(command, "give") == 0 && count == 5) return give_folder(values[2], values[3], values[4]);
  if (strcmp(command, "unmount") == 0 && count == 3) return unmount_below(values[2]);
  if (strcmp(command, "root") == 0 && count == 5) return mount_root(values[2], values[3], values[4]);
  if (strcmp(command, "sync") == 0 && count == 3) return sync_below(values[2]);
  if (strcmp(command, "scan") == 0 && count == 4) return scan(values[2], values[3]);
  if (strcmp(command, "keep") == 0 && count == 6) return keep(values[2], values[3], values[4], values[5]);
  errno = EINVAL;
  fail("arguments", command);
}
