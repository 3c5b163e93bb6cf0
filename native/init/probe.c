// Tries from inside what must fail, and reads what must hold, before any code of the job's was started.
#include "init.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

static char report[16384];
static size_t report_size;

// One line: name, kind, whether it held, what was seen.
static void note(const char *id, const char *kind, int held, const char *format, ...) {
  char seen[160];
  va_list args;
  va_start(args, format);
  vsnprintf(seen, sizeof seen, format, args);
  va_end(args);
  int n = snprintf(report + report_size, sizeof report - report_size, "%s\t%s\t%d\t%s\n", id, kind, held, seen);
  if (n > 0 && (size_t)n < sizeof report - report_size) report_size += (size_t)n;
}

static const char *error_name(int error) {
  switch (error) {
    case 0: return "success";
    case EPERM: return "EPERM";
    case EACCES: return "EACCES";
    case EROFS: return "EROFS";
    case ENOENT: return "ENOENT";
    case ENOSYS: return "ENOSYS";
    case ENETUNREACH: return "ENETUNREACH";
    case ECONNREFUSED: return "ECONNREFUSED";
    case ECONNRESET: return "ECONNRESET";
    case EAFNOSUPPORT: return "EAFNOSUPPORT";
    case EINVAL: return "EINVAL";
    case ENOTTY: return "ENOTTY";
    default: {
      static char number[16];
      snprintf(number, sizeof number, "errno %d", error);
      return number;
    }
  }
}

static void must_fail(const char *id, long result) { note(id, "attack", result < 0, "%s", error_name(result < 0 ? errno : 0)); }

// The only right answer is the wall's: another error says that the call itself was let through.
static void must_be_forbidden(const char *id, long result) {
  int error = result < 0 ? errno : 0;
  note(id, "attack", error == EPERM || error == ENOSYS || error == EACCES, "%s", error_name(error));
}

static void must_not_open(const char *id, const char *path, int flags) {
  int fd = open(path, flags | O_CLOEXEC, 0600);
  must_fail(id, fd);
  if (fd >= 0) {
    close(fd);
    if (flags & O_CREAT) unlink(path);
  }
}

