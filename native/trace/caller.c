#define _GNU_SOURCE
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096u
#define STATUS_BYTES 2048
#define PARENTS_KNOWN 32
#define COMMAND_BYTES_MAX 1024

/* Bytes of /proc/TASK/NAME, NUL-terminated; 0 when it cannot be read. */
size_t read_proc(pid_t task, const char *name, char *into, size_t room) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)task, name);
  /* musl's own open(3) asks once more for O_CLOEXEC, each time. */
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t got = read(fd, into, room - 1);
  close(fd);
  if (got <= 0) return 0;
  into[got] = '\0';
  return (size_t)got;
}

/* The text after `\nFIELD:`. A hostile process name cannot forge a line: the kernel escapes its newlines. */
static const char *field(const char *status, const char *name) {
  const char *found = strstr(status, name);
  return found == NULL ? NULL : found + strlen(name);
}

/* `NStgid:` lists the id in our namespace first, then in each one below: the second is the sandbox's. */
static pid_t inner_pid(const char *status) {
  const char *ids = field(status, "\nNStgid:");
  if (ids == NULL) return 0;
  char *end;
  (void)strtol(ids, &end, 10);
  if (*end != '\t') return 0;
  return (pid_t)strtol(end, NULL, 10);
}

/*
 * A process starts many others: its id inside is looked up once, and holds for as long as its pidfd says that it lives.
 * A parent outside (the runtime, entering with a step) has no id inside: 0.
 */
static pid_t inner_pid_of_parent(pid_t host) {
  static struct { pid_t host, inner; int life; } known[PARENTS_KNOWN];
  static size_t next;
  for (size_t i = 0; i < PARENTS_KNOWN; i += 1) {
    if (known[i].host != host) continue;
    struct pollfd life = {.fd = known[i].life, .events = POLLIN};
    if (poll(&life, 1, 0) == 0) return known[i].inner;
    close(known[i].life);
    known[i].host = 0;
  }
  char status[STATUS_BYTES];
  int fd = (int)syscall(SYS_pidfd_open, host, 0);
  pid_t inner = read_proc(host, "status", status, sizeof status) > 0 ? inner_pid(status) : 0;
  if (fd < 0) return inner;
  if (known[next].host != 0) close(known[next].life);
  known[next].host = host;
  known[next].inner = inner;
  known[next].life = fd;
  next = (next + 1) % PARENTS_KNOWN;
  return inner;
}

bool read_identity(pid_t task, struct execution *into) {
  char status[STATUS_BYTES];
  if (read_proc(task, "status", status, sizeof status) == 0) return false;
  const char *group = field(status, "\nTgid:");
  const char *parent = field(status, "\nPPid:");
  const char *uid = field(status, "\nUid:");
  if (group == NULL || parent == NULL || uid == NULL) return false;
  into->host_pid = (pid_t)strtol(group, NULL, 10);
  into->uid = (uid_t)strtoul(uid, NULL, 10);
  into->pid = inner_pid(status);
  pid_t host_parent = (pid_t)strtol(parent, NULL, 10);
  into->parent = host_parent > 0 ? inner_pid_of_parent(host_parent) : 0;
  return true;
}

/* Up to `room` bytes at `address`, page by page so that a hole ends the read where it begins. Returns the count read. */
static size_t read_memory(pid_t task, uint64_t address, char *into, size_t room, bool to_nul) {
  size_t got = 0;
  while (got < room) {
    size_t want = PAGE - (size_t)((address + got) & (PAGE - 1));
    if (to_nul && got == 0 && want > 256) want = 256;
    if (want > room - got) want = room - got;
    struct iovec here = {into + got, want}, there = {(void *)(uintptr_t)(address + got), want};
    ssize_t part = process_vm_readv(task, &here, 1, &there, 1, 0);
    if (part <= 0) break;
    if (to_nul && memchr(into + got, '\0', (size_t)part) != NULL) return got + (size_t)part;
    got += (size_t)part;
    if ((size_t)part < want) break;
  }
  return got;
}

