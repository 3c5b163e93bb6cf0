// Where the gateway has the user's own id, it gets the user's files no more for that: it may read what its program needs and
// write nothing (Landlock, landlock(7)), and reaches no other process of the user's, by signal, memory or environment.
#define _GNU_SOURCE
#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
  READ = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
  OF_FILES = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE,
  // Rights by the version that brought them.
  FIRST = (1 << 13) - 1,
  SCOPES_ABI = 6,
};

// What programs of the system read, among them what finds a name's addresses.
static char *const system_places[] = {
    "/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc", "/dev", "/proc", "/sys", "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", NULL,
};

static char *const writable[] = {"/dev/null", NULL};

static void allow(int ruleset, char *const *paths, uint64_t more) {
  for (; *paths != NULL; paths++) {
    struct stat is;
    struct landlock_path_beneath_attr rule = {.parent_fd = open(*paths, O_PATH | O_CLOEXEC)};
    // A place that is not there cannot be read either.
    if (rule.parent_fd < 0) continue;
    if (fstat(rule.parent_fd, &is) != 0) fail("confinement");
    rule.allowed_access = more | (S_ISDIR(is.st_mode) ? READ : OF_FILES);
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) fail("confinement");
    close(rule.parent_fd);
  }
}

void confine(char *const *readable) {
  long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  // A kernel without it: the capabilities that are given up are all that is left.
  if (version < 1) return;
  struct landlock_ruleset_attr handled = {.handled_access_fs = FIRST};
  if (version >= 2) handled.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) handled.handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
  if (version >= SCOPES_ABI) handled.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL;
  int ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
  if (ruleset < 0) fail("confinement");
  allow(ruleset, system_places, 0);
  allow(ruleset, readable, 0);
  allow(ruleset, writable, LANDLOCK_ACCESS_FS_WRITE_FILE);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) fail("confinement");
  close(ruleset);
}
