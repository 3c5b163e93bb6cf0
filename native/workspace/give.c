/* Gives a folder that the control side made for one job to that job's user, who is root of nothing and has an id of its own. */
#define _GNU_SOURCE
#include "layer.h"
#include "workspace.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static uint32_t owner, group;

static void give_entry(const struct entry *entry) {
  if (fchownat(entry->folder, entry->name, owner, group, AT_SYMLINK_NOFOLLOW) < 0) fail("give", entry->path);
}

int give_folder(const char *folder, const char *uid, const char *gid) {
  owner = (uint32_t)number(uid, 1, INT32_MAX);
  group = (uint32_t)number(gid, 1, INT32_MAX);
  int root = open_directory(folder, "give", O_RDONLY | O_NOFOLLOW);
  if (fchown(root, owner, group) < 0) fail("give", folder);
  walk_layer(folder, "give", give_entry, NULL);
  printf("{\"given\":true}\n");
  return 0;
}
