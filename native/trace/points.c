/*
 * A decoder of the few messages that are read, for the wire format of protocol buffers. The kernel that sends them may have
 * been taken over: every length is held against what there is, and nothing is stored beyond a bound.
 */
#include "points.h"

#include <string.h>

static bool varint(struct point_reader *reader, uint64_t *value) {
  *value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (reader->at == reader->end) return false;
    uint8_t byte = *reader->at++;
    *value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

static bool skip(struct point_reader *reader, size_t size) {
  if ((size_t)(reader->end - reader->at) < size) return false;
  reader->at += size;
  return true;
}

bool point_next(struct point_reader *reader, struct point_field *field) {
  uint64_t key, length;
  while (reader->at < reader->end && varint(reader, &key)) {
    *field = (struct point_field){.number = (uint32_t)(key >> 3)};
    switch (key & 7) {
      case 0: return varint(reader, &field->value);
      case 2:
        if (!varint(reader, &length) || length > (size_t)(reader->end - reader->at)) return false;
        field->is_bytes = true;
        field->bytes = reader->at;
        field->length = (size_t)length;
        reader->at += length;
        return true;
      /* Fixed widths are in no message of ours. */
      case 1:
        if (!skip(reader, 8)) return false;
        break;
      case 5:
        if (!skip(reader, 4)) return false;
        break;
      default: return false;
    }
  }
  return false;
}

void point_text(const struct point_field *field, char *into, size_t room) {
  size_t length = field->is_bytes ? field->length : 0;
  if (length >= room) length = room - 1;
  if (length > 0) memcpy(into, field->bytes, length);
  into[length] = '\0';
}

static void read_credentials(const struct point_field *from, struct point_context *context) {
  struct point_reader reader = {from->bytes, from->bytes + from->length};
  struct point_field field;
  while (from->is_bytes && point_next(&reader, &field)) {
    if (field.number >= 1 && field.number <= 3) context->users[field.number - 1] = (uint32_t)field.value;
    if (field.number >= 4 && field.number <= 6) context->groups[field.number - 4] = (uint32_t)field.value;
  }
}

void point_context_read(const struct point_field *from, struct execution *caller, struct point_context *context) {
  struct point_reader reader = {from->bytes, from->bytes + from->length};
  struct point_field field;
  memset(context, 0, sizeof *context);
  while (from->is_bytes && point_next(&reader, &field)) {
    if (field.number == 1) caller->at_ms = (int64_t)(field.value / 1000000);
    if (field.number == 4) caller->pid = caller->host_pid = (pid_t)field.value;
    if (field.number == 10) caller->parent = (pid_t)field.value;
    if (field.number == 8) point_text(&field, context->cwd, sizeof context->cwd);
    if (field.number == 7) read_credentials(&field, context);
  }
  caller->uid = context->users[0];
}
