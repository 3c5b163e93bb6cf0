/* Process telemetry for a sandbox: what the parts of the program share. */
#ifndef COFFERDAM_TRACE_H
#define COFFERDAM_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ARGUMENTS_MAX 64
#define ARGUMENT_BYTES_MAX 4096
#define PATH_BYTES_MAX 512

/* What a stopped caller was about to start. Every byte of it is the caller's, and hostile. */
struct execution {
  int64_t at_ms;
  pid_t host_pid, pid, parent;
  uid_t uid;
  size_t path_length;
  size_t argument_count;
  size_t argument_end[ARGUMENTS_MAX]; /* offsets into `arguments`; each argument ends where the next begins */
  char path[PATH_BYTES_MAX];
  char arguments[ARGUMENT_BYTES_MAX];
  bool cut;        /* something was longer than we record, or could not be read */
  bool missing;    /* there was no file of that name when we looked: most often a search along PATH */
};

/* caller.c: reads about a process that the kernel holds in a notification; the caller checks afterwards that it still is. */
bool read_identity(pid_t task, struct execution *into);
void read_execution(pid_t task, bool at, const unsigned long long *args, struct execution *into);

/* record.c: bounded lines to standard output, never waiting for the reader. */
void record_text(const char *line);
void record_execution(const struct execution *seen);
void record_refusal(pid_t pid, int family, int type, int protocol);
void record_gap(const char *why);
bool record_pending(void);
bool record_flush(void);

#endif
