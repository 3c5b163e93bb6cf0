// What must hold around process 1, read before anything is tried.
#include "probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

void probe_identity(void) {
  static const char *const zero[] = {"CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"};
  int caps = 0, lines = 0, nnp = 0, seccomp = 0, same = 1;
  unsigned long long first = 0;
  char line[512];
  FILE *file = fopen("/proc/self/status", "re");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    for (size_t i = 0; i < sizeof zero / sizeof *zero; i++)
      if (strncmp(line, zero[i], 7) == 0) {
        unsigned long long set = strtoull(line + 7, NULL, 16);
        if (lines++ == 0) first = set;
        same = same && set == first;
        caps += set != 0;
      }
    if (strncmp(line, "NoNewPrivs:", 11) == 0) nnp = atoi(line + 11);
    if (strncmp(line, "Seccomp:", 8) == 0) seccomp = atoi(line + 8);
  }
  if (file != NULL) fclose(file);
  note("no-capabilities", "state", lines == 5 && caps == 0, "%d sets read, %d not empty%s %llx", lines, caps, same ? ", each" : ", the first", first);
  note("no-new-privileges", "state", nnp == 1, "%d", nnp);
  note("seccomp-filter", "state", seccomp == 2, "mode %d", seccomp);
  gid_t groups[64];
  int count = getgroups(64, groups), foreign = count < 0;
  for (int i = 0; i < count; i++) foreign += groups[i] != getgid();
  note("ordinary-user", "state", getuid() != 0 && geteuid() != 0 && getgid() != 0 && foreign == 0, "uid %d gid %d, %d other groups", (int)getuid(), (int)getgid(), foreign);
}

extern char **environ;

void probe_surroundings(void) {
  int variables = 0;
  const char *foreign = "";
  // The runtime adds HOME by itself.
  for (char **at = environ; *at != NULL; at++)
    if (strncmp(*at, "HOME=", 5) != 0 && variables++ == 0) foreign = *at;
  note("no-environment", "state", variables == 0, "%d variables %.*s", variables, (int)strcspn(foreign, "="), foreign);
  char folder[256] = "";
  int at_root = getcwd(folder, sizeof folder) != NULL && strcmp(folder, "/") == 0;
  // A working folder outside of the root (CVE-2024-21626) is shown as unreachable.
  note("begins-in-root", "state", at_root, "%.100s", folder);
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

void probe_descriptors(void) {
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
  // At 1 the kernel neither writes a core file nor starts a program of the host's to take one, and the job cannot change that.
  struct rlimit none = {0, 0};
  int at_one = core.rlim_cur == 1 && core.rlim_max == 1;
  setrlimit(RLIMIT_CORE, &none);
  getrlimit(RLIMIT_CORE, &core);
  note("no-core-dumps", "state", at_one && core.rlim_cur == 1, "%d, then %lu", at_one, (unsigned long)core.rlim_cur);
  // In this order the control side knows them.
  static const int shared[] = {RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE, RLIMIT_RTPRIO, RLIMIT_NICE};
  enum { SHARED = sizeof shared / sizeof *shared };
  struct rlimit limit[SHARED];
  int bounded = 1;
  for (int i = 0; i < SHARED; i++) {
    getrlimit(shared[i], &limit[i]);
    bounded = bounded && limit[i].rlim_max != RLIM_INFINITY;
  }
  note("shared-limits", "state", bounded, "%lu %lu %lu %lu", (unsigned long)limit[0].rlim_max, (unsigned long)limit[1].rlim_max,
       (unsigned long)limit[2].rlim_max, (unsigned long)limit[3].rlim_max);
}


static int hidden(const char *path, const struct stat *is) {
  struct statvfs on;
  if (S_ISCHR(is->st_mode)) return is->st_rdev == makedev(1, 3);
  // A file system for processes has no count of files.
  return S_ISDIR(is->st_mode) && is->st_nlink == 2 && statvfs(path, &on) == 0 && (on.f_flag & ST_RDONLY) && on.f_files > 0;
}

static int read_only(const char *path) {
  struct statvfs on;
  return statvfs(path, &on) == 0 && (on.f_flag & ST_RDONLY);
}

// `-PATH` must be hidden, by /dev/null over a file and an empty folder over a folder; `=PATH` must be read-only.
void probe_kernel_files(const char *paths, size_t size) {
  int held[2] = {0, 0}, not_held[2] = {0, 0};
  const char *first[2] = {"", ""};
  for (const char *path = paths, *end = paths + size; path < end; path += strlen(path) + 1) {
    struct stat is;
    int which = *path == '=';
    if (stat(path + 1, &is) != 0) continue;
    int holds = which ? read_only(path + 1) : hidden(path + 1, &is);
    held[which] += holds;
    if (!holds && not_held[which]++ == 0) first[which] = path + 1;
  }
  note("kernel-files-hidden", "state", held[0] > 0 && not_held[0] == 0, "%d hidden, %d shown %s", held[0], not_held[0], first[0]);
  note("kernel-settings-read-only", "state", held[1] > 0 && not_held[1] == 0, "%d read-only, %d writable %s", held[1], not_held[1], first[1]);
}

// The parts of a mount's super options that are a wall; the others may name folders of the host.
static void keep_known(char *options) {
  char *to = options;
  for (char *part = strtok(options, ","); part != NULL; part = strtok(NULL, ",")) {
    if (strcmp(part, "ro") != 0 && strcmp(part, "rw") != 0 && strncmp(part, "size=", 5) != 0 && strncmp(part, "nr_inodes=", 10) != 0 && strncmp(part, "max=", 4) != 0) continue;
    size_t length = strlen(part);
    if (to != options) *to++ = ',';
    memmove(to, part, length + 1);
    to += length;
  }
  *to = 0;
}

// One line for each mount: where, its options, type, the file system's own options, and whether it passes on mounts.
void probe_mounts(void) {
  FILE *file = fopen("/proc/self/mountinfo", "re");
  char *line = NULL;
  size_t room = 0;
  while (file != NULL && getline(&line, &room, file) > 0) {
    char *save = NULL, *fields[6] = {0};
    char *tail = strstr(line, " - ");
    if (tail == NULL) continue;
    *tail = 0;
    for (int i = 0; i < 6; i++) fields[i] = strtok_r(i == 0 ? line : NULL, " ", &save);
    // Whether mounts pass from here to others, from others to here, or not at all.
    const char *passes = "private";
    for (const char *tag; (tag = strtok_r(NULL, " ", &save)) != NULL;) passes = strncmp(tag, "shared:", 7) == 0 || strcmp(passes, "shared") == 0 ? "shared" : "slave";
    char *type = strtok_r(tail + 3, " ", &save), *source = strtok_r(NULL, " ", &save), *super = strtok_r(NULL, " \n", &save);
    if (fields[5] == NULL || type == NULL || source == NULL || super == NULL) continue;
    keep_known(super);
    tell("mount\t%s\t%s\t%s\t%s\t%s", fields[4], fields[5], type, super, passes);
  }
  free(line);
  if (file != NULL) fclose(file);
}
