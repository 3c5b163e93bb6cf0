// The host's end of the link: an interface in the gateway's namespace, and frames between it and the machine monitor. It lives in
// an empty namespace of its own, which is the monitor's too.
#include "microvm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { NOBODY = 65534, PREFIX = 4 };

static uint8_t inbound[PREFIX + FRAME_MAX], outbound[PREFIX + FRAME_MAX];
static size_t inbound_size, outbound_size, outbound_at;

static int open_interface(void) {
  struct ifreq about = {.ifr_flags = IFF_TAP | IFF_NO_PI};
  strncpy(about.ifr_name, LINK_NAME, IFNAMSIZ - 1);
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0 || ioctl(fd, TUNSETIFF, &about) != 0) fail("/dev/net/tun");
  return fd;
}

// Every other address is local to the namespace (native/netns): of the two routes, the longer one wins.
static void route_to_guest(void) {
  set_hardware(LINK_NAME, gateway_hardware);
  set_knob("/proc/sys/net/ipv6/conf/" LINK_NAME "/accept_ra", "0");
  set_knob("/proc/sys/net/ipv6/conf/" LINK_NAME "/addr_gen_mode", "1");
  set_knob("/proc/sys/net/ipv4/conf/" LINK_NAME "/route_localnet", "0");
  bring_up(LINK_NAME, LINK_MTU);
  // A refusal over IPv6 needs an address to come from.
  add_address(LINK_NAME, AF_INET6, GATEWAY_IPV6, 128);
  add_route(LINK_NAME, AF_INET, GUEST_IPV4, NULL, RT_TABLE_LOCAL);
  add_route(LINK_NAME, AF_INET6, GUEST_IPV6, NULL, RT_TABLE_LOCAL);
  add_neighbour(LINK_NAME, AF_INET, GUEST_IPV4, guest_hardware);
  add_neighbour(LINK_NAME, AF_INET6, GUEST_IPV6, guest_hardware);
}

// Takes one connection, and no other: of the machine monitor, which is the only one that can reach the folder.
static int await_monitor(const char *path) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof at.sun_path) fail("socket path");
  strcpy(at.sun_path, path);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  umask(0);
  if (listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, 1) != 0) fail("socket");
  if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("privileges");
  // Changing the user forgets it.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  printf("ready\n");
  fflush(stdout);
  struct pollfd either[2] = {{.fd = listener, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
  while (poll(either, 2, -1) < 0 && errno == EINTR) continue;
  if (either[1].revents != 0) _exit(0);
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) fail("accept");
  close(listener);
  return fd;
}

// A frame is its length, four bytes with the highest first, and its bytes. One that is too long ends the link.
static void take_from_monitor(int monitor, int interface) {
  ssize_t n = read(monitor, inbound + inbound_size, sizeof inbound - inbound_size);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) _exit(0);
  inbound_size += (size_t)n;
  size_t at = 0;
  while (inbound_size - at >= PREFIX) {
    const uint8_t *frame = inbound + at;
    size_t size = (size_t)frame[0] << 24 | (size_t)frame[1] << 16 | (size_t)frame[2] << 8 | frame[3];
    if (size > FRAME_MAX) _exit(1);
    if (inbound_size - at - PREFIX < size) break;
    // What the kernel does not take is lost, as on any link.
    ssize_t ignored = write(interface, frame + PREFIX, size);
    (void)ignored;
    at += PREFIX + size;
  }
  memmove(inbound, inbound + at, inbound_size - at);
  inbound_size -= at;
}

static void take_from_interface(int interface) {
  ssize_t n = read(interface, outbound + PREFIX, FRAME_MAX);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) _exit(1);
  outbound[0] = (uint8_t)(n >> 24);
  outbound[1] = (uint8_t)(n >> 16);
  outbound[2] = (uint8_t)(n >> 8);
  outbound[3] = (uint8_t)n;
  outbound_size = PREFIX + (size_t)n;
  outbound_at = 0;
}

static void hand_to_monitor(int monitor) {
  ssize_t n = write(monitor, outbound + outbound_at, outbound_size - outbound_at);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) _exit(0);
  outbound_at += (size_t)n;
}

int carry(const char *namespace, const char *socket) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGINT, SIG_IGN);
  int joined = open(namespace, O_RDONLY | O_CLOEXEC);
  if (joined < 0 || setns(joined, CLONE_NEWNET) != 0) fail(namespace);
  close(joined);
  int interface = open_interface();
  route_to_guest();
  // The interface stays where it is. We, and the monitor that joins us, need no network at all.
  if (unshare(CLONE_NEWNET) != 0) fail("namespace");
  int monitor = await_monitor(socket);
  for (;;) {
    int waiting = outbound_at < outbound_size;
    struct pollfd fds[3] = {
        {.fd = monitor, .events = waiting ? POLLIN | POLLOUT : POLLIN},
        {.fd = interface, .events = waiting ? 0 : POLLIN},
        {.fd = 0, .events = POLLIN},
    };
    if (poll(fds, 3, -1) < 0 && errno != EINTR) fail("poll");
    if (fds[2].revents != 0) return 0;
    if (fds[0].revents & (POLLIN | POLLHUP | POLLERR)) take_from_monitor(monitor, interface);
    if (waiting && (fds[0].revents & POLLOUT)) hand_to_monitor(monitor);
    if (!waiting && fds[1].revents != 0) {
      take_from_interface(interface);
      if (outbound_at < outbound_size) hand_to_monitor(monitor);
    }
  }
}
