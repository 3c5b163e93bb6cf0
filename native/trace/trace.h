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
  uint64_t arguments_at; /* of the program that it was; 0: not known */
  size_t path_length;
  size_t argument_count;
  size_t argument_end[ARGUMENTS_MAX]; /* offsets into `arguments`; each argument ends where the next begins */
  char path[PATH_BYTES_MAX];
  char arguments[ARGUMENT_BYTES_MAX];
  bool cut;        /* something was longer than we record, or could not be read */
  bool missing;    /* there was no file of that name when we looked: most often a search along PATH */
};

/* A call that no ordinary build makes. `error`: what it is refused with; 0: the filter lets it through. */
struct attempt_kind {
  int number;
  const char *name;
  int error;
  int path; /* which argument is a path or a name; -1: none */
  char ids; /* what it sets: `u`ser, `g`roup, further `G`roups, `m`ode; 0: nothing */
};

#define ATTEMPT_ARGUMENTS 3

struct attempt {
  const struct attempt_kind *kind; /* NULL: the place is free */
  pid_t task;
  int64_t since;
  uint64_t count;
  uint32_t arguments[ATTEMPT_ARGUMENTS];
  bool refused;
  struct execution caller; /* `path`: what the call names; its arguments are the caller's own */
};

/* How a process ended. -1: not known; `began_ms` of one that started no program is not. */
struct ended {
  pid_t pid, parent;
  int64_t at_ms, began_ms, processor_ns;
  int code, signal;
};

enum socket_use { SOCKET_CONNECTS, SOCKET_LISTENS, SOCKET_BINDS, SOCKET_DIALS };

struct socket_seen {
  enum socket_use use;
  const char *protocol;
  unsigned port;
  char address[128];
  const struct execution *caller;
};

/* serve.c: answers notifications. */
bool serve_prepare(void);
bool serve(int notify);
int64_t now_ms(void);
int64_t steady_ms(void);

/* attempts.c */
const struct attempt_kind *attempt_kind(int number);
bool attempt_again(pid_t task, const struct attempt_kind *kind);
struct attempt *attempt_begin(pid_t task, const struct attempt_kind *kind, const unsigned long long *arguments);
void attempt_tell(struct attempt *attempt, bool refused);
void attempt_drop(struct attempt *attempt);
int attempt_wait_ms(void);
void attempt_settle(bool all);

/* lives.c */
int lives_prepare(void);
void life_begin(const struct execution *seen);
void life_exit(pid_t task, int code);
bool lives_look(int wait_ms);
uint64_t lives_unwatched(void);

/* sockets.c */
bool socket_begin(pid_t task, int descriptor, enum socket_use use);
void socket_answered(bool answered);
void sockets_done(pid_t task);
int sockets_wait_us(void);
void sockets_look(void);

/* files.c */
bool files_prepare(char **list, bool by_kernel);
int files_opened(void);
int files_named(void);
bool files_watch_mount(const char *path, bool process_files);
bool files_watch_layer(const char *path, const char *shown);
int files_wait_ms(void);
void files_look(void);
void files_end(void);
void files_told(const struct execution *caller, const char *path, bool written, bool set_user_id, bool refused);

/* seccheck.c */
bool seccheck_greet(int connection);
bool seccheck_read(int connection);

/* caller.c: reads about a process that the kernel holds in a notification; the caller checks afterwards that it still is. */
size_t read_proc(pid_t task, const char *name, char *into, size_t room);
bool read_identity(pid_t task, struct execution *into);
uint64_t arguments_at(pid_t task);
void read_command(pid_t task, struct execution *into);
void read_descriptor(int descriptor, struct execution *into);
void read_path(pid_t task, uint64_t address, struct execution *into);
bool identity_changes(pid_t task, const struct attempt_kind *kind, const unsigned long long *arguments, bool *refused);
void read_execution(pid_t task, bool at, const unsigned long long *args, struct execution *into);

/* record.c: bounded lines to standard output, never waiting for the reader. */
void record_text(const char *line);
void record_execution(const struct execution *seen);
void record_attempt(const struct attempt *attempt);
void record_end(const struct ended *ended);
void record_socket(const struct socket_seen *seen);
void record_file(const char *what, bool refused, const struct execution *caller);
void record_unwatched(const char *path, const char *why);
void record_count(const char *kind, uint64_t count);
void record_refusal(pid_t pid, int family, int type, int protocol);
void record_gap(const char *why);
bool record_pending(void);
int record_wait_ms(void);
bool record_flush(void);

#endif
