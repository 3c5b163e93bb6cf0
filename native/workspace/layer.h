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

/* Visits each entry but the root, folders before and (when `leave` is given) again after what they hold. */
void walk_layer(const char *upper, const char *step, void (*enter)(const struct entry *),
                void (*leave)(const struct entry *));

#endif
