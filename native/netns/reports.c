#define _GNU_SOURCE
#include "netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { GROUP = 1, COPY_BYTES = 128 };

struct configuration {
  struct nlmsghdr header;
  struct nfgenmsg general;
  struct nlattr attribute;
  unsigned char value[8];
};

static void configure(int fd, uint16_t group, uint16_t type, const void *value, size_t size) {
  struct configuration message = {
      .header = {.nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
      .general = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(group)},
      .attribute = {.nla_len = (uint16_t)(NLA_HDRLEN + size), .nla_type = type},
  };
  memcpy(message.value, value, size);
  message.header.nlmsg_len = (uint32_t)(sizeof message - sizeof message.value + NLA_ALIGN(size));
  struct {
    struct nlmsghdr header;
    struct nlmsgerr error;
    char more[256];
  } answer;
  if (send(fd, &message, message.header.nlmsg_len, 0) < 0 || recv(fd, &answer, sizeof answer, 0) < 0) fail("reports");
  errno = answer.header.nlmsg_type == NLMSG_ERROR ? -answer.error.error : EPROTO;
  if (errno != 0) fail("reports");
}

int open_reports(void) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  struct sockaddr_nl at = {.nl_family = AF_NETLINK};
  if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0) fail("reports");
  unsigned char bind_group = NFULNL_CFG_CMD_BIND;
  configure(fd, GROUP, NFULA_CFG_CMD, &bind_group, 1);
  struct nfulnl_msg_config_mode mode = {.copy_range = htonl(COPY_BYTES), .copy_mode = NFULNL_COPY_PACKET};
  configure(fd, GROUP, NFULA_CFG_MODE, &mode, sizeof mode);
  uint32_t threshold = htonl(1);
  configure(fd, GROUP, NFULA_CFG_QTHRESH, &threshold, sizeof threshold);
  return fd;
}

static void write_line(int out, const uint8_t *packet, size_t size, long uid) {
  int version = size > 0 ? packet[0] >> 4 : 0;
  char address[INET6_ADDRSTRLEN] = "";
  int protocol, offset;
  if (version == 4 && size >= 20) {
    protocol = packet[9];
    offset = (packet[0] & 15) * 4;
    inet_ntop(AF_INET, packet + 16, address, sizeof address);
  } else if (version == 6 && size >= 40) {
    protocol = packet[6];
    offset = 40;
    inet_ntop(AF_INET6, packet + 24, address, sizeof address);
  } else {
    return;
  }
  int port = -1;
  if ((protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP || protocol == 136) && size >= (size_t)offset + 4) port = packet[offset + 2] << 8 | packet[offset + 3];
  char line[256];
  int n = snprintf(line, sizeof line, "{\"family\":%d,\"protocol\":%d,\"address\":\"%s\",\"port\":%d,\"uid\":%ld}\n", version, protocol, address, port, uid);
  ssize_t ignored = write(out, line, (size_t)n);
  (void)ignored;
}

static void take(int out, const struct nlmsghdr *header) {
  if (header->nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET)) return;
  const uint8_t *at = (const uint8_t *)NLMSG_DATA(header) + sizeof(struct nfgenmsg);
  const uint8_t *end = (const uint8_t *)header + header->nlmsg_len;
  const uint8_t *packet = NULL;
  size_t size = 0;
  long uid = -1;
  while (at + NLA_HDRLEN <= end) {
    const struct nlattr *attribute = (const struct nlattr *)at;
    if (attribute->nla_len < NLA_HDRLEN || at + attribute->nla_len > end) break;
    uint32_t number;
    switch (attribute->nla_type & NLA_TYPE_MASK) {
      case NFULA_PAYLOAD:
        packet = at + NLA_HDRLEN;
        size = attribute->nla_len - NLA_HDRLEN;
        break;
      case NFULA_UID:
        memcpy(&number, at + NLA_HDRLEN, sizeof number);
        uid = (long)ntohl(number);
        break;
      default:
        break;
    }
    at += NLA_ALIGN(attribute->nla_len);
  }
  if (packet != NULL) write_line(out, packet, size, uid);
}

int start_reports(int log) {
  int pair[2];
  if (pipe2(pair, O_CLOEXEC) != 0) fail("pipe");
  pid_t parent = getpid();
  pid_t pid = fork();
  if (pid < 0) fail("fork");
  if (pid > 0) {
    close(pair[1]);
    close(log);
    return pair[0];
  }
  // The gateway gives up its rights, and the kernel checks whether the dying parent may signal us: be the same nobody.
  if (!has_nobody()) drop_capabilities();
  else if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0) _exit(1);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);
  signal(SIGPIPE, SIG_DFL);
  static uint8_t buffer[1 << 16];
  for (int fd = 0; fd < 64; fd++)
    if (fd != log && fd != pair[1]) close(fd);
  for (;;) {
    ssize_t n = recv(log, buffer, sizeof buffer, 0);
    if (n < 0 && errno == ENOBUFS) {
      static const char gap[] = "{\"gap\":true}\n";
      ssize_t ignored = write(pair[1], gap, sizeof gap - 1);
      (void)ignored;
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) _exit(0);
    uint32_t left = (uint32_t)n;
    for (struct nlmsghdr *header = (struct nlmsghdr *)buffer; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) take(pair[1], header);
  }
}
