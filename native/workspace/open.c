#define _GNU_SOURCE
#include "mount.h"
#include "workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
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

/*
 * A detached copy of the source's mount, read-only and, as root of the machine, with its owner mapped to the job. Mounts below it
 * are not taken. Where the file system cannot map owners it is the copy without that, and `shown` is false.
 */
static int clone_source(const char *path, uint32_t uid, uint32_t gid, bool mapped, struct stat *status, bool *shown) {
  int source = open_directory(path, "open-source", O_PATH | O_NOFOLLOW);
  if (fstat(source, status) < 0) fail("open-source", path);
  int tree = (int)syscall(SYS_open_tree, source, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (tree < 0) fail("clone-source", path);
  close(source);
  struct mount_attr attributes = {
    .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
    .propagation = PRIVATE,
  };
  if (mapped) {
    int users = mapping_namespace(status->st_uid, status->st_gid, uid, gid);
    attributes.attr_set |= MOUNT_ATTR_IDMAP;
    attributes.userns_fd = (uint64_t)users;
    *shown = syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) == 0;
    close(users);
    if (*shown) return tree;
    if (errno != EINVAL) fail("map-source", path);
    attributes.attr_set &= ~(uint64_t)MOUNT_ATTR_IDMAP;
    attributes.userns_fd = 0;
  }
  *shown = !mapped;
  if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) < 0) {
    fail(mapped ? "map-source" : "clone-source", path);
  }
  return tree;
}

/*
 * Only root of the machine may keep an overlay's marks out of reach as `trusted.` attributes. As `user.` ones the kernel keeps
 * them from whoever works above the overlay (overlayfs.rst, "userxattr"), where the storage can hold such attributes at all.
 */
static void try_user_attributes(void) {
  if (setxattr("upper", "user.cofferdam", "", 0, 0) < 0 || removexattr("upper", "user.cofferdam") < 0) {
    fail("user-attributes", NULL);
  }
}

static void mount_overlay(bool user_attributes) {
  int context = begin("overlay", "overlay");
  /* Relative to the storage, which is the working directory: nobody can put a link in the way of them. */
  set(context, "overlay", "lowerdir", "lower");
  set(context, "overlay", "upperdir", "upper");
  set(context, "overlay", "workdir", "work");
  /* The upper layer must be readable as a diff by itself: no redirects and no metadata-only copies. */
  set(context, "overlay", "redirect_dir", "nofollow");
  set(context, "overlay", "metacopy", "off");
  set(context, "overlay", "index", "off");
  if (user_attributes && syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0) fail("overlay", "userxattr");
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

/* A copy of the source in memory, of half of the machine's at most, in the place of its mount. */
static void copy_lower(int tree, const struct stat *status, uint32_t uid, uint32_t gid) {
  char source[PATH_MAX];
  make_folder("source", 0700, 0, 0);
  attach(tree, AT_FDCWD, "source", "attach-source");
  int context = begin("tmpfs", "copy-source");
  set(context, "copy-source", "size", "50%");
  set(context, "copy-source", "mode", "0700");
  attach(complete(context, "copy-source", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV), AT_FDCWD, "lower", "attach-source");
  int target = open("lower", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (target < 0 || snprintf(source, sizeof source, "%s/source", directory) >= (int)sizeof source) fail("copy-source", NULL);
  copy_source(source, target, status, uid, gid);
  struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
  if (syscall(SYS_mount_setattr, AT_FDCWD, "lower", 0, &read_only, sizeof read_only) < 0) fail("copy-source", NULL);
  if (umount2("source", DETACH) < 0 || rmdir("source") < 0) fail("detach-source", NULL);
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

int open_workspace(int count, char **values, bool mapped) {
  directory = values[0];
  uint64_t bytes = number(values[1], 1, INT64_MAX);
  uint64_t inodes = number(values[2], 1, INT32_MAX);
  /* Without a mapping we are in a user namespace, whose root is the user. */
  uint32_t uid = (uint32_t)number(values[3], mapped ? 1 : 0, INT32_MAX);
  uint32_t gid = (uint32_t)number(values[4], mapped ? 1 : 0, INT32_MAX);
  uint64_t exchange_bytes = number(values[5], 1, INT64_MAX);
  uint64_t exchange_inodes = number(values[6], 1, INT32_MAX);
  umask(0);

  int at = open_directory(directory, "open-directory", O_PATH | O_NOFOLLOW);
  struct stat source = {.st_mode = 0755};
  bool shown = true;
  int tree = count == 8 ? clone_source(values[7], uid, gid, mapped, &source, &shown) : -1;

  mount_storage(at, bytes, inodes);
  make_folder("lower", 0755, uid, gid);
  make_folder("upper", (source.st_mode & 0777) | 0700, uid, gid);
  make_folder("work", 0700, 0, 0);
  make_folder("merged", 0700, 0, 0);
  make_folder("exchange", 0700, 0, 0);
  if (tree >= 0 && shown) attach(tree, AT_FDCWD, "lower", "attach-source");
  if (tree >= 0 && !shown) copy_lower(tree, &source, uid, gid);
  if (tree >= 0 && !mapped) try_user_attributes();
  mount_overlay(!mapped);
  /* The overlay holds its own copy of the source's mount, so no path to the source is left on the host. */
  if (tree >= 0 && umount2("lower", DETACH) < 0) fail("detach-source", NULL);
  mount_exchange(exchange_bytes, exchange_inodes, uid, gid);
  printf("{\"opened\":true}\n");
  return 0;
}
