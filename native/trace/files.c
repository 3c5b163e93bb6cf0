/*
 * Files that were written where tools obey them, and memory of other processes that was opened (fanotify(7)). Asynchronous:
 * nothing waits for it but the end of the process that did it, so that who it was can still be read. What the kernel tells is
 * the file itself, by whatever call it was reached. Which files matter is the caller's list.
 */
#define _GNU_SOURCE
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LAYERS_MAX 16
#define RECENT 64
#define TOGETHER_MS 1000
#define ROUNDS 8
#define EVENT_BYTES 8192
#define LONG_PATH 4096

/* A file system whose changes of names are told; `shown` is where the job sees what lies below `at`. */
struct layer {
  int mount;
  fsid_t system;
  char at[PATH_BYTES_MAX], shown[PATH_BYTES_MAX];
};

/* `A/` is all below A, `A/<star><star>/B` every B below A, anything else that very path. */
struct rule {
  const char *text, *end; /* what a path begins with, and what it ends with; NULL: the rule has no stars */
  size_t length, end_length;
  bool below;
};

#define RULES_MAX 1024
#define LOOK_EVERY_MS 5

static struct rule rules[RULES_MAX];
static size_t rule_count;
static int64_t looked;
static int opened = -1, named = -1;
static struct layer layers[LAYERS_MAX];
static size_t layer_count;
static struct { pid_t host; int64_t since; char path[PATH_BYTES_MAX]; } recent[RECENT];
static size_t recent_next;

/* False when the kernel cannot say what is done to files; `rules` ends with NULL. */
bool files_prepare(char **list, bool by_kernel) {
  for (; list[rule_count] != NULL; rule_count += 1) {
    if (rule_count == RULES_MAX) return false;
    struct rule *rule = &rules[rule_count];
    const char *star = strstr(list[rule_count], "/**/");
    *rule = (struct rule){.text = list[rule_count], .length = strlen(list[rule_count])};
    if (star != NULL) {
      rule->length = (size_t)(star - rule->text);
      rule->end = star + 3;
      rule->end_length = strlen(rule->end);
    } else if (rule->length > 0 && rule->text[rule->length - 1] == '/') {
      rule->below = true;
      rule->length -= 1;
    }
  }
  if (rule_count == 0 || !by_kernel) return true;
  opened = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_LARGEFILE);
  named = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC | FAN_REPORT_DFID_NAME, O_RDONLY | O_CLOEXEC);
  return opened >= 0 && named >= 0;
}

int files_opened(void) { return opened; }
int files_named(void) { return named; }

/* Where a path lies on a symbolic link nothing is watched: the places are mount points, which no job can move. */
bool files_watch_mount(const char *path, bool process_files) {
  uint64_t what = process_files ? FAN_OPEN : FAN_CLOSE_WRITE;
  return fanotify_mark(opened, FAN_MARK_ADD | FAN_MARK_MOUNT | FAN_MARK_DONT_FOLLOW, what, AT_FDCWD, path) == 0;
}

bool files_watch_layer(const char *path, const char *shown) {
  struct layer *layer = &layers[layer_count];
  struct statfs system;
  char link[64];
  if (layer_count == LAYERS_MAX || strlen(shown) >= sizeof layer->shown) return false;
  layer->mount = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (layer->mount < 0) return false;
  snprintf(link, sizeof link, "/proc/self/fd/%d", layer->mount);
  ssize_t length = readlink(link, layer->at, sizeof layer->at - 1);
  if (length <= 0 || fstatfs(layer->mount, &system) != 0 ||
      fanotify_mark(named, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_CREATE | FAN_MOVED_TO | FAN_ONDIR, layer->mount, NULL) != 0) {
    close(layer->mount);
    return false;
  }
  layer->at[length] = '\0';
  memcpy(&layer->system, &system.f_fsid, sizeof layer->system);
  strcpy(layer->shown, shown);
  layer_count += 1;
  return true;
}

static bool matters(const char *path, size_t length) {
  for (const struct rule *rule = rules; rule < rules + rule_count; rule += 1) {
    if (length < rule->length + rule->end_length || memcmp(rule->text, path, rule->length) != 0) continue;
    if (rule->end != NULL ? memcmp(rule->end, path + length - rule->end_length, rule->end_length) == 0
                          : length == rule->length || (rule->below && path[rule->length] == '/'))
      return true;
  }
  return false;
}

/* A place that a rule lies below: to put a folder or a link there is to put what lies in it. */
static bool leads(const char *path, size_t length) {
  for (const struct rule *rule = rules; rule < rules + rule_count; rule += 1)
    if (rule->length > length && rule->text[length] == '/' && memcmp(rule->text, path, length) == 0) return true;
  return false;
}

/* The same file by the same process within a second is told once. */
static bool told_just_now(pid_t host, const char *path) {
  int64_t now = steady_ms();
  for (size_t i = 0; i < RECENT; i += 1)
    if (recent[i].host == host && now - recent[i].since < TOGETHER_MS && strcmp(recent[i].path, path) == 0) return true;
  recent[recent_next].host = host;
  recent[recent_next].since = now;
  snprintf(recent[recent_next].path, sizeof recent->path, "%s", path);
  recent_next = (recent_next + 1) % RECENT;
  return false;
}

static void tell(pid_t host, const char *path, const char *what) {
  struct execution caller = {.at_ms = now_ms(), .host_pid = host};
  /* Who is gone is known by its number here; who is there and not in the sandbox is one of ours. */
  if (read_identity(host, &caller) && caller.pid == 0) return;
  caller.host_pid = host;
  if (told_just_now(host, path)) return;
  read_command(host, &caller);
  caller.path_length = strnlen(path, sizeof caller.path);
  memcpy(caller.path, path, caller.path_length);
  record_file(what, false, &caller);
}

