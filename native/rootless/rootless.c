/*
 * rootless: lets an ordinary user's control side be root, of namespaces of its own and of nothing else.
 *
 * usage: rootless run PROGRAM ARGS...     becomes PROGRAM in a new user and mount namespace; as root, becomes it at once
 *        rootless probe                   tries the same and prints one JSON line: what the namespace has, or what failed
 *
 * The user is root in there. Where the distribution's newuidmap and newgidmap give the user a range of ids, these are mapped
 * too; otherwise there is one id. Root of the host is never mapped, and inside it looks like any other stranger: so a witness
 * stays outside, which tells on descriptor 15 to whom a file belongs. When any of it fails, PROGRAM is run outside, as it was
 * called: it refuses what needs the namespace, and says why.
 */
#define _GNU_SOURCE
#include "rootless.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WITNESS 15
#define ASKED_MAX 4096

/* Stays outside: maps the ranges when asked, takes over when the namespaces cannot be had, and afterwards is the witness. */
struct outside {
  pid_t pid;
  int channel;
};

struct user {
  uid_t uid;
  gid_t gid;
  struct ranges ranges;
};

enum order { MAP = 'm', TAKE_OVER = 't', WITNESS_ONLY = 'w', OWNER = 'o' };
enum mapped { RANGES = 'r', ONE = '1', NONE = '0' };

static volatile sig_atomic_t in_our_place;

static void pass_on(int number) {
  if (in_our_place > 0) kill((pid_t)in_our_place, number);
}

static _Noreturn void become(char **program) {
  execv(program[0], program);
  fprintf(stderr, "cofferdam: %s cannot be started: %s\n", program[0], strerror(errno));
  _exit(70);
}

/* UID DEVICE INODE of what stands at a path, a link not followed; nothing when it cannot be seen. */
static size_t owner_of(const char *path, char *into, size_t room) {
  struct stat is;
  if (lstat(path, &is) != 0) return 0;
  return (size_t)snprintf(into, room, "%u %llu %llu", (unsigned)is.st_uid, (unsigned long long)is.st_dev,
                          (unsigned long long)is.st_ino);
}

/* From here on nothing is run: nothing of the terminal's is held, and its interrupts are for the others. */
static void be_witness_only(void) {
  int nothing = open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; fd += 1) dup2(nothing, fd);
  for (int number = SIGHUP; number <= SIGTERM; number += 1) signal(number, SIG_IGN);
}

static char map_for(pid_t target, const struct user *user) {
  struct failure failure = {NULL, 0};
  if (map_ranges(target, user->uid, user->gid, &user->ranges, &failure)) return RANGES;
  /* Nothing was written when newuidmap says no, so there is still the one id. */
  return strcmp(failure.step, "newuidmap") == 0 ? ONE : NONE;
}

static _Noreturn void stay_outside(int channel, pid_t target, const struct user *user, char **program) {
  static char asked[ASKED_MAX + 2], answer[96];
  ssize_t size;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  while ((size = read(channel, asked, sizeof asked - 1)) > 0) {
    size_t length = 1;
    asked[size] = 0;
    answer[0] = '-';
    if (asked[0] == TAKE_OVER) become(program);
    else if (asked[0] == WITNESS_ONLY) be_witness_only();
    else if (asked[0] == MAP) answer[0] = map_for(target, user);
    else if (asked[0] == OWNER) length = owner_of(asked + 1, answer, sizeof answer);
    if (write(channel, answer, length) < 0) break;
  }
  _exit(0);
}

static bool start_outside(struct outside *outside, const struct user *user, char **program) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return false;
  pid_t self = getpid();
  outside->pid = fork();
  if (outside->pid == 0) {
    close(pair[0]);
    stay_outside(pair[1], self, user, program);
  }
  close(pair[1]);
  outside->channel = pair[0];
  return outside->pid > 0;
}

static char ask(const struct outside *outside, enum order order) {
  char byte = (char)order;
  if (write(outside->channel, &byte, 1) != 1 || read(outside->channel, &byte, 1) != 1) return NONE;
  return byte;
}

static bool map_ids(const struct outside *outside, const struct user *user, bool ranges, struct failure *failure) {
  char mapped = ranges ? ask(outside, MAP) : (char)ONE;
  if (mapped == ONE) return map_one(user->uid, user->gid, failure);
  *failure = (struct failure){"newgidmap", EPERM};
  return mapped == RANGES && setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0;
}

static bool enter(const struct outside *outside, const struct user *user, bool ranges, struct failure *failure) {
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
    *failure = (struct failure){"user-namespace", errno};
    return false;
  }
  return map_ids(outside, user, ranges, failure) && make_place(failure);
}

/* Node.js passes on none of the first sixteen descriptors, which it closes in what it starts. */
static bool keep_witness(const struct outside *outside) {
  return ask(outside, WITNESS_ONLY) != NONE && dup2(outside->channel, WITNESS) == WITNESS;
}

static int follow(const struct outside *outside) {
  int status = 0;
  char order = TAKE_OVER;
  in_our_place = outside->pid;
  for (int number = SIGHUP; number <= SIGTERM; number += 1) signal(number, pass_on);
  if (write(outside->channel, &order, 1) != 1) return 70;
  while (waitpid(outside->pid, &status, 0) < 0 && errno == EINTR) continue;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int tell(bool entered, const struct failure *failure) {
  if (entered) printf("{\"entered\":true}\n");
  else printf("{\"failed\":\"%s\",\"errno\":%d,\"why\":\"%s\"}\n", failure->step, failure->cause, strerror(failure->cause));
  return entered ? 0 : 1;
}

int main(int count, char **values) {
  bool probing = count == 2 && strcmp(values[1], "probe") == 0;
  if (!probing && (count < 3 || strcmp(values[1], "run") != 0)) {
    fprintf(stderr, "usage: rootless run PROGRAM ARGS... | rootless probe\n");
    return 2;
  }
  char **program = values + 2;
  struct user user = {.uid = geteuid(), .gid = getegid()};
  if (user.uid == 0 && !probing) become(program);
  if (!probing) use_delegation(values);
  struct failure failure = {"helper", 0};
  struct outside outside;
  bool ranges = find_ranges(user.uid, &user.ranges);
  if (!start_outside(&outside, &user, program)) {
    failure.cause = errno;
    if (probing) return tell(false, &failure);
    become(program);
  }
  bool entered = enter(&outside, &user, ranges, &failure) && keep_witness(&outside);
  if (probing) return tell(entered, &failure);
  if (entered) become(program);
  return follow(&outside);
}
