// What only the confinement (confine.c) stops. Every other wall lets it through: process 1 is of the job's own user.
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
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
}
