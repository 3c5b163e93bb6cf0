#define _GNU_SOURCE
#include "layer.h"
#include "workspace.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

static char buffer[1 << 18];

static void copy_range(struct copying *copying, int from, int to, off_t start, off_t end) {
  while (start < end) {
    size_t want = (uint64_t)(end - start) < sizeof buffer ? (size_t)(end - start) : sizeof buffer;
    ssize_t had = pread(from, buffer, want, start);
    if (had < 0) fail(copying->step, copying->path);
    if (had == 0) return;
    if ((uint64_t)had > copying->bytes_left) {
      errno = EDQUOT;
      fail(copying->step, "there is more than is allowed");
    }
    copying->bytes_left -= (uint64_t)had;
    copying->bytes += (uint64_t)had;
    if (pwrite(to, buffer, (size_t)had, start) != had) fail(copying->step, copying->path);
    start += had;
  }
}

void copy_content(struct copying *copying, int from, int to, off_t size) {
  off_t at = 0;
  if (ftruncate(to, size) < 0) fail(copying->step, copying->path);
  while (at < size) {
    off_t start = lseek(from, at, SEEK_DATA);
    if (start < 0 && errno == ENXIO) return;
    if (start < 0) fail(copying->step, copying->path);
    off_t end = lseek(from, start, SEEK_HOLE);
    if (end < 0) fail(copying->step, copying->path);
    if (end > size) end = size;
    copy_range(copying, from, to, start, end);
    at = end;
  }
}
