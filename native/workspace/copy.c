/*
 * The source as a copy in memory, where its file system can not show an owner's files as another's (idmapped mounts): an overlay,
 * as in most containers, a file system in memory before Linux 6.3, a network's. Owners become what the mapping would make of
 * them. Devices, sockets and pipes are left out, and extended attributes.
 */
#define _GNU_SOURCE
#include "layer.h"
#include "workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define DEPTH_ROOM 300

static const char STEP[] = "copy-source";
static struct copying copying = {.step = STEP, .bytes_left = INT64_MAX};
static uint32_t disk_uid, disk_gid, job_uid, job_gid;
static int folders[DEPTH_ROOM];
static size_t depth;

static void give(int folder, const char *name, const struct stat *status) {
  uint32_t uid = status->st_uid == disk_uid ? job_uid : STRANGERS + status->st_uid;
  uint32_t gid = status->st_gid == disk_gid ? job_gid : STRANGERS + status->st_gid;
  if (fchownat(folder, name, uid, gid, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) < 0) fail(STEP, copying.path);
}

static void finish(int made, const struct stat *status) {
  struct timespec times[2] = {status->st_atim, status->st_mtim};
  give(made, "", status);
  if (fchmod(made, status->st_mode & 07777) < 0 || futimens(made, times) < 0) fail(STEP, copying.path);
  if (close(made) < 0) fail(STEP, copying.path);
}

static void copy_file(const struct entry *entry) {
  struct stat status;
  int from = openat(entry->folder, entry->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (from < 0 || fstat(from, &status) < 0) fail(STEP, entry->path);
  if (!S_ISREG(status.st_mode)) {
    errno = EBADMSG;
    fail(STEP, "a file was replaced while it was read");
  }
  int to = openat(folders[depth], entry->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (to < 0) fail(STEP, entry->path);
  copy_content(&copying, from, to, status.st_size);
  close(from);
  finish(to, &status);
}

static void copy_link(const struct entry *entry) {
  char target[PATH_MAX];
  ssize_t length = readlinkat(entry->folder, entry->name, target, sizeof target - 1);
  if (length < 0) fail(STEP, entry->path);
  target[length] = 0;
  if (symlinkat(target, folders[depth], entry->name) < 0) fail(STEP, entry->path);
  give(folders[depth], entry->name, &entry->status);
}

static void copy_entry(const struct entry *entry) {
  copying.path = entry->path;
  if (entry->type == 'f') copy_file(entry);
  if (entry->type == 'l') copy_link(entry);
  if (entry->type != 'd') return;
  if (mkdirat(folders[depth], entry->name, 0700) < 0) fail(STEP, entry->path);
  int made = openat(folders[depth], entry->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (made < 0) fail(STEP, entry->path);
  depth += 1;
  if (depth >= DEPTH_ROOM) {
    errno = ENAMETOOLONG;
    fail(STEP, "folders are nested too deeply");
  }
  folders[depth] = made;
}

static void leave_folder(const struct entry *entry) {
  copying.path = entry->path;
  finish(folders[depth], &entry->status);
  depth -= 1;
}

void copy_source(const char *source, int target, const struct stat *status, uint32_t uid, uint32_t gid) {
  disk_uid = status->st_uid;
  disk_gid = status->st_gid;
  job_uid = uid;
  job_gid = gid;
  folders[0] = target;
  walk_layer(source, STEP, copy_entry, leave_folder);
  copying.path = source;
  finish(target, status);
}
