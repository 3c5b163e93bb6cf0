// From the kernel's first process to a machine in which a container can be started.
#include "microvm.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { NAME_MAX_LENGTH = 64, PORT_WAIT_MS = 60000, PORT_LOOK_MS = 5 };

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }
static int is_visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

// In the order of their names, which is the order in which they need each other.
void load_modules(const char *folder) {
  struct dirent **names;
  int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int count = scandir(folder, &names, is_visible, by_name);
  if (at < 0 || count < 0) fail(folder);
  for (int i = 0; i < count; i++) {
    int fd = openat(at, names[i]->d_name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST)) fail(names[i]->d_name);
    close(fd);
    free(names[i]);
  }
  free(names);
  close(at);
}

// A runtime cannot leave the kernel's first root (pivot_root(2)), so the folder becomes a root of its own.
void make_root(const char *folder) {
  if (mount(folder, folder, NULL, MS_BIND, NULL) != 0 || chdir(folder) != 0 || mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0 || chdir("/") != 0) fail("root");
}

static void make_mount(const char *source, const char *at, const char *type, unsigned long flags, const char *options) {
  if (mount(source, at, type, flags, options) != 0) fail(at);
}

// `loose`: what is read-only for the guest is taken to stay as it is. What is written reaches the host at once, but for
// shared mappings, which need a page cache.
#define SHARE "trans=virtio,version=9p2000.L,msize=512000,access=any,cache="

void make_mounts(void) {
  enum { PLAIN = MS_NOSUID | MS_NODEV };
  make_mount("proc", "/proc", "proc", PLAIN | MS_NOEXEC, NULL);
  make_mount("sysfs", "/sys", "sysfs", PLAIN | MS_NOEXEC, NULL);
  make_mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, NULL);
  make_mount("cgroup2", "/sys/fs/cgroup", "cgroup2", PLAIN | MS_NOEXEC, NULL);
  make_mount("tmpfs", "/run", "tmpfs", PLAIN, "mode=0755");
  make_mount("read", "/read", "9p", PLAIN | MS_RDONLY | MS_NOATIME, SHARE "loose");
  make_mount("write", "/write", "9p", PLAIN | MS_NOATIME, SHARE "mmap");
  make_mount("exchange", "/exchange", "9p", PLAIN | MS_NOEXEC | MS_NOATIME, SHARE "mmap");
  // The limit is the container's. Without this, what it may not have would be refused for want of it in the machine.
  set_knob("/proc/sys/vm/overcommit_memory", "1");
}

static int has_name(const char *port, const char *name) {
  char path[128], text[NAME_MAX_LENGTH] = "";
  snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", port);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  if (n <= 0) return 0;
  text[strcspn(text, "\n")] = 0;
  return strcmp(text, name) == 0;
}

static int open_named(const char *name) {
  DIR *ports = opendir("/sys/class/virtio-ports");
  int fd = -1;
  for (struct dirent *entry; ports != NULL && fd < 0 && (entry = readdir(ports)) != NULL;) {
    char path[300];
    if (entry->d_name[0] == '.' || !has_name(entry->d_name, name)) continue;
    snprintf(path, sizeof path, "/dev/%s", entry->d_name);
    fd = open(path, O_RDWR | O_CLOEXEC);
  }
  if (ports != NULL) closedir(ports);
  return fd;
}

int open_port(const char *name) {
  const struct timespec pause = {.tv_nsec = PORT_LOOK_MS * 1000000L};
  for (int waited = 0; waited < PORT_WAIT_MS; waited += PORT_LOOK_MS) {
    int fd = open_named(name);
    if (fd >= 0) return fd;
    nanosleep(&pause, NULL);
  }
  fail(name);
}

// One interface, one neighbour, and every packet goes there.
void join_link(void) {
  static const char name[] = "eth0";
  set_knob("/proc/sys/net/ipv6/conf/eth0/accept_ra", "0");
  set_knob("/proc/sys/net/ipv6/conf/eth0/addr_gen_mode", "1");
  bring_up("lo", 0);
  bring_up(name, LINK_MTU);
  add_address(name, AF_INET, GUEST_IPV4, 32);
  add_address(name, AF_INET6, GUEST_IPV6, 128);
  add_neighbour(name, AF_INET, GATEWAY_IPV4, gateway_hardware);
  add_neighbour(name, AF_INET6, GATEWAY_IPV6, gateway_hardware);
  add_route(name, AF_INET, NULL, GATEWAY_IPV4, RT_TABLE_MAIN);
  add_route(name, AF_INET6, NULL, GATEWAY_IPV6, RT_TABLE_MAIN);
}
