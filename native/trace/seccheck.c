/*
 * What a kernel of its own (gVisor) tells of the processes that it runs: its runtime monitoring connects to us and sends a
 * message for each point that was asked for (gVisor, pkg/sentry/seccheck). It waits for nothing: what it cannot send it
 * counts, and so it is told. What the job's filter refuses is not among it, as that kernel looks at the filter first.
 */
#define _GNU_SOURCE
#include "points.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* gvisor.common.MessageType */
enum { START = 1, EXEC = 3, EXIT = 4, OPEN = 7, CONNECT = 10, SETID = 14, SETRESID = 15, LISTEN = 37 };

#define HEADER_BYTES 8
#define MESSAGE_BYTES 262144
#define LONG_PATH 4096
#define AT_A_TIME 256

static uint32_t dropped_before;

/* The kernel says its version of the protocol, and waits for ours: field 1 is 1 (gvisor.common.Handshake). */
bool seccheck_greet(int connection) {
  static const uint8_t ours[] = {0x08, 0x01};
  uint8_t theirs[64];
  struct timeval soon = {.tv_sec = 5};
  (void)setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
  ssize_t got = recv(connection, theirs, sizeof theirs, 0);
  return got > 0 && send(connection, ours, sizeof ours, MSG_NOSIGNAL) == (ssize_t)sizeof ours;
}

static void add_argument(struct execution *seen, const struct point_field *field) {
  size_t used = seen->argument_count == 0 ? 0 : seen->argument_end[seen->argument_count - 1];
  size_t room = sizeof seen->arguments - used, length = field->length;
  if (!field->is_bytes) return;
  if (seen->argument_count == ARGUMENTS_MAX || (room == 0 && length > 0)) {
    seen->cut = true;
    return;
  }
  if (length > room) {
    length = room;
    seen->cut = true;
  }
  memcpy(seen->arguments + used, field->bytes, length);
  seen->argument_end[seen->argument_count++] = used + length;
}

static void set_path(struct execution *seen, const char *path) {
  seen->path_length = strnlen(path, sizeof seen->path);
  memcpy(seen->path, path, seen->path_length);
}

/* `arguments`, `path` and `other`: the numbers of these fields; the first path that is there is taken. */
static void take_execution(struct point_reader reader, uint32_t arguments, uint32_t path, uint32_t other, bool cut) {
  static struct execution seen;
  struct point_context context;
  struct point_field field;
  char name[PATH_BYTES_MAX] = "", second[PATH_BYTES_MAX] = "";
  seen.path_length = seen.argument_count = 0;
  seen.pid = seen.parent = 0;
  seen.missing = false;
  seen.cut = cut;
  while (point_next(&reader, &field)) {
    if (field.number == 1) point_context_read(&field, &seen, &context);
    else if (field.number == arguments) add_argument(&seen, &field);
    else if (field.number == path) point_text(&field, name, sizeof name);
    else if (field.number == other) point_text(&field, second, sizeof second);
  }
  if (name[0] != '\0') set_path(&seen, name);
  else if (second[0] != '\0') set_path(&seen, second);
  else if (seen.argument_count > 0) {
    seen.path_length = seen.argument_end[0] < sizeof seen.path ? seen.argument_end[0] : sizeof seen.path;
    memcpy(seen.path, seen.arguments, seen.path_length);
  }
  record_execution(&seen);
}

static void take_exit(struct point_reader reader) {
  struct execution caller = {.pid = 0};
  struct point_context context;
  struct point_field field;
  int status = 0;
  while (point_next(&reader, &field)) {
    if (field.number == 1) point_context_read(&field, &caller, &context);
    if (field.number == 2) status = (int)field.value;
  }
  struct ended ended = {.pid = caller.pid, .parent = caller.parent, .at_ms = caller.at_ms, .began_ms = -1, .processor_ns = -1};
  ended.code = (status & 0x7f) != 0 ? -1 : status >> 8 & 0xff;
  ended.signal = status & 0x7f;
  record_end(&ended);
}

static bool read_address(const struct point_field *field, struct socket_seen *seen) {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
  } address;
  memset(&address, 0, sizeof address);
  if (!field->is_bytes || field->length < sizeof(sa_family_t)) return false;
  memcpy(&address, field->bytes, field->length < sizeof address ? field->length : sizeof address);
  if (address.any.sa_family == AF_INET) {
    seen->port = ntohs(address.v4.sin_port);
    return inet_ntop(AF_INET, &address.v4.sin_addr, seen->address, sizeof seen->address) != NULL;
  }
  if (address.any.sa_family == AF_INET6) {
    seen->port = ntohs(address.v6.sin6_port);
    return inet_ntop(AF_INET6, &address.v6.sin6_addr, seen->address, sizeof seen->address) != NULL;
  }
  if (address.any.sa_family != AF_UNIX) return false;
  seen->protocol = "unix";
  size_t length = strnlen(address.local.sun_path + 1, sizeof address.local.sun_path - 2) + 1;
  memcpy(seen->address, address.local.sun_path, length);
  seen->address[length] = '\0';
  if (seen->address[0] == '\0') seen->address[0] = '@';
  return true;
}

static bool failed(const struct point_field *from) {
  struct point_reader reader = {from->bytes, from->bytes + from->length};
  struct point_field field;
  while (from->is_bytes && point_next(&reader, &field))
    if (field.number == 2 && field.value != 0) return true;
  return false;
}

