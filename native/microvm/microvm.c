/*
 * microvm: both ends of a microVM (guide §1).
 *
 *   process 1 of the guest: loads the modules that came with it, mounts what the control side shares, has the OCI runtime
 *   start the job's container, and answers how full it is. When the container ends, so does the machine.
 *
 *   with `try`, process 1 of a guest that is there to show that one runs: it has no device and ends with a word.
 *
 *   microvm link NAMESPACE SOCKET: on the host. Makes the one interface through which a guest's packets reach the gateway's
 *   network namespace, and carries them between it and the machine monitor, which connects to SOCKET once.
 */
#include "microvm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const uint8_t gateway_hardware[6] = {0x02, 0xcf, 0, 0, 0, 1}, guest_hardware[6] = {0x02, 0xcf, 0, 0, 0, 2};

_Noreturn void fail(const char *step) {
  fprintf(stderr, "microvm: %s: %s\n", step, strerror(errno));
  fflush(stderr);
  _exit(1);
}

void set_knob(const char *path, const char *value) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, value, strlen(value)) != (ssize_t)strlen(value)) fail(path);
  close(fd);
}

int main(int count, char **values) {
  if (getpid() == 1 && strcmp(values[0], "/init") == 0) {
    if (count > 1 && strcmp(values[1], "try") == 0) try_machine();
    guest();
  }
  if (count == 4 && strcmp(values[1], "link") == 0) return carry(values[2], values[3]);
  fprintf(stderr, "usage: microvm link NAMESPACE SOCKET\n");
  return 2;
}