/* A string of at most `room` bytes; `*cut` when it is longer or unreadable. */
static size_t read_string(pid_t task, uint64_t address, char *into, size_t room, bool *cut) {
  size_t got = read_memory(task, address, into, room, true);
  const char *end = memchr(into, '\0', got);
  if (end != NULL) return (size_t)(end - into);
  *cut = true;
  return got;
}

/* Looks the path up in the caller's own root. O_PATH opens nothing and so cannot hang on a FIFO or a device. */
static bool is_missing(pid_t task, const char *path) {
  char name[64];
  snprintf(name, sizeof name, "/proc/%d/root", (int)task);
  int root = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) return false;
  struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  int file = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
  bool missing = file < 0 && (errno == ENOENT || errno == ENOTDIR);
  if (file >= 0) close(file);
  close(root);
  return missing;
}

/* What a descriptor of the caller is. Its /proc/PID/fd is closed to us: looking there needs more than CAP_SYS_PTRACE. */
static ssize_t name_descriptor(pid_t process, int descriptor, char *target, size_t room) {
  char link[64];
  int life = (int)syscall(SYS_pidfd_open, process, 0);
  int copy = life < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, life, descriptor, 0);
  snprintf(link, sizeof link, "/proc/self/fd/%d", copy);
  ssize_t length = copy < 0 ? -1 : readlink(link, target, room);
  if (copy >= 0) close(copy);
  if (life >= 0) close(life);
  return length;
}

/* execveat(2) with a descriptor: what the descriptor is (a memfd, a directory), then the path. */
static void prefix_descriptor(int descriptor, struct execution *into) {
  char target[PATH_BYTES_MAX];
  if (descriptor == AT_FDCWD) return;
  ssize_t length = name_descriptor(into->host_pid, descriptor, target, sizeof target);
  if (length <= 0) return;
  size_t prefix = (size_t)length, separator = into->path_length > 0 ? 1 : 0;
  if (prefix + separator + into->path_length > sizeof into->path) {
    into->cut = true;
    if (prefix + separator > sizeof into->path) prefix = sizeof into->path - separator;
    into->path_length = sizeof into->path - prefix - separator;
  }
  memmove(into->path + prefix + separator, into->path, into->path_length);
  memcpy(into->path, target, prefix);
  if (separator == 1) into->path[prefix] = '/';
  into->path_length += prefix + separator;
}

static void read_arguments(pid_t task, uint64_t vector, struct execution *into) {
  uint64_t pointers[ARGUMENTS_MAX + 1];
  /* The kernel takes a null vector as an empty one. */
  if (vector == 0) return;
  size_t count = read_memory(task, vector, (char *)pointers, sizeof pointers, false) / sizeof pointers[0];
  size_t used = 0, index = 0;
  for (; index < count && pointers[index] != 0; index += 1) {
    if (index == ARGUMENTS_MAX || used == sizeof into->arguments) break;
    bool cut = false;
    used += read_string(task, pointers[index], into->arguments + used, sizeof into->arguments - used, &cut);
    into->argument_end[into->argument_count++] = used;
    if (cut) {
      into->cut = true;
      break;
    }
  }
  if (index == count || pointers[index] != 0) into->cut = true;
}

void read_execution(pid_t task, bool at, const unsigned long long *args, struct execution *into) {
  char path[PATH_BYTES_MAX + 1];
  into->path_length = read_string(task, args[at ? 1 : 0], path, PATH_BYTES_MAX, &into->cut);
  path[into->path_length] = '\0';
  memcpy(into->path, path, into->path_length);
  if (path[0] == '/') into->missing = !into->cut && is_missing(task, path);
  else if (at) prefix_descriptor((int)args[0], into);
  read_arguments(task, args[at ? 2 : 1], into);
}

/*
 * Where the arguments of the program that a process is lie: another place after every execve(2) that succeeds, and the same
 * after one that fails. The filter refuses prctl(2) with PR_SET_MM, by which a process could say so itself.
 */