static void take_socket(struct point_reader reader, bool listens) {
  struct execution caller = {.pid = 0};
  struct point_context context;
  struct point_field field;
  struct socket_seen seen = {.use = listens ? SOCKET_LISTENS : SOCKET_DIALS, .protocol = "tcp", .caller = &caller};
  bool known = false, refused = false;
  while (point_next(&reader, &field)) {
    if (field.number == 1) point_context_read(&field, &caller, &context);
    if (field.number == 2) refused = failed(&field);
    if (field.number == (listens ? 7u : 6u)) known = read_address(&field, &seen);
  }
  /* Whom a process speaks to within the sandbox is not told. */
  if (known && !refused && (listens || strcmp(seen.protocol, "unix") != 0)) record_socket(&seen);
}

static void take_identity(struct point_reader reader, bool three) {
  static const struct { int number; const char *call; bool user; } calls[] = {
#if defined(__x86_64__)
    {105, "setuid", true}, {106, "setgid", false}, {117, "setresuid", true}, {119, "setresgid", false},
#else
    {146, "setuid", true}, {144, "setgid", false}, {147, "setresuid", true}, {149, "setresgid", false},
#endif
  };
  struct attempt attempt = {.count = 1};
  struct attempt_kind kind = {.path = -1};
  struct point_context context;
  struct point_field field;
  bool user = true;
  memset(&context, 0, sizeof context);
  while (point_next(&reader, &field)) {
    if (field.number == 1) point_context_read(&field, &attempt.caller, &context);
    if (field.number == 2) attempt.refused = failed(&field);
    for (size_t i = 0; field.number == 3 && i < sizeof calls / sizeof *calls; i += 1)
      if ((uint64_t)calls[i].number == field.value) {
        kind.name = calls[i].call;
        user = calls[i].user;
      }
    if (field.number >= 4 && field.number < (three ? 7u : 5u)) attempt.arguments[field.number - 4] = (uint32_t)field.value;
  }
  const uint32_t *own = user ? context.users : context.groups;
  bool other = false;
  for (size_t i = 0; i < (three ? 3u : 1u); i += 1) {
    uint32_t wanted = attempt.arguments[i];
    other = other || (wanted != UINT32_MAX && wanted != own[0] && wanted != own[1] && wanted != own[2]);
  }
  attempt.kind = &kind;
  if (kind.name != NULL && (other || attempt.refused)) record_attempt(&attempt);
}

/* A path made absolute by its text alone: links on the way are not known. */
static void absolute(const char *base, const char *path, char *into, size_t room) {
  char text[LONG_PATH];
  size_t length = 0;
  snprintf(text, sizeof text, "%s%s%s", path[0] == '/' ? "" : base, path[0] == '/' ? "" : "/", path);
  into[0] = '\0';
  for (char *rest, *name = strtok_r(text, "/", &rest); name != NULL; name = strtok_r(NULL, "/", &rest)) {
    if (strcmp(name, ".") == 0) continue;
    if (strcmp(name, "..") == 0) {
      char *last = strrchr(into, '/');
      if (last != NULL) *last = '\0';
      length = strlen(into);
    } else if (length + strlen(name) + 2 < room) {
      length += (size_t)snprintf(into + length, room - length, "/%s", name);
    }
  }
}

static void take_open(struct point_reader reader) {
  static struct execution caller;
  struct point_context context;
  struct point_field field;
  char name[LONG_PATH] = "", folder[LONG_PATH] = "", path[LONG_PATH];
  bool refused = false;
  uint32_t flags = 0, mode = 0;
  caller.pid = 0;
  memset(&context, 0, sizeof context);
  while (point_next(&reader, &field)) {
    if (field.number == 1) point_context_read(&field, &caller, &context);
    if (field.number == 2) refused = failed(&field);
    if (field.number == 5) point_text(&field, folder, sizeof folder);
    if (field.number == 6) point_text(&field, name, sizeof name);
    if (field.number == 7) flags = (uint32_t)field.value;
    if (field.number == 8) mode = (uint32_t)field.value;
  }
  absolute(folder[0] == '/' ? folder : context.cwd, name, path, sizeof path);
  bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0;
  files_told(&caller, path, writes && !refused, writes && (mode & 04000) != 0 && !refused, refused);
}

static void take(const uint8_t *message, size_t length, bool cut) {
  uint16_t header, type;
  uint32_t dropped;
  if (length < HEADER_BYTES) return;
  memcpy(&header, message, sizeof header);
  memcpy(&type, message + 2, sizeof type);
  memcpy(&dropped, message + 4, sizeof dropped);
  if (header < HEADER_BYTES || header > length) return;
  if (dropped != dropped_before) record_count("dropped", (uint32_t)(dropped - dropped_before));
  dropped_before = dropped;
  struct point_reader reader = {message + header, message + length};
  switch (type) {
    case START: take_execution(reader, 4, 0, 0, cut); return;
    case EXEC: take_execution(reader, 3, 17, 2, cut); return;
    case EXIT: take_exit(reader); return;
    case OPEN: take_open(reader); return;
    case CONNECT: take_socket(reader, false); return;
    case LISTEN: take_socket(reader, true); return;
    case SETID: take_identity(reader, false); return;
    case SETRESID: take_identity(reader, true); return;
    default: return;
  }
}

/* An empty message and the end look the same to a reader. */
static bool has_gone(int connection) {
  struct pollfd look = {.fd = connection, .events = POLLIN | POLLRDHUP};
  return poll(&look, 1, 0) > 0 && (look.revents & (POLLHUP | POLLRDHUP | POLLERR)) != 0;
}

/* Takes what has come. False when the kernel has gone. */
bool seccheck_read(int connection) {
  static uint8_t message[MESSAGE_BYTES];
  for (int i = 0; i < AT_A_TIME; i += 1) {
    struct iovec part = {message, sizeof message};
    struct msghdr whole = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t got = recvmsg(connection, &whole, MSG_DONTWAIT);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0 && has_gone(connection)) return false;
    take(message, (size_t)got, (whole.msg_flags & MSG_TRUNC) != 0);
  }
  return true;
}
