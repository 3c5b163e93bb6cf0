// Makes a network namespace in which every address is local and every TCP connection reaches our listener, without entering it
// itself, and becomes the gateway, which holds the listeners and the namespace by its inherited descriptors.
//
// usage: netns NFT [READABLE...] -- PROGRAM ARGS...        descriptor 3 is the program's channel; READABLE is all that PROGRAM
// needs to read besides what every program does
// leaves to PROGRAM: 4 TCP over IPv4, 5 TCP over IPv6, 6 DNS over UDP, 7 DNS over TCP, 8 reports of refused packets (JSON
// lines), 9 the namespace, 10 and 11 DNS for a guest: as 6 and 7, at the address by which a machine of its own reaches us
#define _GNU_SOURCE
#include "netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

void fail(const char *step) {
  fprintf(stderr, "netns: %s: %s\n", step, strerror(errno));
  _exit(1);
}

// Where a job is a machine of its own, its packets come in at this interface (native/microvm), with these addresses at its ends.
#define GUEST_LINK "job0"
#define GUEST_IPV4 "192.0.0.2"
#define GUEST_IPV6 "fd63:6f66:6665::2"
#define FOR_GUEST "192.0.0.1"

// Loopback addresses are the job's own; everything else over TCP is the gateway's; the rest is refused and reported. What a
// guest sends is held to the same, and comes from the guest's own addresses or is lost.
static const char ruleset[] =
    "table inet cofferdam {\n"
    " chain arriving { type filter hook prerouting priority mangle; policy accept;\n"
    "  iifname " GUEST_LINK " jump guest\n"
    "  ip daddr 127.0.0.0/8 accept\n"
    "  ip6 daddr ::1 accept\n"
    "  meta nfproto ipv4 meta l4proto tcp tproxy ip to 127.0.0.1:9 accept\n"
    "  meta nfproto ipv6 meta l4proto tcp tproxy ip6 to [::1]:9 accept\n"
    " }\n"
    " chain guest {\n"
    "  ip saddr != " GUEST_IPV4 " drop\n"
    "  ip6 saddr != " GUEST_IPV6 " drop\n"
    "  ip daddr 127.0.0.0/8 goto lost\n"
    "  ip6 daddr ::1 goto lost\n"
    "  ip daddr " FOR_GUEST " tcp dport 53 accept\n"
    " }\n"
    " chain lost {\n"
    "  log group 1 snaplen 128 queue-threshold 1\n"
    "  drop\n"
    " }\n"
    " chain received { type filter hook input priority filter; policy accept;\n"
    "  iifname != " GUEST_LINK " accept\n"
    "  meta l4proto tcp accept\n"
    "  ip daddr " FOR_GUEST " udp dport 53 accept\n"
    "  icmp type destination-unreachable accept\n"
    "  icmpv6 type destination-unreachable accept\n"
    "  log group 1 snaplen 128 queue-threshold 1\n"
    "  reject with icmpx admin-prohibited\n"
    " }\n"
    " chain leaving { type filter hook output priority filter; policy drop;\n"
    "  ip daddr 127.0.0.0/8 accept\n"
    "  ip6 daddr ::1 accept\n"
    "  meta l4proto tcp accept\n"
    "  icmp type destination-unreachable accept\n"
    "  icmpv6 type destination-unreachable accept\n"
    "  oifname " GUEST_LINK " ip saddr " FOR_GUEST " udp sport 53 accept\n"
    // What else would go to a guest is the kernel's own housekeeping.
    "  oifname " GUEST_LINK " drop\n"
    "  log group 1 snaplen 128 queue-threshold 1\n"
    "  reject with icmpx admin-prohibited\n"
    " }\n"
    "}\n";

static void loopback_up(void) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0) fail("loopback");
  close(fd);
}

// ip route add local default dev lo table local
static void every_address_is_local(int family) {
  struct {
    struct nlmsghdr header;
    struct rtmsg route;
    struct rtattr attribute;
    uint32_t interface;
  } message = {
      .header = {.nlmsg_len = sizeof message, .nlmsg_type = RTM_NEWROUTE, .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK},
      .route = {.rtm_family = (unsigned char)family, .rtm_table = RT_TABLE_LOCAL, .rtm_protocol = RTPROT_STATIC, .rtm_scope = RT_SCOPE_HOST, .rtm_type = RTN_LOCAL},
      .attribute = {.rta_len = RTA_LENGTH(sizeof(uint32_t)), .rta_type = RTA_OIF},
      .interface = if_nametoindex("lo"),
  };
  struct {
    struct nlmsghdr header;
    struct nlmsgerr error;
    char more[256];
  } answer;
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0 || send(fd, &message, sizeof message, 0) < 0 || recv(fd, &answer, sizeof answer, 0) < 0) fail("route");
  if (answer.header.nlmsg_type != NLMSG_ERROR) {
    errno = EPROTO;
    fail("route");
  }
  errno = -answer.error.error;
  if (errno != 0) fail("route");
  close(fd);
}

