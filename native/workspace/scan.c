/*
 * Lists an upper layer, which the job made and may still be changing: no link is followed, and the count, the depth and
 * the length of what is read are bounded.
 *
 * One record an entry, folders before what they hold: `TYPE MODE SIZE MTIME_SECONDS MTIME_NANOSECONDS OPAQUE`, NUL, the
 * path from the layer's root, NUL, a link's target or nothing, NUL. TYPE is f (file), d (folder), l (link), w (whiteout)
 * or o (anything else); MODE is octal and holds only permissions. The record `end` closes the list: without it, it is
 * not whole.
 */
#define _GNU_SOURCE
#include "workspace.h"
#include "layer.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static uint64_t left;

static void print_entry(const struct entry *entry) {
  char target[PATH_MAX];
  ssize_t length = 0;
  if (left == 0) {
    errno = E2BIG;
    fail("scan", "there are more files than are allowed");
  }
  left -= 1;
  if (entry->type == 'l') {
    length = readlinkat(entry->folder, entry->name, target, sizeof target);
    if (length < 0) fail("scan", entry->path);
  }
  const struct stat *status = &entry->status;
  printf("%c %o %lld %lld %ld %d", entry->type, (unsigned)status->st_mode & 0777, (long long)status->st_size,
         (long long)status->st_mtim.tv_sec, status->st_mtim.tv_nsec, entry->opaque ? 1 : 0);
  putchar(0);
  fputs(entry->path, stdout);
  putchar(0);
  fwrite(target, 1, (size_t)length, stdout);
  putchar(0);
}

int scan(const char *upper, const char *most_entries) {
  left = number(most_entries, 0, INT64_MAX);
  walk_layer(upper, "scan", print_entry, NULL);
  fputs("end", stdout);
  putchar(0);
  putchar(0);
  putchar(0);
  return fflush(stdout) == 0 ? 0 : 1;
}