/* The PID of `/proc/PID/.../mem` or `environ`; 0 for any other path. */
static long memory_of(const char *path) {
  const char *name = strrchr(path, '/');
  if (strncmp(path, "/proc/", 6) != 0 || (strcmp(name, "/mem") != 0 && strcmp(name, "/environ") != 0)) return 0;
  char *end;
  long process = strtol(path + 6, &end, 10);
  return *end == '/' ? process : 0;
}

static void look_at_process(pid_t host, const char *path) {
  long process = memory_of(path);
  struct execution caller = {.pid = 0};
  if (process == 0 || (read_identity(host, &caller) && caller.pid == process)) return;
  tell(host, path, "memory");
}

/* What a kernel of its own says was opened, by whom. */
void files_told(const struct execution *caller, const char *path, bool written, bool set_user_id, bool refused) {
  long process = memory_of(path);
  const char *what = process != 0 && process != caller->pid ? "memory" : written && matters(path, strlen(path)) ? "written" : set_user_id ? "set-user-id" : NULL;
  if (what == NULL || told_just_now(caller->host_pid, path)) return;
  struct execution seen = *caller;
  seen.argument_count = 0;
  seen.path_length = strnlen(path, sizeof seen.path);
  memcpy(seen.path, path, seen.path_length);
  record_file(what, refused, &seen);
}

static void take_opened(const struct fanotify_event_metadata *event) {
  char link[64], path[LONG_PATH];
  struct stat file;
  if (event->fd < 0) return;
  snprintf(link, sizeof link, "/proc/self/fd/%d", event->fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length > 0) {
    path[length] = '\0';
    if (event->mask & FAN_OPEN) look_at_process(event->pid, path);
    else if (matters(path, (size_t)length)) tell(event->pid, path, "written");
    else if (fstat(event->fd, &file) == 0 && S_ISREG(file.st_mode) && (file.st_mode & S_ISUID)) tell(event->pid, path, "set-user-id");
  }
  close(event->fd);
}

/* The folder is found by its handle, so that no name of it can be exchanged meanwhile. */
static void take_named(const struct fanotify_event_metadata *event) {
  const struct fanotify_event_info_fid *info = (const void *)(event + 1);
  if (event->event_len < event->metadata_len + sizeof *info || info->hdr.info_type != FAN_EVENT_INFO_TYPE_DFID_NAME) return;
  struct file_handle *handle = (struct file_handle *)info->handle;
  const char *name = (const char *)handle->f_handle + handle->handle_bytes;
  char link[64], folder[LONG_PATH], path[LONG_PATH];
  for (size_t i = 0; i < layer_count; i += 1) {
    struct layer *layer = &layers[i];
    if (memcmp(&layer->system, &info->fsid, sizeof layer->system) != 0) continue;
    int at = open_by_handle_at(layer->mount, handle, O_PATH | O_CLOEXEC);
    if (at < 0) continue;
    snprintf(link, sizeof link, "/proc/self/fd/%d", at);
    ssize_t length = readlink(link, folder, sizeof folder - 1);
    close(at);
    size_t base = strlen(layer->at);
    if (length < (ssize_t)base || memcmp(folder, layer->at, base) != 0) continue;
    folder[length] = '\0';
    int size = snprintf(path, sizeof path, "%s%s/%s", layer->shown, folder + base, name);
    bool made = (event->mask & FAN_ONDIR) != 0 && (event->mask & FAN_MOVED_TO) == 0;
    if (size <= 0 || (size_t)size >= sizeof path) return;
    if (matters(path, (size_t)size) || (!made && leads(path, (size_t)size))) tell(event->pid, path, "written");
    return;
  }
}

static void drain(int group, void (*take)(const struct fanotify_event_metadata *)) {
  static _Alignas(struct fanotify_event_metadata) char events[EVENT_BYTES];
  for (int round = 0; group >= 0 && round < ROUNDS; round += 1) {
    ssize_t got = read(group, events, sizeof events);
    if (got < 0 && errno != EAGAIN && errno != EINTR) record_gap("a file was opened or written and could not be looked at: it had gone, as that of a process that was killed");
    if (got <= 0) return;
    const struct fanotify_event_metadata *event = (const void *)events;
    for (; FAN_EVENT_OK(event, got); event = FAN_EVENT_NEXT(event, got)) {
      if (event->mask & FAN_Q_OVERFLOW) record_gap("what was done to files was lost: it came too fast");
      else take(event);
    }
  }
}

/* A build writes many files: they are looked at together, but for those of a process that ends. */
int files_wait_ms(void) {
  int64_t since = steady_ms() - looked;
  return opened < 0 || since >= LOOK_EVERY_MS ? 0 : (int)(LOOK_EVERY_MS - since);
}

/*
 * What is watched is let go of, so that it can be unmounted: nothing of it may be told any more. The kernel waits some
 * milliseconds for whoever may still look at a mark, group by group when they are closed, and once when all went before.
 */
void files_end(void) {
  if (opened < 0) return;
  (void)fanotify_mark(opened, FAN_MARK_FLUSH | FAN_MARK_MOUNT, 0, AT_FDCWD, "/");
  (void)fanotify_mark(named, FAN_MARK_FLUSH | FAN_MARK_FILESYSTEM, 0, AT_FDCWD, "/");
  while (layer_count > 0) close(layers[layer_count -= 1].mount);
}

void files_look(void) {
  looked = steady_ms();
  drain(opened, take_opened);
  drain(named, take_named);
}
