#ifndef COFFERDAM_LAYER_H
#define COFFERDAM_LAYER_H

#include <stdbool.h>
#include <sys/stat.h>

/* One entry of an overlay's upper layer, as the kernel's overlayfs documentation describes it. */
struct entry {
  /* The open folder that holds it, and its name there. */
  int folder;
  const char *name;
  /* From the layer's root, without a leading slash. */
  const char *path;
  /* f, d, l, w (whiteout: what the lower layer has here is gone) or o. */
  char type;
  /* A folder that hides all that the lower layer has in it. */
  bool opaque;
  struct stat status;
};

/* The attribute by which an overlay that we may mount marks an opaque folder. */
const char *opaque_attribute(void);

/* Visits each entry but the root, folders before and (when `leave` is given) again after what they hold. */
void walk_layer(const char *upper, const char *step, void (*enter)(const struct entry *),
                void (*leave)(const struct entry *));

/* What is copied: the step that fails, the path that is told, and how much more there may be. */
struct copying {
  const char *step;
  const char *path;
  uint64_t bytes_left;
  uint64_t bytes;
};

/* Copies a file's content to an empty one. Holes stay holes: a file of a terabyte may hold nothing. */
void copy_content(struct copying *copying, int from, int to, off_t size);

#endif
