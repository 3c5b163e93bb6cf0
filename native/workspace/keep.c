/*
 * Copies an upper layer to a folder that lasts, so that it can be shown and applied after its run. What it is for the
 * overlay is kept: whiteouts, opaque folders, links as links. Owners are not (everything becomes the caller's), nor are
 * set-user-id, set-group-id and sticky bits, nor the job's own extended attributes.
 */
#define _GNU_SOURCE
#include "layer.h"
#include "workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define DEPTH_ROOM 300

static struct copying copying = {.step = "keep"};
static uint64_t entries_left;
static uint64_t entries;
/* The folders of the copy that are open, the root first. */
static int folders[DEPTH_ROOM];
static size_t depth;

static void keep_file(const struct entry *entry, int folder) {
  struct stat status;
  int from = openat(entry->folder, entry->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (from < 0 || fstat(from, &status) < 0) fail("keep", entry->path);
  if (!S_ISREG(status.st_mode)) {
    errno = EBADMSG;
    fail("keep", "a file was replaced while it was read");
  }
  int to = openat(folder, entry->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (to < 0) fail("keep", entry->path);
  copying.path = entry->path;
  copy_content(&copying, from, to, status.st_size);
  struct timespec times[2] = {status.st_atim, status.st_mtim};
  if (fchmod(to, status.st_mode & 0777) < 0 || futimens(to, times) < 0) fail("keep", entry->path);
  close(from);
  if (close(to) < 0) fail("keep", entry->path);
}

static void keep_folder(const struct entry *entry, int folder) {
  if (mkdirat(folder, entry->name, 0700) < 0) fail("keep", entry->path);
  int made = openat(folder, entry->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (made < 0) fail("keep", entry->path);
  if (entry->opaque && fsetxattr(made, opaque_attribute(), "y", 1, 0) < 0) fail("keep", entry->path);
  depth += 1;
  if (depth >= DEPTH_ROOM) {
    errno = ENAMETOOLONG;
    fail("keep", "folders are nested too deeply");
  }
  folders[depth] = made;
}

static void keep_link(const struct entry *entry, int folder) {
  char target[PATH_MAX];
  ssize_t length = readlinkat(entry->folder, entry->name, target, sizeof target - 1);
  if (length < 0) fail("keep", entry->path);
  target[length] = 0;
  if (symlinkat(target, folder, entry->name) < 0) fail("keep", entry->path);
}

static void keep_entry(const struct entry *entry) {
  int folder = folders[depth];
  if (entries_left == 0) {
    errno = E2BIG;
    fail("keep", "there are more files than are allowed");
  }
  entries_left -= 1;
  entries += 1;
  if (entry->type == 'f') keep_file(entry, folder);
  else if (entry->type == 'd') keep_folder(entry, folder);
  else if (entry->type == 'l') keep_link(entry, folder);
  else if (entry->type == 'w') {
    if (mknodat(folder, entry->name, S_IFCHR | 0600, makedev(0, 0)) < 0) fail("keep", entry->path);
  } else if (mknodat(folder, entry->name, S_IFIFO | 0600, 0) < 0) fail("keep", entry->path);
}

static void close_folder(const struct entry *entry) {
  int made = folders[depth];
  depth -= 1;
  struct timespec times[2] = {entry->status.st_atim, entry->status.st_mtim};
  if (fchmod(made, entry->status.st_mode & 0777) < 0 || futimens(made, times) < 0) fail("keep", entry->path);
  close(made);
}

int keep(const char *upper, const char *target, const char *most_bytes, const char *most_entries) {
  copying.bytes_left = number(most_bytes, 0, INT64_MAX);
  entries_left = number(most_entries, 0, INT64_MAX);
  folders[0] = open_directory(target, "keep-target", O_RDONLY | O_NOFOLLOW);
  walk_layer(upper, "keep", keep_entry, close_folder);
  printf("{\"entries\":%llu,\"bytes\":%llu}\n", (unsigned long long)entries, (unsigned long long)copying.bytes);
  return 0;
}
