/*
 * How processes end. Each that starts a program is watched by a pidfd; one that exits by itself tells its status first, as
 * the filter hands its exit_group(2) over: while it waits, what it used can still be read.
 */
#define _GNU_SOURCE
#include "trace.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LIVES_MAX 16384
#define HEADS 4096
/* Ours besides: the notification descriptors, sockets that wait for a port, and the like. */
#define OTHER_DESCRIPTORS 1024
#define NONE (-1)

/* include/uapi/linux/pidfd.h of Linux 6.15: older headers do not have it, older kernels refuse the call. */
struct exit_info {
  uint64_t mask, cgroup;
  uint32_t ids[11];
  int32_t status;
};
#define INFO_EXIT (1u << 3)
#define GET_INFO _IOWR(0xFF, 11, struct exit_info)

struct life {
  pid_t host, pid;
  int descriptor, next;
  int64_t began_ms;
  bool told;
};

static struct life lives[LIVES_MAX];
static int heads[HEADS], unused, watched = -1;
static size_t living, living_max;
static uint64_t unwatched;

int lives_prepare(void) {
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max < LIVES_MAX + OTHER_DESCRIPTORS ? files.rlim_max : LIVES_MAX + OTHER_DESCRIPTORS;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    living_max = files.rlim_cur > OTHER_DESCRIPTORS ? files.rlim_cur - OTHER_DESCRIPTORS : 0;
  }
  for (size_t i = 0; i < HEADS; i += 1) heads[i] = NONE;
  for (int i = 0; i < LIVES_MAX; i += 1) lives[i] = (struct life){.descriptor = -1, .next = i + 1 == LIVES_MAX ? NONE : i + 1};
  watched = epoll_create1(EPOLL_CLOEXEC);
  return watched;
}

static struct life *find(pid_t host) {
  for (int i = heads[(unsigned)host % HEADS]; i != NONE; i = lives[i].next)
    if (lives[i].host == host) return &lives[i];
  return NULL;
}

static void end(struct life *life) {
  int at = (int)(life - lives);
  int *link = &heads[(unsigned)life->host % HEADS];
  while (*link != at) link = &lives[*link].next;
  *link = life->next;
  close(life->descriptor);
  *life = (struct life){.descriptor = -1, .next = unused};
  unused = at;
  living -= 1;
}

/* Nanoseconds of processor time of all of a process's threads (clock_getcpuclockid(3)); -1 when it is gone. */
static int64_t processor_ns(pid_t host) {
  struct timespec used;
  if (clock_gettime((clockid_t)((~(unsigned)host) << 3 | 2), &used) != 0) return -1;
  return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

/* Whether its number is still its own: nobody has waited for it. Reading what it is goes before asking. */
static bool unreaped(const struct life *life) {
  return syscall(SYS_pidfd_send_signal, life->descriptor, 0, NULL, 0) == 0 || errno != ESRCH;
}

/* A wait status: of a process that nobody has waited for yet, or as a newer kernel keeps it. -1 when it cannot be had. */
static int wait_status(const struct life *life) {
  char text[2048];
  if (read_proc(life->host, "stat", text, sizeof text) > 0 && unreaped(life)) {
    const char *state = strrchr(text, ')');
    const char *status = strrchr(text, ' ');
    if (state != NULL && state[1] == ' ' && state[2] == 'Z' && status != NULL) return atoi(status);
  }
  struct exit_info info = {.mask = INFO_EXIT};
  if (ioctl(life->descriptor, GET_INFO, &info) == 0 && (info.mask & INFO_EXIT) != 0) return info.status;
  return -1;
}

static void tell_end(struct life *life) {
  struct ended ended = {.pid = life->pid, .at_ms = now_ms(), .began_ms = life->began_ms, .processor_ns = processor_ns(life->host)};
  if (!unreaped(life)) ended.processor_ns = -1;
  int status = wait_status(life);
  ended.code = status < 0 || (status & 0x7f) != 0 ? -1 : status >> 8 & 0xff;
  ended.signal = status < 0 ? -1 : status & 0x7f;
  record_end(&ended);
}

/* Ends what has ended, or ends within the time. True when something had. */
bool lives_look(int wait_ms) {
  struct epoll_event events[64];
  int count = living == 0 ? 0 : epoll_wait(watched, events, 64, wait_ms);
  for (int i = 0; i < count; i += 1) {
    struct life *life = &lives[events[i].data.u32];
    if (!life->told) tell_end(life);
    end(life);
  }
  return count > 0;
}

void life_begin(const struct execution *seen) {
  struct life *life = find(seen->host_pid);
  if (life != NULL) {
    struct pollfd dead = {.fd = life->descriptor, .events = POLLIN};
    if (poll(&dead, 1, 0) == 0) return;
    /* Its number was given to another already. */
    if (!life->told) tell_end(life);
    end(life);
  }
  int descriptor = living >= living_max || unused == NONE ? -1 : (int)syscall(SYS_pidfd_open, seen->host_pid, 0);
  if (descriptor < 0) {
    unwatched += 1;
    return;
  }
  int at = unused;
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)at};
  if (epoll_ctl(watched, EPOLL_CTL_ADD, descriptor, &event) != 0) {
    close(descriptor);
    unwatched += 1;
    return;
  }
  unused = lives[at].next;
  lives[at] = (struct life){.host = seen->host_pid, .pid = seen->pid, .descriptor = descriptor, .began_ms = seen->at_ms};
  lives[at].next = heads[(unsigned)seen->host_pid % HEADS];
  heads[(unsigned)seen->host_pid % HEADS] = at;
  living += 1;
}

/* A thread of the process asks to end it. One that has started no program is told too, but not since when it ran. */
void life_exit(pid_t task, int code) {
  struct life *life = find(task);
  struct execution caller = {.pid = 0};
  if (life == NULL && read_identity(task, &caller)) life = find(caller.host_pid);
  if (life != NULL && life->told) return;
  pid_t host = life != NULL ? life->host : caller.host_pid;
  if (host == 0) return;
  struct ended ended = {.pid = life != NULL ? life->pid : caller.pid, .parent = caller.parent, .at_ms = now_ms(), .code = code, .signal = 0};
  ended.began_ms = life != NULL ? life->began_ms : -1;
  ended.processor_ns = processor_ns(host);
  if (life != NULL) life->told = true;
  record_end(&ended);
}

/* How many processes were not watched, since it was asked last. */
uint64_t lives_unwatched(void) {
  uint64_t count = unwatched;
  unwatched = 0;
  return count;
}