static void load_rules(const char *nft) {
  int in[2];
  if (pipe2(in, O_CLOEXEC) != 0) fail("pipe");
  pid_t pid = fork();
  if (pid < 0) fail("fork");
  if (pid == 0) {
    char *const args[] = {"nft", "-f", "-", NULL};
    char *const none[] = {NULL};
    dup2(in[0], 0);
    dup2(2, 1);
    execve(nft, args, none);
    _exit(127);
  }
  close(in[0]);
  if (write(in[1], ruleset, sizeof ruleset - 1) != (ssize_t)(sizeof ruleset - 1)) fail("rules");
  close(in[1]);
  int status;
  if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    errno = EPERM;
    fail("the rules were refused");
  }
}

static int listener(int family, int type, const char *address, uint16_t port, int transparent) {
  int on = 1;
  int fd = socket(family, type | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (transparent && setsockopt(fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, family == AF_INET ? IP_TRANSPARENT : IPV6_TRANSPARENT, &on, sizeof on) != 0) fail("transparent");
  int bound;
  if (family == AF_INET) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, address, &at.sin_addr);
    bound = bind(fd, (struct sockaddr *)&at, sizeof at);
  } else {
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    inet_pton(AF_INET6, address, &at.sin6_addr);
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    bound = bind(fd, (struct sockaddr *)&at, sizeof at);
  }
  if (bound != 0 || (type == SOCK_STREAM && listen(fd, 1024) != 0)) fail("bind");
  return fd;
}

enum { TCP4, TCP6, DNS_UDP, DNS_TCP, REPORTS, NAMESPACE, GUEST_UDP, GUEST_TCP, DESCRIPTORS };
struct made {
  const char *nft;
  int fds[DESCRIPTORS];
};

// Only this thread enters: an ordinary user who made the namespace may not go back to the machine's.
static void *make_namespace(void *with) {
  struct made *made = with;
  if (unshare(CLONE_NEWNET) != 0) fail("namespace");
  int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (own < 0) fail("namespace");
  loopback_up();
  every_address_is_local(AF_INET);
  every_address_is_local(AF_INET6);
  load_rules(made->nft);
  made->fds[TCP4] = listener(AF_INET, SOCK_STREAM, "127.0.0.1", 9, 1);
  made->fds[TCP6] = listener(AF_INET6, SOCK_STREAM, "::1", 9, 1);
  made->fds[DNS_UDP] = listener(AF_INET, SOCK_DGRAM, "127.0.0.1", 53, 0);
  made->fds[DNS_TCP] = listener(AF_INET, SOCK_STREAM, "127.0.0.1", 53, 0);
  made->fds[GUEST_UDP] = listener(AF_INET, SOCK_DGRAM, FOR_GUEST, 53, 0);
  made->fds[GUEST_TCP] = listener(AF_INET, SOCK_STREAM, FOR_GUEST, 53, 0);
  // Before there is anybody to be told of it.
  prove_rules(made->fds[TCP4], made->fds[TCP6]);
  made->fds[REPORTS] = open_reports();
  made->fds[NAMESPACE] = own;
  return NULL;
}

int main(int argc, char **argv) {
  int words = 2;
  while (words < argc && strcmp(argv[words], "--") != 0) words++;
  if (words + 1 >= argc) {
    fprintf(stderr, "usage: netns NFT [READABLE...] -- PROGRAM ARGS...\n");
    return 2;
  }
  char **program = argv + words + 1, **readable = argv + 2;
  argv[words] = NULL;
  static struct made made;
  pthread_t thread;
  made.nft = argv[1];
  errno = pthread_create(&thread, NULL, make_namespace, &made);
  if (errno != 0 || pthread_join(thread, NULL) != 0) fail("thread");
  // The gateway itself becomes nobody once its files are read. Where there is no nobody to become, it begins without rights.
  if (!has_nobody()) confine(readable);
  // From here, since its death signal would come when the thread that started it ends.
  made.fds[REPORTS] = start_reports(made.fds[REPORTS]);
  // Out of the way first: a target number may be the number of another that is still to be placed.
  for (int i = 0; i < DESCRIPTORS; i++)
    if ((made.fds[i] = fcntl(made.fds[i], F_DUPFD_CLOEXEC, 64)) < 0) fail("descriptors");
  for (int i = 0; i < DESCRIPTORS; i++)
    if (dup2(made.fds[i], 4 + i) < 0) fail("descriptors");
  if (!has_nobody()) drop_capabilities();
  extern char **environ;
  execve(program[0], program, environ);
  fail(program[0]);
}
