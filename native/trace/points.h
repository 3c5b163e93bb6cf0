/* Messages of gVisor's runtime monitoring: its seccheck points, serialised as protocol buffers. */
#ifndef COFFERDAM_POINTS_H
#define COFFERDAM_POINTS_H

#include "trace.h"

/* A field of a message: a number, or bytes of the message itself. */
struct point_field {
  uint32_t number;
  bool is_bytes;
  uint64_t value;
  const uint8_t *bytes;
  size_t length;
};

struct point_reader {
  const uint8_t *at, *end;
};

/* False at the end, and at anything that is not well formed: what was read until then holds. */
bool point_next(struct point_reader *reader, struct point_field *field);

/* What gvisor.common.ContextData tells of who did it. */
struct point_context {
  char cwd[PATH_BYTES_MAX];
  uint32_t users[3], groups[3];
};

void point_context_read(const struct point_field *field, struct execution *caller, struct point_context *context);
void point_text(const struct point_field *field, char *into, size_t room);

#endif
