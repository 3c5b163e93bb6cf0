// The second wall (Landlock, landlock(7)): one thread of process 1 restricts itself, and every process of the job is its child.
// The other thread, which obeys, stays outside: it can signal the job, and the job cannot signal it.
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
  READ = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
  // No devices: MAKE_CHAR and MAKE_BLOCK are given nowhere.
  CHANGE = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
           LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
           LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER | LANDLOCK_ACCESS_FS_TRUNCATE,
  EXISTING = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE,
  DEVICE = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE | LANDLOCK_ACCESS_FS_IOCTL_DEV,
  OF_FILES = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | DEVICE,
  // Rights by the version that brought them. The first version refuses every rename between folders: not for ordinary tools.
  FIRST = (1 << 14) - 1,
  LEAST_ABI = 2,
  SCOPES_ABI = 6,
};

static int abi;
static char said[120];
static const char *writable;
static size_t writable_size;
static const char *profile;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn = PTHREAD_COND_INITIALIZER;
static enum { NONE, IDLE, BUSY, WITHOUT } thread_is = NONE;
static void (*task)(void *);
static void *task_with;

int confined_abi(void) { return abi; }
const char *confinement(void) { return said; }

static int allow(int ruleset, const char *path, uint64_t handled, uint64_t access) {
  struct landlock_path_beneath_attr rule = {.parent_fd = open(path, O_PATH | O_CLOEXEC)};
  struct stat is;
  if (rule.parent_fd < 0) return -1;
  int failed = fstat(rule.parent_fd, &is);
  rule.allowed_access = access & handled & (S_ISDIR(is.st_mode) ? ~0ULL : (uint64_t)OF_FILES);
  failed = failed || syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0;
  int error = errno;
  close(rule.parent_fd);
  errno = error;
  return failed ? -1 : 0;
}

static int failed_at(const char *what) {
  snprintf(said, sizeof said, "failed at %.80s: errno %d", what, errno);
  return -1;
}

static int allow_all(int ruleset, uint64_t handled) {
  if (allow(ruleset, "/", handled, READ) != 0) return failed_at("/");
  if (allow(ruleset, "/dev", handled, READ | DEVICE) != 0) return failed_at("/dev");
  for (const char *place = writable; place < writable + writable_size; place += strlen(place) + 1)
    if (allow(ruleset, place + 1, handled, READ | (*place == '*' ? EXISTING : CHANGE)) != 0) return failed_at(place + 1);
  return 0;
}

// Of the calling thread alone; what it starts inherits it. A place that is `~` leaves files to the mounts, as who is confined
// in these may mount nothing.
static int restrict_thread(void) {
  long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < LEAST_ABI) {
    snprintf(said, sizeof said, version < 0 ? "absent: errno %d" : "absent: version %d", version < 0 ? errno : (int)version);
    return -1;
  }
  int files = strcmp(writable, "~") != 0;
  if (!files && version < SCOPES_ABI) {
    snprintf(said, sizeof said, "absent: version %d has no scopes", (int)version);
    return -1;
  }
  struct landlock_ruleset_attr handled = {.handled_access_fs = files ? FIRST : 0};
  if (files && version >= 3) handled.handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
  if (files && version >= 5) handled.handled_access_fs |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
  if (version >= SCOPES_ABI) handled.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL;
  int ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
  if (ruleset < 0) return failed_at("the ruleset");
  if (files && allow_all(ruleset, handled.handled_access_fs) != 0) return -1;
  if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) return failed_at("the restriction");
  close(ruleset);
  snprintf(said, sizeof said, "ABI %ld", version);
  return (int)version;
}

const char *job_label(void) { return profile != NULL && strchr(profile, ':') != NULL ? profile : NULL; }

// AppArmor: adds the job's profile to the one that process 1 has; the kernel lets a thread do so by itself and never undo it.
// SELinux: takes the job's label in the place of its own, which a thread may when the new type is bounded by the old one. Only a
// label has colons. Whether it came to be so is seen from outside.
static void add_profile(void) {
  char order[200];
  int length = snprintf(order, sizeof order, job_label() != NULL ? "%s" : "stack %s", profile);
  // The folder is there too on a kernel that only could have AppArmor.
  int fd = job_label() != NULL ? -1 : open("/proc/thread-self/attr/apparmor/current", O_WRONLY | O_CLOEXEC);
  if (fd < 0) fd = open("/proc/thread-self/attr/current", O_WRONLY | O_CLOEXEC);
  if (fd < 0 || length >= (int)sizeof order) return;
  ssize_t ignored = write(fd, order, (size_t)length);
  (void)ignored;
  close(fd);
}

static void *serve(void *unused) {
  (void)unused;
  // Before Landlock, which lets nothing in /proc be written.
  if (*profile != 0) add_profile();
  int version = restrict_thread();
  pthread_mutex_lock(&lock);
  abi = version < 0 ? 0 : version;
  thread_is = IDLE;
  for (;;) {
    pthread_cond_broadcast(&turn);
    while (thread_is != BUSY) pthread_cond_wait(&turn, &lock);
    task(task_with);
    thread_is = IDLE;
  }
}

void confine(const char *places, size_t size, const char *name) {
  pthread_t thread;
  if (thread_is != NONE) die("init: confined twice\n");
  writable = places;
  writable_size = size;
  profile = name;
  pthread_mutex_lock(&lock);
  if (pthread_create(&thread, NULL, serve, NULL) != 0) die("init: no thread\n");
  while (thread_is == NONE) pthread_cond_wait(&turn, &lock);
  pthread_mutex_unlock(&lock);
}

void unproven(void) {
  if (thread_is != NONE) die("init: confined already\n");
  thread_is = WITHOUT;
}

void in_confinement(void (*act)(void *), void *with) {
  // Nothing of a job is started before the probe, which confines.
  if (thread_is == NONE) die("init: not confined\n");
  if (thread_is == WITHOUT) {
    act(with);
    return;
  }
  pthread_mutex_lock(&lock);
  task = act;
  task_with = with;
  thread_is = BUSY;
  pthread_cond_broadcast(&turn);
  while (thread_is != IDLE) pthread_cond_wait(&turn, &lock);
  pthread_mutex_unlock(&lock);
}
