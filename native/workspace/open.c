#define _GNU_SOURCE
#include "mount.h"
#include "workspace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The folders made below, the overlay's own work folder, and its shared whiteout. */
#define OWN_INODES 8

static const char *directory;

static void detach_directory(void) {
  umount2(directory, DETACH);
}

static void set_number(int context, const char *step, const char *key, uint64_t value) {
  char text[24];
  snprintf(text, sizeof text, "%llu", (unsigned long long)value);
  set(context, step, key, text);
}

static void make_folder(const char *name, mode_t mode, uint32_t uid, uint32_t gid) {
  if (mkdir(name, 0700) < 0 || chown(name, uid, gid) < 0 || chmod(name, mode) < 0) fail("make-folders", name);
}

/* A detached copy of the source's mount, read-only and with its owner mapped to the job. Mounts below it are not taken. */
static int clone_source(const char *path, uint32_t uid, uint32_t gid, struct stat *status) {
  int source = open_directory(path, "open-source", O_PATH | O_NOFOLLOW);
  if (fstat(source, status) < 0) fail("open-source", path);
  int tree = (int)syscall(SYS_open_tree, source, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (tree < 0) fail("clone-source", path);
  close(source);
  int users = mapping_namespace(status->st_uid, status->st_gid, uid, gid);
  struct mount_attr attributes = {
    .attr_set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
    .propagation = PRIVATE,
    .userns_fd = (uint64_t)users,
  };
  if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) < 0) {
    fail("map-source", path);
  }
  close(users);
  return tree;
}

static void mount_overlay(void) {
  int context = begin("overlay", "overlay");
  /* Relative to the storage, which is the working directory: nobody can put a link in the way of them. */
  set(context, "overlay", "lowerdir", "lower");
  set(context, "overlay", "upperdir", "upper");
  set(context, "overlay", "workdir", "work");
  /* The upper layer must be readable as a diff by itself: no redirects and no metadata-only copies. */
  set(context, "overlay", "redirect_dir", "nofollow");
  set(context, "overlay", "metacopy", "off");
  set(context, "overlay", "index", "off");
  int merged = complete(context, "overlay", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
  attach(merged, AT_FDCWD, "merged", "attach-overlay");
}

static void mount_exchange(uint64_t bytes, uint64_t inodes, uint32_t uid, uint32_t gid) {
  int context = begin("tmpfs", "exchange");
  set_number(context, "exchange", "size", bytes);
  set_number(context, "exchange", "nr_inodes", inodes + 1);
  set_number(context, "exchange", "uid", uid);
  set_number(context, "exchange", "gid", gid);
  set(context, "exchange", "mode", "0700");
  unsigned int attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW;
  attach(complete(context, "exchange", attributes), AT_FDCWD, "exchange", "attach-exchange");
}

static void mount_storage(int at, uint64_t bytes, uint64_t inodes) {
  int context = begin("tmpfs", "storage");
  set_number(context, "storage", "size", bytes);
  set_number(context, "storage", "nr_inodes", inodes + OWN_INODES);
  set(context, "storage", "mode", "0700");
  int storage = complete(context, "storage", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
  attach(storage, at, "", "attach-storage");
  on_failure = detach_directory;
  /* What is mounted on this from now on is seen in no other mount namespace, and goes when this goes. */
  make_private(storage);
  if (fchdir(storage) < 0) fail("attach-storage", NULL);
}

int open_workspace(int count, char **values) {
  directory = values[0];
  uint64_t bytes = number(values[1], 1, INT64_MAX);
  uint64_t inodes = number(values[2], 1, INT32_MAX);
  uint32_t uid = (uint32_t)number(values[3], 1, INT32_MAX);
  uint32_t gid = (uint32_t)number(values[4], 1, INT32_MAX);
  uint64_t exchange_bytes = number(values[5], 1, INT64_MAX);
  uint64_t exchange_inodes = number(values[6], 1, INT32_MAX);
  umask(0);

  int at = open_directory(directory, "open-directory", O_PATH | O_NOFOLLOW);
  struct stat source = {.st_mode = 0755};
  int tree = count == 8 ? clone_source(values[7], uid, gid, &source) : -1;

  mount_storage(at, bytes, inodes);
  make_folder("lower", 0755, uid, gid);
  make_folder("upper", (source.st_mode & 0777) | 0700, uid, gid);
  make_folder("work", 0700, 0, 0);
  make_folder("merged", 0700, 0, 0);
  make_folder("exchange", 0700, 0, 0);
  if (tree >= 0) attach(tree, AT_FDCWD, "lower", "attach-source");
  mount_overlay();
  /* The overlay holds its own copy of the source's mount, so no path to the source is left on the host. */
  if (tree >= 0 && umount2("lower", DETACH) < 0) fail("detach-source", NULL);
  mount_exchange(exchange_bytes, exchange_inodes, uid, gid);
  printf("{\"opened\":true}\n");
  return 0;
}
