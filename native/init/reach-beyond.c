// What only the confinement (confine.c) stops. Every other wall lets it through: process 1 is of the job's own user.
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static const struct sockaddr_un abstract = {.sun_family = AF_UNIX, .sun_path = "\0cofferdam-probe"};
enum { ABSTRACT_LENGTH = offsetof(struct sockaddr_un, sun_path) + sizeof "\0cofferdam-probe" - 1 };

// Its own file, mounted for writing and of its own user.
static long write_beyond(void) { return open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); }
static long signal_beyond(void) { return kill(1, 0); }
static long connect_beyond(void) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // A socket that could not be made says nothing of where it could have led.
  if (fd < 0) errno = 0;
  return fd < 0 ? fd : connect(fd, (const struct sockaddr *)&abstract, ABSTRACT_LENGTH);
}

static const struct attempt beyond[] = {
    {"write-beyond-ruleset", write_beyond},
    {"signal-beyond-domain", signal_beyond},
    {"abstract-socket-beyond-domain", connect_beyond},
};
enum { COUNT = sizeof beyond / sizeof *beyond };

static void attack(void *with) { answers_of(beyond, COUNT, with); }

// Of all walls SELinux alone knows which memory is the heap.
static long execute_heap(void) {
  enum { PAGE = 4096 };
  uintptr_t end = (uintptr_t)syscall(SYS_brk, 0), from = (end + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
  if ((uintptr_t)syscall(SYS_brk, from + PAGE) != from + PAGE) return 0;
  return syscall(SYS_mprotect, from, PAGE, PROT_READ | PROT_EXEC);
}
// Of a child, as the job's processes are: of process 1 itself, which has another type, the job sees nothing.
static long own_label(void) {
  char label[200];
  int fd = open("/proc/self/attr/current", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, label, sizeof label - 1);
  if (n < 0) return -1;
  label[n] = 0;
  errno = EINVAL;
  return strcmp(label, job_label()) == 0 ? 0 : -1;
}

static const struct attempt labelled[] = {{"label-inside", own_label}, {"executable-heap", execute_heap}};
static void attack_label(void *with) { answers_of(labelled, 2, with); }

static void probe_label(void) {
  int answers[2];
  in_confinement(attack_label, answers);
  note(labelled[0].id, "state", answers[0] == 0, "%s", answers[0] == 0 ? job_label() : answers[0] < 0 ? "no answer" : error_name(answers[0]));
  note(labelled[1].id, "attack", answers[1] == EACCES, "%s", answers[1] < 0 ? "no answer" : error_name(answers[1]));
}

void probe_confinement(void) {
  int answers[COUNT];
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int listening = listener >= 0 && bind(listener, (const struct sockaddr *)&abstract, ABSTRACT_LENGTH) == 0 && listen(listener, 1) == 0;
  in_confinement(attack, answers);
  if (!listening) answers[COUNT - 1] = 0;
  if (listener >= 0) close(listener);
  note("landlock", "state", confined_abi() > 0, "%s", confinement());
  for (int i = 0; i < COUNT; i++)
    note(beyond[i].id, "attack", answers[i] == EACCES || answers[i] == EPERM, "%s", answers[i] < 0 ? "no answer" : error_name(answers[i]));
  if (job_label() != NULL) probe_label();
}
