#define _GNU_SOURCE
#include "rootless.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/mount.h>

/* A mount hides what lies below it, here for this namespace alone: the first that has nothing to hide is taken. */
static const char *const folders[] = {"/run/cofferdam", "/mnt", "/media", "/srv", "/opt", "/var/opt", "/var/local"};
/* Where every kernel has a mount point that nothing of ours looks at. */
static const char *const always[] = {"/sys/kernel/debug", "/sys/fs/fuse/connections", "/sys/kernel/security"};

static bool is_empty(const char *path) {
  DIR *folder = opendir(path);
  if (folder == NULL) return false;
  bool empty = true;
  for (struct dirent *entry; empty && (entry = readdir(folder)) != NULL;)
    empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
  closedir(folder);
  return empty;
}

/* Others pass through it: a sandbox's own root has an id that nobody has. The name tells the control side what it is. */
static bool mount_at(const char *path) {
  return mount("cofferdam-rootless", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0711,size=256m,nr_inodes=65536") == 0;
}

bool make_place(struct failure *failure) {
  if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
    *failure = (struct failure){"private-mounts", errno};
    return false;
  }
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i += 1)
    if (is_empty(folders[i]) && mount_at(folders[i])) return true;
  for (size_t i = 0; i < sizeof always / sizeof *always; i += 1)
    if (mount_at(always[i])) return true;
  *failure = (struct failure){"mount", errno};
  return false;
}