static void files(void) {
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

static void privileges(void) {
  must_be_forbidden("mount", mount("none", "/tmp", "tmpfs", 0, NULL));
  must_be_forbidden("unmount", umount2("/proc", MNT_DETACH));
  must_be_forbidden("user-namespace", unshare(CLONE_NEWUSER));
  must_be_forbidden("become-root", syscall(SYS_setresuid, 0, 0, 0) == 0 ? 0 : (errno = errno == EINVAL ? EPERM : errno, -1));
  must_be_forbidden("change-root", chroot("/"));
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct all[2] = {{~0U, ~0U, 0}, {~0U, ~0U, 0}};
  must_be_forbidden("gain-capabilities", syscall(SYS_capset, &header, all));
  must_be_forbidden("trace", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
  must_be_forbidden("bpf", syscall(SYS_bpf, 0, NULL, 0));
  must_be_forbidden("perf-events", syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
  must_be_forbidden("userfaultfd", syscall(SYS_userfaultfd, 0));
  must_be_forbidden("io-uring", syscall(SYS_io_uring_setup, 1, NULL));
  must_be_forbidden("keyring", syscall(SYS_keyctl, 0, 0, 0, 0, 0));
  must_be_forbidden("load-module", syscall(SYS_finit_module, -1, "", 0));
  must_be_forbidden("kexec", syscall(SYS_kexec_load, 0, 0, NULL, 0));
  must_be_forbidden("read-other-memory", syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0));
  must_be_forbidden("open-by-handle", syscall(SYS_open_by_handle_at, -1, NULL, 0));
  must_be_forbidden("push-terminal-input", ioctl(0, TIOCSTI, "x"));
  must_be_forbidden("set-clock", syscall(SYS_clock_settime, CLOCK_REALTIME, NULL));
}

static void status(void) {
  static const char *const zero[] = {"CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"};
  int caps = 0, lines = 0, nnp = 0, seccomp = 0;
  char line[512];
  FILE *file = fopen("/proc/self/status", "re");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    for (size_t i = 0; i < sizeof zero / sizeof *zero; i++)
      if (strncmp(line, zero[i], 7) == 0) {
        lines++;
        caps += strtoull(line + 7, NULL, 16) != 0;
      }
    if (strncmp(line, "NoNewPrivs:", 11) == 0) nnp = atoi(line + 11);
    if (strncmp(line, "Seccomp:", 8) == 0) seccomp = atoi(line + 8);
  }
  if (file != NULL) fclose(file);
  note("no-capabilities", "state", lines == 5 && caps == 0, "%d sets read, %d not empty", lines, caps);
  note("no-new-privileges", "state", nnp == 1, "%d", nnp);
  note("seccomp-filter", "state", seccomp == 2, "mode %d", seccomp);
  gid_t groups[64];
  int count = getgroups(64, groups), foreign = count < 0;
  for (int i = 0; i < count; i++) foreign += groups[i] != getgid();
  note("ordinary-user", "state", getuid() != 0 && geteuid() != 0 && getgid() != 0 && foreign == 0, "uid %d gid %d, %d other groups", (int)getuid(), (int)getgid(), foreign);
}

static void namespaces(void) {
  note("own-process-namespace", "state", getpid() == 1, "pid %d", (int)getpid());
  char map[512] = "";
  int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, map, sizeof map - 1);
  if (fd >= 0) close(fd);
  int rows = 0, host_root = 0;
  char *at = map;
  for (unsigned long inside, outside, length; n > 0 && sscanf(at, "%lu %lu %lu", &inside, &outside, &length) == 3;) {
    rows++;
    host_root += outside == 0;
    at = strchr(at, '\n');
    if (at == NULL) break;
    at++;
  }
  note("host-root-not-mapped", "state", rows > 0 && host_root == 0, "%d rows, %d with host root", rows, host_root);
  int others = 0;
  DIR *proc = opendir("/proc");
  for (struct dirent *entry; proc != NULL && (entry = readdir(proc)) != NULL;) {
    char *end;
    long pid = strtol(entry->d_name, &end, 10);
    others += *end == 0 && pid != getpid();
  }
  note("no-other-process", "state", proc != NULL && others == 0, "%d others", others);
  if (proc != NULL) closedir(proc);
  char line[256];
  int interfaces = 0, loopback = 0, row = 0;
  FILE *file = fopen("/proc/net/dev", "re");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    if (row++ < 2) continue;
    interfaces++;
    loopback += strstr(line, " lo:") != NULL || strncmp(line, "lo:", 3) == 0;
  }
  if (file != NULL) fclose(file);
  note("only-loopback", "state", interfaces == 1 && loopback == 1, "%d interfaces", interfaces);
  char group[256] = "";
  fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
  n = fd < 0 ? -1 : read(fd, group, sizeof group - 1);
  if (fd >= 0) close(fd);
  note("own-cgroup-namespace", "state", n > 0 && strstr(group, "cofferdam") == NULL, "%s", strstr(group, "cofferdam") == NULL ? "the root is shown" : "the host's path is shown");
}

static void descriptors(void) {
  int beyond = 0;
  DIR *dir = opendir("/proc/self/fd");
  // Not dumpable, our own descriptors may be out of our reach too: then count by asking for each.
  for (int fd = 4; fd < 256; fd++) {
    if (dir != NULL && fd == dirfd(dir)) continue;
    int flags = fcntl(fd, F_GETFD);
    beyond += flags >= 0 && !(flags & FD_CLOEXEC);
  }
  if (dir != NULL) closedir(dir);
  note("no-inherited-descriptor", "state", beyond == 0, "%d", beyond);
  struct rlimit files, core;
  getrlimit(RLIMIT_NOFILE, &files);
  getrlimit(RLIMIT_CORE, &core);
  note("open-file-limit", "state", files.rlim_cur != RLIM_INFINITY && files.rlim_cur == files.rlim_max, "%lu", (unsigned long)files.rlim_cur);
  note("no-core-dumps", "state", core.rlim_max == 0, "%lu", (unsigned long)core.rlim_max);
}

