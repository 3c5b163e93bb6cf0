// Tries the rules before anybody relies on them: what loads them may say that all went well and have done nothing. Without
// them nothing leaves the namespace either, but what a job tries would come to nobody and be told to nobody.
#include "netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

// Addresses for documentation (RFC 5737, RFC 3849), and a port that nobody listens on.
enum { PORT = 7 };
static const struct timeval patience = {.tv_sec = 5};

union address {
  struct sockaddr any;
  struct sockaddr_in four;
  struct sockaddr_in6 six;
};

static socklen_t far_away(int family, union address *to) {
  memset(to, 0, sizeof *to);
  if (family == AF_INET) {
    to->four.sin_family = AF_INET;
    to->four.sin_port = htons(PORT);
    inet_pton(AF_INET, "192.0.2.1", &to->four.sin_addr);
    return sizeof to->four;
  }
  to->six.sin6_family = AF_INET6;
  to->six.sin6_port = htons(PORT);
  inet_pton(AF_INET6, "2001:db8::1", &to->six.sin6_addr);
  return sizeof to->six;
}

static int is_same(int family, const union address *a, const union address *b) {
  if (family == AF_INET) return a->four.sin_port == b->four.sin_port && a->four.sin_addr.s_addr == b->four.sin_addr.s_addr;
  return a->six.sin6_port == b->six.sin6_port && memcmp(&a->six.sin6_addr, &b->six.sin6_addr, sizeof a->six.sin6_addr) == 0;
}

// A connection to anywhere must reach the listener, and tell where it was going.
static void prove_connection(int family, int listener) {
  union address to, seen;
  socklen_t length = far_away(family, &to), seen_length = sizeof seen;
  int from = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (from < 0) fail("a socket to try the rules with");
  setsockopt(from, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(from, &to.any, length) != 0) fail("the rules do not hold: a connection did not arrive");
  int taken = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  if (taken < 0) fail("the rules do not hold: a connection arrived elsewhere");
  if (getsockname(taken, &seen.any, &seen_length) != 0 || !is_same(family, &to, &seen)) fail("the rules do not hold: a connection lost its address");
  static const struct timeval forever = {0};
  setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof forever);
  close(taken);
  close(from);
}

// A datagram to anywhere must be refused.
static void prove_datagram(int family) {
  union address to;
  socklen_t length = far_away(family, &to);
  int from = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (from < 0) fail("a socket to try the rules with");
  if (sendto(from, "", 0, 0, &to.any, length) >= 0) {
    errno = EPERM;
    fail("the rules do not hold: a datagram was let go");
  }
  close(from);
}

void prove_rules(int listener4, int listener6) {
  prove_connection(AF_INET, listener4);
  prove_connection(AF_INET6, listener6);
  prove_datagram(AF_INET);
  prove_datagram(AF_INET6);
}
