// What must not be reached: files, sockets, the network.
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

static void must_not_open(const char *id, const char *path, int flags) {
  int fd = open(path, flags | O_CLOEXEC, 0600);
  must_fail(id, fd);
  if (fd >= 0) {
    close(fd);
    if (flags & O_CREAT) unlink(path);
  }
}

void probe_files(void) {
  must_not_open("write-root", "/.cofferdam-probe", O_CREAT | O_WRONLY);
  must_not_open("write-usr", "/usr/.cofferdam-probe", O_CREAT | O_WRONLY);
  must_not_open("write-etc", "/etc/.cofferdam-probe", O_CREAT | O_WRONLY);
  must_not_open("write-proc-sys", "/proc/sys/kernel/core_pattern", O_WRONLY);
  must_not_open("write-sysrq", "/proc/sysrq-trigger", O_WRONLY);
  must_not_open("read-own-environment-of-init", "/proc/1/environ", O_RDONLY);
  must_not_open("read-memory-of-init", "/proc/1/mem", O_RDWR);
  char byte;
  int kcore = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
  ssize_t n = kcore < 0 ? 0 : read(kcore, &byte, 1);
  note("read-kernel-memory", "attack", n <= 0, n <= 0 ? "nothing" : "bytes");
  if (kcore >= 0) close(kcore);
  static const char *const sockets[] = {"/run/docker.sock", "/var/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock", "/run/crio/crio.sock", "/run/systemd/private", "/run/dbus/system_bus_socket"};
  int found = 0;
  for (size_t i = 0; i < sizeof sockets / sizeof *sockets; i++) found += access(sockets[i], F_OK) == 0;
  note("reach-runtime-socket", "attack", found == 0, "%d found", found);
  must_fail("make-device", mknod("/tmp/.cofferdam-probe", S_IFBLK | 0600, makedev(8, 0)));
  struct statvfs root;
  int is = statvfs("/", &root) == 0 && (root.f_flag & ST_RDONLY);
  note("root-read-only", "state", is, is ? "read-only" : "writable");
}