static void sockets(void) {
  must_fail("raw-socket", socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
  must_fail("packet-socket", socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  must_fail("vsock", socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0));
  must_fail("alg-socket", socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}

struct reach {
  const char *id;
  int family, type, port;
  const char *address;
  int fd, done;
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
  r->fd = socket(r->family, r->type | SOCK_CLOEXEC, 0);
  static const char request[] = "GET / HTTP/1.0\r\nHost: probe.invalid\r\n\r\n";
  // The gateway is on this machine: a connection is made, or refused, at once.
  int failed = r->fd < 0 || connect(r->fd, (struct sockaddr *)&to, length) != 0 || send(r->fd, request, sizeof request - 1, MSG_NOSIGNAL) < 0;
  if (failed) {
    note(r->id, "attack", 1, "%s", error_name(errno));
    r->done = 1;
    if (r->fd >= 0) close(r->fd);
    r->fd = -1;
  }
}

static void ask_gateway(const char *name) {
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

static void network(const char *probe_name) {
  ask_gateway(probe_name);
  struct reach reaches[] = {
      {"reach-metadata", AF_INET, SOCK_STREAM, 80, "169.254.169.254", -1, 0},
      {"reach-address", AF_INET, SOCK_STREAM, 443, "198.51.100.1", -1, 0},
      {"reach-address-ipv6", AF_INET6, SOCK_STREAM, 443, "2001:db8::1", -1, 0},
      {"reach-by-datagram", AF_INET, SOCK_DGRAM, 53, "198.51.100.1", -1, 0},
      {"reach-by-datagram-ipv6", AF_INET6, SOCK_DGRAM, 53, "2001:db8::1", -1, 0},
  };
  enum { COUNT = sizeof reaches / sizeof *reaches, WAIT_MS = 500 };
  for (int i = 0; i < COUNT; i++) begin(&reaches[i]);
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (;;) {
    struct pollfd fds[COUNT];
    nfds_t open_ones = 0;
    for (int i = 0; i < COUNT; i++)
      if (!reaches[i].done) fds[open_ones++] = (struct pollfd){.fd = reaches[i].fd, .events = POLLIN};
    int left = WAIT_MS - elapsed_ms(&start);
    if (open_ones == 0 || left <= 0 || poll(fds, open_ones, left) <= 0) break;
    for (int i = 0; i < COUNT; i++)
      if (!reaches[i].done) judge(&reaches[i]);
  }
  for (int i = 0; i < COUNT; i++) {
    // Silence is containment as well, for what has no connection; a connection that stays open is not.
    if (!reaches[i].done) note(reaches[i].id, "attack", reaches[i].type == SOCK_DGRAM, "no answer");
    if (reaches[i].fd >= 0) close(reaches[i].fd);
  }
}

void run_probe(const char *probe_name) {
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  report_size = 0;
  files();
  privileges();
  status();
  namespaces();
  descriptors();
  sockets();
  network(probe_name);
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  long us = (now.tv_sec - start.tv_sec) * 1000000 + (now.tv_nsec - start.tv_nsec) / 1000;
  char tail[64];
  int n = snprintf(tail, sizeof tail, "end\t%ld\n", us);
  if (report_size + (size_t)n > sizeof report) die("init: the probe's report is too long\n");
  memcpy(report + report_size, tail, (size_t)n);
  send_frame(OUT_PROBED, 0, report, report_size + (size_t)n);
}
