#define _GNU_SOURCE
#include "mount.h"
#include "workspace.h"

#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *target_path;

static void detach_target(void) {
  umount2(target_path, DETACH);
}

int mount_root(const char *target, const char *above, const char *below) {
  int at = open_directory(target, "open-directory", O_PATH | O_NOFOLLOW);
  int upper = open_directory(above, "open-root", O_PATH | O_NOFOLLOW);
  int lower = open_directory(below, "open-root", O_PATH | O_NOFOLLOW);
  char layers[64];
  /* By descriptor: a path with a colon would be two, and the mount table inside shows what is written here. */
  snprintf(layers, sizeof layers, "/proc/self/fd/%d:/proc/self/fd/%d", upper, lower);
  int context = begin("overlay", "overlay");
  set(context, "overlay", "lowerdir", layers);
  set(context, "overlay", "redirect_dir", "nofollow");
  set(context, "overlay", "metacopy", "off");
  set(context, "overlay", "index", "off");
  int root = complete(context, "overlay", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
  attach(root, at, "", "attach-root");
  target_path = target;
  on_failure = detach_target;
  make_private(root);
  printf("{\"mounted\":true}\n");
  return 0;
}

int sync_below(const char *directory) {
  int at = open_directory(directory, "open-directory", O_RDONLY | O_NOFOLLOW);
  if (syncfs(at) < 0) fail("sync", directory);
  printf("{\"synced\":true}\n");
  return 0;
}