void probe_sockets(void) {
  must_fail("raw-socket", socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
  must_fail("packet-socket", socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  must_fail("vsock", socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0));
  must_fail("netlink-socket", socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 12));
  must_fail("alg-socket", socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}

struct reach {
  const char *id;
  int family, type, port;
  const char *address;
  int fd, open, done;
};

// Held when nothing but a refusal comes back: an error, an end, a reset, or the gateway's own 403.
static void judge(struct reach *r) {
  char answer[128];
  ssize_t n = recv(r->fd, answer, sizeof answer - 1, MSG_DONTWAIT);
  if (n < 0 && errno == EAGAIN) return;
  r->done = 1;
  if (n <= 0) {
    note(r->id, "attack", 1, "%s", n == 0 ? "closed" : error_name(errno));
    return;
  }
  answer[n] = 0;
  int refused = strncmp(answer, "HTTP/1.1 403", 12) == 0;
  note(r->id, "attack", refused, refused ? "HTTP 403" : "an answer");
}

static void end(struct reach *r, int error) {
  note(r->id, "attack", 1, "%s", error_name(error));
  r->done = 1;
}

static void ask(struct reach *r) {
  static const char request[] = "GET / HTTP/1.0\r\nHost: probe.invalid\r\n\r\n";
  r->open = 1;
  if (send(r->fd, request, sizeof request - 1, MSG_NOSIGNAL) < 0) end(r, errno);
}

// Never waits: in a machine of its own, nobody may be at the other end.
static void begin(struct reach *r) {
  struct sockaddr_storage to = {0};
  socklen_t length;
  if (r->family == AF_INET) {
    struct sockaddr_in *in = (struct sockaddr_in *)&to;
    in->sin_family = AF_INET;
    in->sin_port = htons((uint16_t)r->port);
    inet_pton(AF_INET, r->address, &in->sin_addr);
    length = sizeof *in;
  } else {
    struct sockaddr_in6 *in = (struct sockaddr_in6 *)&to;
    in->sin6_family = AF_INET6;
    in->sin6_port = htons((uint16_t)r->port);
    inet_pton(AF_INET6, r->address, &in->sin6_addr);
    length = sizeof *in;
  }
  r->fd = socket(r->family, r->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (r->fd < 0) end(r, errno);
  else if (connect(r->fd, (struct sockaddr *)&to, length) == 0) ask(r);
  else if (errno != EINPROGRESS) end(r, errno);
}

static void go_on(struct reach *r) {
  int error = 0;
  socklen_t size = sizeof error;
  if (r->open) judge(r);
  else if (getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) end(r, error);
  else ask(r);
}

static void ask_gateway(const char *name, const char *resolver) {
  uint8_t query[512] = {0x0c, 0x0f, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  size_t at = 12;
  for (const char *label = name; *label != 0;) {
    const char *dot = strchrnul(label, '.');
    size_t length = (size_t)(dot - label);
    if (length == 0 || length > 63) die("init: the probe's name is no name\n");
    query[at++] = (uint8_t)length;
    memcpy(query + at, label, length);
    at += length;
    label = *dot == 0 ? dot : dot + 1;
  }
  at++;
  query[at + 1] = 1;
  query[at + 3] = 1;
  at += 4;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (*resolver != 0 && inet_pton(AF_INET, resolver, &to.sin_addr) != 1) die("init: the resolver's address is no address\n");
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  ssize_t ignored = sendto(fd, query, at, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof to);
  (void)ignored;
  close(fd);
}

static int elapsed_ms(const struct timespec *from) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int)((now.tv_sec - from->tv_sec) * 1000 + (now.tv_nsec - from->tv_nsec) / 1000000);
}

void probe_network(const char *probe_name, const char *resolver) {
  ask_gateway(probe_name, resolver);
  struct reach reaches[] = {
      {"reach-metadata", AF_INET, SOCK_STREAM, 80, "169.254.169.254", -1, 0, 0},
      {"reach-address", AF_INET, SOCK_STREAM, 443, "198.51.100.1", -1, 0, 0},
      {"reach-address-ipv6", AF_INET6, SOCK_STREAM, 443, "2001:db8::1", -1, 0, 0},
      {"reach-by-datagram", AF_INET, SOCK_DGRAM, 53, "198.51.100.1", -1, 0, 0},
      {"reach-by-datagram-ipv6", AF_INET6, SOCK_DGRAM, 53, "2001:db8::1", -1, 0, 0},
  };
  // A gateway on a busy machine may still be starting: a connection that stands waits for it. What has none waits for nobody.
  enum { COUNT = sizeof reaches / sizeof *reaches, SILENT_MS = 500, ANSWER_MS = 10000 };
  for (int i = 0; i < COUNT; i++) begin(&reaches[i]);
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (;;) {
    struct pollfd fds[COUNT];
    struct reach *of[COUNT];
    nfds_t waiting = 0;
    int answers = 0;
    for (int i = 0; i < COUNT; i++) {
      struct reach *r = &reaches[i];
      if (r->done) continue;
      answers += r->open && r->type == SOCK_STREAM;
      of[waiting] = r;
      fds[waiting++] = (struct pollfd){.fd = r->fd, .events = r->open ? POLLIN : POLLOUT};
    }
    int left = (answers > 0 ? ANSWER_MS : SILENT_MS) - elapsed_ms(&start);
    if (waiting == 0 || left <= 0 || poll(fds, waiting, left) <= 0) break;
    for (nfds_t i = 0; i < waiting; i++)
      if (fds[i].revents != 0) go_on(of[i]);
  }
  for (int i = 0; i < COUNT; i++) {
    struct reach *r = &reaches[i];
    // Silence is containment as well, for what has no connection; a connection that stays open is not.
    int connected = r->open && r->type == SOCK_STREAM;
    if (!r->done) note(r->id, "attack", !connected, connected ? "a connection" : "no answer");
    if (r->fd >= 0) close(r->fd);
  }
}
