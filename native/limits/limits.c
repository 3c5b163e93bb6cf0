// limits PID NAME=VALUE...: sets limits of the user namespace of a process (/proc/sys/user, namespaces(7)) and reads them back. A
// kernel that does not know one of them has nothing to limit. Only who made the namespace, or is root above it, can.
//
// Prints what is set. Ends with 1, and says why, when one could not be set or is not what it was set to.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int failed(const char *what) {
  fprintf(stderr, "limits: %.80s: %s\n", what, strerror(errno));
  return 1;
}

static int set(const char *name, const char *value) {
  char path[96], seen[32];
  snprintf(path, sizeof path, "/proc/sys/user/%.60s", name);
  int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return errno == ENOENT ? 0 : failed(name);
  ssize_t size = (ssize_t)strlen(value);
  if (write(file, value, (size_t)size) != size || lseek(file, 0, SEEK_SET) != 0) return failed(name);
  ssize_t got = read(file, seen, sizeof seen - 1);
  close(file);
  if (got < size || strncmp(seen, value, (size_t)size) != 0 || (seen[size] != '\n' && got != size)) {
    errno = EPERM;
    return failed(name);
  }
  printf("%s=%s\n", name, value);
  return 0;
}

int main(int argc, char **argv) {
  char path[64];
  if (argc < 3) {
    fprintf(stderr, "usage: limits PID NAME=VALUE...\n");
    return 2;
  }
  snprintf(path, sizeof path, "/proc/%ld/ns/user", strtol(argv[1], NULL, 10));
  int space = open(path, O_RDONLY | O_CLOEXEC);
  if (space < 0 || setns(space, CLONE_NEWUSER) != 0) return failed("its namespace");
  for (int i = 2; i < argc; i++) {
    char *equals = strchr(argv[i], '=');
    if (equals == NULL || equals[1] == 0) {
      errno = EINVAL;
      return failed(argv[i]);
    }
    *equals = 0;
    if (set(argv[i], equals + 1) != 0) return 1;
  }
  return 0;
}