uint64_t arguments_at(pid_t task) {
  char text[STATUS_BYTES];
  if (read_proc(task, "stat", text, sizeof text) == 0) return 0;
  /* arg_start is the 48th field (proc_pid_stat(5)); the 2nd is a name in brackets, which may hold anything. */
  const char *at = strrchr(text, ')');
  for (int number = 2; at != NULL && number < 48; number += 1) at = strchr(at + 1, ' ');
  return at == NULL ? 0 : strtoull(at + 1, NULL, 10);
}

/* The arguments that a process was started with. It can overwrite them: they are its own memory. */
void read_command(pid_t task, struct execution *into) {
  char text[COMMAND_BYTES_MAX + 1];
  size_t got = read_proc(task, "cmdline", text, sizeof text), used = 0;
  for (size_t from = 0; from < got && into->argument_count < ARGUMENTS_MAX; into->argument_count += 1) {
    size_t length = strnlen(text + from, got - from);
    memcpy(into->arguments + used, text + from, length);
    used += length;
    from += length + 1;
    into->argument_end[into->argument_count] = used;
  }
  into->cut = got == COMMAND_BYTES_MAX || into->argument_count == ARGUMENTS_MAX;
}

void read_descriptor(int descriptor, struct execution *into) {
  ssize_t length = name_descriptor(into->host_pid, descriptor, into->path, sizeof into->path);
  into->path_length = length > 0 ? (size_t)length : 0;
}

void read_path(pid_t task, uint64_t address, struct execution *into) {
  bool cut = false;
  if (address != 0) into->path_length = read_string(task, address, into->path, sizeof into->path, &cut);
}

/* An id as the caller's own namespace has it: /proc/PID/{u,g}id_map from here says `inside outside length`. */
static long long inner_id(pid_t task, bool user, unsigned long id) {
  char map[STATUS_BYTES];
  if (read_proc(task, user ? "uid_map" : "gid_map", map, sizeof map) == 0) return -1;
  for (char *at = map, *end; *at != '\0'; at = end) {
    unsigned long long inside = strtoull(at, &end, 10);
    if (end == at) return -1;
    unsigned long long outside = strtoull(end, &end, 10), length = strtoull(end, &end, 10);
    if (id >= outside && id - outside < length) return (long long)(inside + (id - outside));
    while (*end == ' ' || *end == '\n') end += 1;
  }
  return -1;
}

/*
 * Whether a call asks for ids that the caller does not have. `*refused`: the kernel will say no, as the caller has no
 * capability to change them (capabilities(7): CAP_SETUID 7, CAP_SETGID 6).
 */
bool identity_changes(pid_t task, const struct attempt_kind *kind, const unsigned long long *arguments, bool *refused) {
  char status[STATUS_BYTES];
  if (kind->ids == 'm') {
    *refused = false;
    return true;
  }
  if (read_proc(task, "status", status, sizeof status) == 0) return true;
  bool user = kind->ids == 'u';
  const char *ids = field(status, user ? "\nUid:" : "\nGid:");
  const char *effective = field(status, "\nCapEff:");
  if (ids == NULL || effective == NULL) return true;
  *refused = (strtoull(effective, NULL, 16) >> (user ? 7 : 6) & 1) == 0;
  if (kind->ids == 'G') return true;
  long long own[3];
  char *end = (char *)ids;
  for (size_t i = 0; i < 3; i += 1) own[i] = inner_id(task, user, strtoul(end, &end, 10));
  size_t count = strncmp(kind->name, "setre", 5) != 0 ? 1 : kind->name[5] == 's' ? 3 : 2;
  for (size_t i = 0; i < count; i += 1) {
    uint32_t wanted = (uint32_t)arguments[i];
    if (wanted == UINT32_MAX) continue;
    if (wanted != own[0] && wanted != own[1] && wanted != own[2]) return true;
  }
  return false;
}
