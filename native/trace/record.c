#define _GNU_SOURCE
#include "trace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Worst case of a line: every byte of path and arguments becomes six, and each argument brings quotes and a comma. */
#define LINE_BYTES_MAX (6 * (PATH_BYTES_MAX + ARGUMENT_BYTES_MAX) + 4 * ARGUMENTS_MAX + 512)
/* What may wait for a slow reader. Beyond it lines are dropped and counted: the job is never slowed by its record. */
#define WAITING_BYTES_MAX (1u << 20)

static char waiting[WAITING_BYTES_MAX];
static size_t waiting_from, waiting_length;
static uint64_t dropped;

static char line[LINE_BYTES_MAX];
static size_t line_length;

static void put(const char *bytes, size_t length) {
  memcpy(line + line_length, bytes, length);
  line_length += length;
}

static void put_text(const char *text) { put(text, strlen(text)); }

static void put_number(const char *name, int64_t value) {
  line_length += (size_t)snprintf(line + line_length, 64, ",\"%s\":%lld", name, (long long)value);
}

/* Length of the UTF-8 sequence at `at` (RFC 3629: no overlong forms, no surrogates), or 0. */
static size_t utf8_length(const unsigned char *at, size_t left) {
  unsigned char first = at[0];
  size_t length = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3
                                 : first >= 0xf0 && first < 0xf5   ? 4
                                                                   : 0;
  if (length == 0 || length > left) return 0;
  for (size_t i = 1; i < length; i += 1)
    if ((at[i] & 0xc0) != 0x80) return 0;
  if ((first == 0xe0 && at[1] < 0xa0) || (first == 0xed && at[1] >= 0xa0)) return 0;
  if ((first == 0xf0 && at[1] < 0x90) || (first == 0xf4 && at[1] >= 0x90)) return 0;
  return length;
}

static void put_string(const char *text, size_t length) {
  const unsigned char *bytes = (const unsigned char *)text;
  put("\"", 1);
  for (size_t i = 0; i < length;) {
    size_t step = utf8_length(bytes + i, length - i);
    if (step == 0) {
      put("\xef\xbf\xbd", 3);
      step = 1;
    } else if (bytes[i] < 0x20 || bytes[i] == 0x7f || bytes[i] == '"' || bytes[i] == '\\') {
      line_length += (size_t)snprintf(line + line_length, 8, "\\u%04x", bytes[i]);
    } else {
      put(text + i, step);
    }
    i += step;
  }
  put("\"", 1);
}

static bool keep(const char *bytes, size_t length) {
  if (length > WAITING_BYTES_MAX - waiting_length) return false;
  size_t to = (waiting_from + waiting_length) % WAITING_BYTES_MAX;
  size_t first = WAITING_BYTES_MAX - to < length ? WAITING_BYTES_MAX - to : length;
  memcpy(waiting + to, bytes, first);
  memcpy(waiting, bytes + first, length - first);
  waiting_length += length;
  return true;
}

/* Says how many lines were lost, before the first that can be kept again. */
static bool keep_dropped(void) {
  if (dropped == 0) return true;
  char text[64];
  int length = snprintf(text, sizeof text, "{\"kind\":\"dropped\",\"count\":%llu}\n", (unsigned long long)dropped);
  if (!keep(text, (size_t)length)) return false;
  dropped = 0;
  return true;
}

/* Starts and ends of programs come in floods, and are told together: each telling wakes the engine. */
#define TOGETHER_MS 5
#define TOGETHER_BYTES 16384

static int64_t since;
static bool at_once;

static void finish_line(bool soon) {
  put("\n", 1);
  if (waiting_length == 0) since = steady_ms();
  at_once = at_once || soon;
  if (!keep_dropped() || !keep(line, line_length)) dropped += 1;
  line_length = 0;
}

void record_text(const char *text) {
  put_text(text);
  finish_line(true);
}

static void put_process(const struct execution *seen) {
  put_number("at", seen->at_ms);
  put_number("host", seen->host_pid);
  put_number("pid", seen->pid);
  put_number("parent", seen->parent);
  put_number("uid", seen->uid);
  put_text(",\"path\":");
  put_string(seen->path, seen->path_length);
  put_text(",\"argv\":[");
  for (size_t i = 0; i < seen->argument_count; i += 1) {
    size_t from = i == 0 ? 0 : seen->argument_end[i - 1];
    if (i > 0) put(",", 1);
    put_string(seen->arguments + from, seen->argument_end[i] - from);
  }
  put_text(seen->cut ? "],\"cut\":true" : "],\"cut\":false");
}

