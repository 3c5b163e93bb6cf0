// Interfaces, addresses and routes (netdevice(7), rtnetlink(7)).
#include "microvm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct message {
  struct nlmsghdr header;
  union {
    struct ifaddrmsg address;
    struct rtmsg route;
    struct ndmsg neighbour;
  } of;
  char attributes[128];
};

static size_t length_of(int family) { return family == AF_INET ? 4 : 16; }

static void interface_request(unsigned long request, struct ifreq *about, const char *name) {
  strncpy(about->ifr_name, name, IFNAMSIZ - 1);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || ioctl(fd, request, about) != 0) fail(name);
  close(fd);
}

void set_hardware(const char *name, const uint8_t hardware[6]) {
  struct ifreq about = {.ifr_hwaddr = {.sa_family = ARPHRD_ETHER}};
  memcpy(about.ifr_hwaddr.sa_data, hardware, 6);
  interface_request(SIOCSIFHWADDR, &about, name);
}

void bring_up(const char *name, int mtu) {
  struct ifreq size = {.ifr_mtu = mtu}, flags = {0};
  if (mtu > 0) interface_request(SIOCSIFMTU, &size, name);
  interface_request(SIOCGIFFLAGS, &flags, name);
  flags.ifr_flags |= IFF_UP;
  interface_request(SIOCSIFFLAGS, &flags, name);
}

static void begin(struct message *message, uint16_t type, size_t size) {
  memset(message, 0, sizeof *message);
  message->header = (struct nlmsghdr){.nlmsg_len = (uint32_t)NLMSG_LENGTH(size), .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK};
}

static void add(struct message *message, uint16_t type, const void *value, size_t size) {
  struct rtattr *attribute = (struct rtattr *)((char *)message + NLMSG_ALIGN(message->header.nlmsg_len));
  attribute->rta_type = type;
  attribute->rta_len = (unsigned short)RTA_LENGTH(size);
  memcpy(RTA_DATA(attribute), value, size);
  message->header.nlmsg_len = (uint32_t)(NLMSG_ALIGN(message->header.nlmsg_len) + RTA_ALIGN(attribute->rta_len));
}

static void add_text_address(struct message *message, uint16_t type, int family, const char *text) {
  uint8_t bytes[16];
  if (inet_pton(family, text, bytes) != 1) fail(text);
  add(message, type, bytes, length_of(family));
}

static void ask(struct message *message, const char *step) {
  struct {
    struct nlmsghdr header;
    struct nlmsgerr error;
    char more[256];
  } answer;
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0 || send(fd, message, message->header.nlmsg_len, 0) < 0 || recv(fd, &answer, sizeof answer, 0) < 0) fail(step);
  errno = answer.header.nlmsg_type == NLMSG_ERROR ? -answer.error.error : EPROTO;
  if (errno != 0) fail(step);
  close(fd);
}

static uint32_t index_of(const char *name) {
  uint32_t index = if_nametoindex(name);
  if (index == 0) fail(name);
  return index;
}

void add_address(const char *name, int family, const char *address, int prefix) {
  struct message message;
  begin(&message, RTM_NEWADDR, sizeof message.of.address);
  message.of.address = (struct ifaddrmsg){.ifa_family = (uint8_t)family, .ifa_prefixlen = (uint8_t)prefix, .ifa_flags = IFA_F_NODAD | IFA_F_PERMANENT, .ifa_index = index_of(name)};
  add_text_address(&message, IFA_LOCAL, family, address);
  add_text_address(&message, IFA_ADDRESS, family, address);
  ask(&message, address);
}

void add_route(const char *name, int family, const char *to, const char *via, int table) {
  struct message message;
  uint32_t index = index_of(name);
  begin(&message, RTM_NEWROUTE, sizeof message.of.route);
  message.of.route = (struct rtmsg){.rtm_family = (uint8_t)family, .rtm_dst_len = (uint8_t)(to == NULL ? 0 : length_of(family) * 8), .rtm_table = (uint8_t)table, .rtm_protocol = RTPROT_STATIC, .rtm_scope = via == NULL ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE, .rtm_type = RTN_UNICAST};
  // The gateway's own address is on no subnet of ours.
  if (via != NULL) message.of.route.rtm_flags = RTNH_F_ONLINK;
  if (to != NULL) add_text_address(&message, RTA_DST, family, to);
  if (via != NULL) add_text_address(&message, RTA_GATEWAY, family, via);
  add(&message, RTA_OIF, &index, sizeof index);
  ask(&message, to == NULL ? "default route" : to);
}

void add_neighbour(const char *name, int family, const char *address, const uint8_t hardware[6]) {
  struct message message;
  begin(&message, RTM_NEWNEIGH, sizeof message.of.neighbour);
  message.of.neighbour = (struct ndmsg){.ndm_family = (uint8_t)family, .ndm_ifindex = (int)index_of(name), .ndm_state = NUD_PERMANENT};
  add_text_address(&message, NDA_DST, family, address);
  add(&message, NDA_LLADDR, hardware, 6);
  ask(&message, address);
}
