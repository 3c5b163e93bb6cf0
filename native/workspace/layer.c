#define _GNU_SOURCE
#include "layer.h"
#include "workspace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

/* A descriptor is held for each folder on the way down; the paths of real projects are far below this. */
#define DEPTH_MAX 256

struct walk {
  const char *step, *opaque, *redirect;
  void (*enter)(const struct entry *);
  void (*leave)(const struct entry *);
  char path[PATH_MAX];
};

const char *opaque_attribute(void) {
  return is_machine_root() ? "trusted.overlay.opaque" : "user.overlay.opaque";
}

/*
 * `trusted.` attributes are out of the job's reach, and `user.overlay.` ones are kept from it by an overlay that uses them: an
 * opaque folder can only have been made by the overlay.
 */
static bool is_opaque(int folder, const struct walk *walk) {
  char value[8];
  ssize_t length = fgetxattr(folder, walk->opaque, value, sizeof value);
  if (length < 0 && errno != ENODATA && errno != ENOTSUP) fail(walk->step, walk->path);
  if (fgetxattr(folder, walk->redirect, NULL, 0) >= 0) {
    errno = EBADMSG;
    fail(walk->step, "a folder of the layer is a redirect");
  }
  return length == 1 && value[0] == 'y';
}

static char type_of(const struct stat *status) {
  if (S_ISREG(status->st_mode)) return 'f';
  if (S_ISDIR(status->st_mode)) return 'd';
  if (S_ISLNK(status->st_mode)) return 'l';
  if (S_ISCHR(status->st_mode) && status->st_rdev == makedev(0, 0)) return 'w';
  return 'o';
}

static void walk_folder(struct walk *walk, int fd, size_t length, int depth);

static void visit(struct walk *walk, int fd, const char *name, size_t length, int depth) {
  struct entry entry = {.folder = fd, .name = name, .path = walk->path};
  if (fstatat(fd, name, &entry.status, AT_SYMLINK_NOFOLLOW) < 0) {
    if (errno == ENOENT) return;
    fail(walk->step, walk->path);
  }
  entry.type = type_of(&entry.status);
  if (entry.type != 'd') {
    walk->enter(&entry);
    return;
  }
  int inner = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (inner < 0 || fstat(inner, &entry.status) < 0) fail(walk->step, walk->path);
  entry.opaque = is_opaque(inner, walk);
  walk->enter(&entry);
  walk_folder(walk, inner, length, depth + 1);
  walk->path[length] = 0;
  if (walk->leave != NULL) walk->leave(&entry);
}

/* Takes the descriptor over. */
static void walk_folder(struct walk *walk, int fd, size_t length, int depth) {
  if (depth > DEPTH_MAX) {
    errno = ENAMETOOLONG;
    fail(walk->step, "folders are nested too deeply");
  }
  DIR *folder = fdopendir(fd);
  if (folder == NULL) fail(walk->step, walk->path);
  for (;;) {
    errno = 0;
    struct dirent *item = readdir(folder);
    if (item == NULL) break;
    if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0) continue;
    size_t from = length == 0 ? 0 : length + 1;
    size_t size = strlen(item->d_name);
    if (from + size + 1 > sizeof walk->path) {
      errno = ENAMETOOLONG;
      fail(walk->step, "a path is too long");
    }
    if (length > 0) walk->path[length] = '/';
    memcpy(walk->path + from, item->d_name, size + 1);
    visit(walk, fd, item->d_name, from + size, depth);
  }
  if (errno != 0) fail(walk->step, walk->path);
  closedir(folder);
}

void walk_layer(const char *upper, const char *step, void (*enter)(const struct entry *),
                void (*leave)(const struct entry *)) {
  static struct walk walk;
  walk.step = step;
  walk.opaque = opaque_attribute();
  walk.redirect = is_machine_root() ? "trusted.overlay.redirect" : "user.overlay.redirect";
  walk.enter = enter;
  walk.leave = leave;
  walk_folder(&walk, open_directory(upper, step, O_RDONLY | O_NOFOLLOW), 0, 0);
}
