// Process 1 of a sandbox. It runs as the job's own user, holds nothing, and obeys one private descriptor.
#ifndef COFFERDAM_INIT_H
#define COFFERDAM_INIT_H
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { CONTROL = 3, HEADER = 9, MAX_FRAME = 1 << 20, CHUNK = 1 << 16, MAX_PROCESSES = 256 };

// Frame: payload length (u32, little endian), type (u8), process number (u32, little endian), payload.
enum in_type { IN_START = 1, IN_STDIN = 2, IN_STDIN_END = 3, IN_SIGNAL = 4, IN_RESIZE = 5, IN_KILL_ALL = 6, IN_PROBE = 7, IN_CREDIT = 8, IN_UNPROVEN = 9 };
enum out_type { OUT_STARTED = 16, OUT_FAILED = 17, OUT_STDOUT = 18, OUT_STDERR = 19, OUT_EXITED = 20, OUT_CLOSED = 21, OUT_KILLED = 22, OUT_PROBED = 23, OUT_CREDIT = 24 };

struct process {
  int used;
  uint32_t id;
  pid_t pid;               // 0 once it was reaped
  int in, out, err;        // our ends; -1 when closed; a terminal has in == out
  int terminal;
  int deserted;            // a terminal that nobody has open at the moment
  uint32_t credit;         // bytes of output that the other side has room for
  uint8_t *pending;        // standard input not yet taken by the process
  size_t pending_size, pending_at;
  int in_ends;             // close `in` once nothing is pending
};

uint32_t get32(const uint8_t *p);
void put32(uint8_t *p, uint32_t v);
// Writes one whole frame or ends the sandbox: a lost control side has nobody to obey.
void send_frame(uint8_t type, uint32_t id, const void *payload, size_t size);
void die(const char *why) __attribute__((noreturn));

void start_process(struct process *p, uint32_t id, const uint8_t *payload, size_t size);
void close_fd(int *fd);

// Starts the thread whose children the job's processes are, restricted to writing beneath `places`, each ended by NUL: `+PATH`
// for all below it, `*PATH` for what exists there. The one place `~`: signals and abstract sockets alone are restricted. And by
// AppArmor's `profile`, or SELinux's label, unless that is empty. Both must last.
void confine(const char *places, size_t size, const char *profile);
// Lets starts go on without it and without a proof: for a replay's run without its control. No probe can follow.
void unproven(void);
// Runs it on that thread, and waits for it.
void in_confinement(void (*act)(void *), void *with);
// The version of Landlock that is in force; 0: none. And what was seen.
int confined_abi(void);
const char *confinement(void);
// The label of SELinux that was asked for; NULL: none.
const char *job_label(void);

// What is asked: the name to ask the gateway for, `@ADDRESS` when it does not answer at the loopback, `&PROFILE` of AppArmor or
// `&LABEL` of SELinux for the job or nothing, then the places as for `confine`, then `%` when the job may make user namespaces, then kernel files: `-PATH`
// must be hidden, `=PATH` read-only. Each is ended by NUL.
void run_probe(const char *asked, size_t size);
#endif