void record_attempt(const struct attempt *attempt) {
  put_text("{\"kind\":\"attempt\",\"call\":");
  put_string(attempt->kind->name, strlen(attempt->kind->name));
  put_number("count", (int64_t)attempt->count);
  put_text(attempt->refused ? ",\"refused\":true,\"arguments\":[" : ",\"refused\":false,\"arguments\":[");
  for (size_t i = 0; i < ATTEMPT_ARGUMENTS; i += 1)
    line_length += (size_t)snprintf(line + line_length, 16, i == 0 ? "%u" : ",%u", attempt->arguments[i]);
  put_text("]");
  put_process(&attempt->caller);
  put_text("}");
  finish_line(true);
}

void record_execution(const struct execution *seen) {
  put_text("{\"kind\":\"exec\"");
  put_process(seen);
  if (seen->arguments_at != 0) put_number("was", (int64_t)seen->arguments_at);
  put_text(seen->missing ? ",\"missing\":true}" : ",\"missing\":false}");
  finish_line(false);
}

void record_end(const struct ended *ended) {
  put_text("{\"kind\":\"end\"");
  put_number("pid", ended->pid);
  put_number("parent", ended->parent);
  put_number("at", ended->at_ms);
  if (ended->began_ms >= 0) put_number("began", ended->began_ms);
  if (ended->processor_ns >= 0) put_number("processor", ended->processor_ns);
  if (ended->code >= 0) put_number("code", ended->code);
  if (ended->signal > 0) put_number("signal", ended->signal);
  put_text("}");
  finish_line(false);
}

void record_socket(const struct socket_seen *seen) {
  put_text("{\"kind\":");
  put_text(seen->use == SOCKET_CONNECTS ? "\"connect\"" : seen->use == SOCKET_DIALS ? "\"dial\"" : "\"listen\"");
  put_text(",\"protocol\":");
  put_string(seen->protocol, strlen(seen->protocol));
  put_number("port", seen->port);
  put_text(",\"address\":");
  put_string(seen->address, strlen(seen->address));
  put_process(seen->caller);
  put_text("}");
  finish_line(true);
}

void record_file(const char *what, bool refused, const struct execution *caller) {
  put_text(refused ? "{\"kind\":\"file\",\"refused\":true,\"what\":" : "{\"kind\":\"file\",\"refused\":false,\"what\":");
  put_string(what, strlen(what));
  put_process(caller);
  put_text("}");
  finish_line(true);
}

void record_unwatched(const char *path, const char *why) {
  put_text("{\"kind\":\"unwatchable\",\"path\":");
  put_string(path, strnlen(path, PATH_BYTES_MAX));
  put_text(",\"why\":");
  put_string(why, strlen(why));
  put_text("}");
  finish_line(true);
}

void record_count(const char *kind, uint64_t count) {
  put_text("{\"kind\":\"");
  put_text(kind);
  put_text("\"");
  put_number("count", (int64_t)count);
  put_text("}");
  finish_line(true);
}

void record_refusal(pid_t pid, int family, int type, int protocol) {
  put_text("{\"kind\":\"socket\"");
  put_number("pid", pid);
  put_number("family", family);
  put_number("type", type);
  put_number("protocol", protocol);
  put_text("}");
  finish_line(true);
}

void record_gap(const char *why) {
  put_text("{\"kind\":\"gap\",\"why\":");
  put_string(why, strlen(why));
  put_text("}");
  finish_line(true);
}

bool record_pending(void) { return waiting_length > 0 || dropped > 0; }

/* How long what is pending may still wait; -1: nothing is. */
int record_wait_ms(void) {
  if (!record_pending()) return -1;
  int64_t waited = steady_ms() - since;
  return at_once || waiting_length >= TOGETHER_BYTES || waited >= TOGETHER_MS ? 0 : (int)(TOGETHER_MS - waited);
}

/* Writes what the reader takes now. False when the reader is gone. */
bool record_flush(void) {
  for (;;) {
    (void)keep_dropped();
    if (waiting_length == 0) {
      at_once = false;
      return true;
    }
    size_t part = WAITING_BYTES_MAX - waiting_from < waiting_length ? WAITING_BYTES_MAX - waiting_from : waiting_length;
    ssize_t written = write(STDOUT_FILENO, waiting + waiting_from, part);
    if (written < 0) return errno == EAGAIN || errno == EINTR;
    waiting_from = (waiting_from + (size_t)written) % WAITING_BYTES_MAX;
    waiting_length -= (size_t)written;
  }
}
