#define _GNU_SOURCE
#include "mount.h"
#include "workspace.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Reads the reason that the kernel left in a file system context: it says more than errno. */
static _Noreturn void fail_context(const char *step, int context) {
  char text[512];
  int cause = errno;
  ssize_t length = read(context, text, sizeof text - 1);
  text[length > 0 ? length : 0] = 0;
  errno = cause;
  fail(step, text);
}

void set(int context, const char *step, const char *key, const char *value) {
  if (syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, value, 0) < 0) fail_context(step, context);
}

static const char *label;

void label_mounts(const char *context) {
  label = context;
}

int begin(const char *type, const char *step) {
  int context = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
  if (context < 0) fail(step, NULL);
  set(context, step, "source", "cofferdam");
  if (label != NULL) set(context, step, "context", label);
  return context;
}

int complete(int context, const char *step, unsigned int attributes) {
  if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) fail_context(step, context);
  int mount = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
  if (mount < 0) fail_context(step, context);
  close(context);
  return mount;
}

void attach(int mount, int at, const char *name, const char *step) {
  unsigned int flags = MOVE_MOUNT_F_EMPTY_PATH | (*name == 0 ? MOVE_MOUNT_T_EMPTY_PATH : 0u);
  if (syscall(SYS_move_mount, mount, "", at, name, flags) < 0) fail(step, NULL);
}

void make_private(int mount) {
  struct mount_attr attributes = {.propagation = PRIVATE};
  if (syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH, &attributes, sizeof attributes) < 0) {
    fail("make-private", NULL);
  }
}
