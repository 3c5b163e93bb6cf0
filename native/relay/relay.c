/*
 * relay: carries the bytes of one connection between two sockets, in the kernel, after the gateway has decided on it and
 * checked its beginning (guide §4). It looks at nothing and opens nothing.
 *
 * usage: relay PARENT        descriptors 3 and 4 are the two sockets; 1 takes the totals
 *
 * Each direction ends by itself (a FIN is passed on as a FIN); a broken connection ends both with a reset. At the end it
 * prints `BYTES_FROM_3_TO_4 BYTES_FROM_4_TO_3`. It ends with its parent, whatever ended that.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIPE_BYTES (1 << 20)

static volatile sig_atomic_t asked_to_end;

static void end(int number) {
  (void)number;
  asked_to_end = 1;
}

struct way {
  int from, to;
  int pipe[2];
  size_t held;
  /* Nothing was taken and something is held: the pipe may be full, also of small pieces, and is until some of it has gone. */
  bool full, ended, done;
  unsigned long long total;
};

static bool wants(const struct way *way) { return !way->ended && !way->full && way->held < PIPE_BYTES; }

/* Gives false when the connection is broken. */
static bool fill(struct way *way) {
  while (wants(way)) {
    ssize_t got = splice(way->from, NULL, way->pipe[1], NULL, PIPE_BYTES - way->held, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    if (got > 0) way->held += (size_t)got;
    else if (got == 0) way->ended = true;
    else if (errno == EAGAIN) {
      way->full = way->held > 0;
      return true;
    } else return errno == EINTR;
  }
  return true;
}

static bool drain(struct way *way) {
  while (way->held > 0) {
    ssize_t sent = splice(way->pipe[0], NULL, way->to, NULL, way->held, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    if (sent > 0) {
      way->held -= (size_t)sent;
      way->full = false;
      way->total += (unsigned long long)sent;
    } else return sent < 0 && (errno == EAGAIN || errno == EINTR);
  }
  if (way->ended && !way->done) {
    way->done = true;
    shutdown(way->to, SHUT_WR);
  }
  return true;
}

static bool open_way(struct way *way) {
  int flags = fcntl(way->from, F_GETFL);
  if (flags < 0 || fcntl(way->from, F_SETFL, flags | O_NONBLOCK) < 0) return false;
  if (pipe2(way->pipe, O_NONBLOCK | O_CLOEXEC) < 0) return false;
  /* Less is slower and not wrong. */
  (void)fcntl(way->pipe[1], F_SETPIPE_SZ, PIPE_BYTES);
  return true;
}

static void reset(int socket) {
  struct linger now = {.l_onoff = 1, .l_linger = 0};
  setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

int main(int count, char **values) {
  if (count != 2) return 2;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != atoi(values[1])) return 1;
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  signal(SIGPIPE, SIG_IGN);
  struct sigaction ending = {.sa_handler = end};
  sigaction(SIGTERM, &ending, NULL);
  struct way out = {.from = 3, .to = 4}, back = {.from = 4, .to = 3};
  bool whole = open_way(&out) && open_way(&back);
  while (whole && !asked_to_end && !(out.done && back.done)) {
    struct pollfd sockets[2] = {{.fd = 3}, {.fd = 4}};
    if (wants(&out)) sockets[0].events |= POLLIN;
    if (back.held > 0) sockets[0].events |= POLLOUT;
    if (wants(&back)) sockets[1].events |= POLLIN;
    if (out.held > 0) sockets[1].events |= POLLOUT;
    /* A side of which nothing is wanted reports its end again and again. */
    for (int i = 0; i < 2; i++)
      if (sockets[i].events == 0) sockets[i].fd = -1;
    if (poll(sockets, 2, -1) < 0 && errno != EINTR) break;
    whole = fill(&out) && drain(&out) && fill(&back) && drain(&back);
  }
  if (!whole || asked_to_end) {
    reset(3);
    reset(4);
  }
  printf("%llu %llu\n", out.total, back.total);
  return fflush(stdout) == 0 ? 0 : 1;
}
