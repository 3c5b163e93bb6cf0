/*
 * call STATEMENT...: makes system calls one after another, as an attack of `cofferdam replay` says, and tells what each gave.
 *
 * A statement is `NAME WORD...`. A word is a number, `=N` (the result of the statement N, from 0), `s:TEXT`, `x:HEX` or
 * `b:SIZE` (the address of such bytes). `NAME*COUNT` makes the call so often. Beside system calls there are `sleep MS`, and `show N I` (writes the bytes that the
 * statement N named, the Ith of them from 0, to standard output). It has no rights of its own: what it may do is what its
 * sandbox lets it do.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { STATEMENTS_MAX = 64, WORDS_MAX = 6, BYTES_MAX = 65536, TIMES_MAX = 100000 };

static const struct {
  const char *name;
  long number;
} calls[] = {
    {"add_key", SYS_add_key}, {"bind", SYS_bind}, {"bpf", SYS_bpf}, {"chroot", SYS_chroot},
    {"clock_settime", SYS_clock_settime}, {"close", SYS_close}, {"connect", SYS_connect}, {"fchdir", SYS_fchdir},
    {"finit_module", SYS_finit_module}, {"fsconfig", SYS_fsconfig}, {"fsmount", SYS_fsmount}, {"fsopen", SYS_fsopen},
    {"ftruncate", SYS_ftruncate}, {"getdents64", SYS_getdents64}, {"getpid", SYS_getpid},
    {"inotify_init1", SYS_inotify_init1}, {"io_setup", SYS_io_setup}, {"io_uring_setup", SYS_io_uring_setup}, {"ioctl", SYS_ioctl},
    {"kcmp", SYS_kcmp}, {"kexec_file_load", SYS_kexec_file_load}, {"keyctl", SYS_keyctl}, {"kill", SYS_kill},
    {"landlock_create_ruleset", SYS_landlock_create_ruleset}, {"landlock_restrict_self", SYS_landlock_restrict_self},
    {"linkat", SYS_linkat}, {"memfd_create", SYS_memfd_create}, {"mkdirat", SYS_mkdirat}, {"mmap", SYS_mmap}, {"mount", SYS_mount}, {"move_mount", SYS_move_mount},
    {"mq_open", SYS_mq_open}, {"mq_timedreceive", SYS_mq_timedreceive}, {"mq_timedsend", SYS_mq_timedsend}, {"mq_unlink", SYS_mq_unlink},
    {"msgget", SYS_msgget}, {"msgrcv", SYS_msgrcv}, {"msgsnd", SYS_msgsnd}, {"name_to_handle_at", SYS_name_to_handle_at},
    {"open_by_handle_at", SYS_open_by_handle_at}, {"open_tree", SYS_open_tree}, {"openat", SYS_openat},
    {"perf_event_open", SYS_perf_event_open}, {"personality", SYS_personality}, {"pidfd_getfd", SYS_pidfd_getfd},
    {"pidfd_open", SYS_pidfd_open}, {"pipe2", SYS_pipe2}, {"pivot_root", SYS_pivot_root}, {"prctl", SYS_prctl},
    {"prlimit64", SYS_prlimit64}, {"process_vm_readv", SYS_process_vm_readv}, {"ptrace", SYS_ptrace}, {"read", SYS_read},
    {"request_key", SYS_request_key}, {"rt_sigprocmask", SYS_rt_sigprocmask}, {"rt_sigqueueinfo", SYS_rt_sigqueueinfo}, {"seccomp", SYS_seccomp}, {"semctl", SYS_semctl}, {"semget", SYS_semget},
    {"sendto", SYS_sendto}, {"sethostname", SYS_sethostname}, {"setns", SYS_setns}, {"setresuid", SYS_setresuid},
    {"setsockopt", SYS_setsockopt}, {"shmat", SYS_shmat}, {"shmctl", SYS_shmctl}, {"shmget", SYS_shmget}, {"socket", SYS_socket},
    {"splice", SYS_splice}, {"swapon", SYS_swapon}, {"syslog", SYS_syslog}, {"umount2", SYS_umount2}, {"unshare", SYS_unshare},
    {"userfaultfd", SYS_userfaultfd}, {"write", SYS_write},
};

static struct {
  long result;
  unsigned char *bytes[WORDS_MAX];
  size_t size[WORDS_MAX], count;
} done[STATEMENTS_MAX];

static _Noreturn void wrong(const char *what) {
  fprintf(stderr, "call: %s\n", what);
  exit(2);
}

static unsigned char *bytes_for(size_t size) {
  unsigned char *bytes = size > BYTES_MAX ? NULL : calloc(1, size + 1);
  if (bytes == NULL) wrong("too many bytes");
  return bytes;
}

static long read_word(const char *word, int at) {
  const char *rest = word + 2;
  unsigned int byte;
  if (word[0] == '=') {
    int from = atoi(word + 1);
    if (from < 0 || from >= at) wrong("a result that is not there");
    return done[from].result;
  }
  if (word[0] == 0 || word[1] != ':') return (long)strtoull(word, NULL, 0);
  size_t size = word[0] == 's' ? strlen(rest) : word[0] == 'x' ? strlen(rest) / 2 : strtoul(rest, NULL, 0);
  unsigned char *bytes = bytes_for(size);
  done[at].size[done[at].count] = size;
  done[at].bytes[done[at].count++] = bytes;
  if (word[0] == 's') memcpy(bytes, rest, size);
  for (size_t i = 0; word[0] == 'x' && i < size; i++)
    if (sscanf(rest + 2 * i, "%2x", &byte) == 1) bytes[i] = (unsigned char)byte;
  return (long)bytes;
}

static long number_of(const char *name) {
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
    if (strcmp(calls[i].name, name) == 0) return calls[i].number;
  wrong("a call that is not known");
}

int main(int argc, char **argv) {
  if (argc < 2 || argc - 1 > STATEMENTS_MAX) wrong("usage: call STATEMENT...");
  setvbuf(stdout, NULL, _IONBF, 0);
  signal(SIGPIPE, SIG_IGN);
  for (int at = 0; at < argc - 1; at++) {
    char *place, *name = strtok_r(argv[at + 1], " ", &place), *word;
    long words[WORDS_MAX] = {0};
    if (name == NULL) wrong("an empty statement");
    for (int i = 0; (word = strtok_r(NULL, " ", &place)) != NULL; i++) {
      if (i == WORDS_MAX) wrong("too many words");
      words[i] = read_word(word, at);
    }
    if (strcmp(name, "sleep") == 0) {
      nanosleep(&(struct timespec){words[0] / 1000, words[0] % 1000 * 1000000}, NULL);
    } else if (strcmp(name, "show") == 0) {
      if (words[0] < 0 || words[0] >= at || words[1] < 0 || (size_t)words[1] >= done[words[0]].count) wrong("bytes that are not there");
      fwrite(done[words[0]].bytes[words[1]], 1, done[words[0]].size[words[1]], stdout);
    } else {
      char *star = strchr(name, '*');
      long times = star == NULL ? 1 : atol(star + 1);
      if (times < 1 || times > TIMES_MAX) wrong("too often");
      if (star != NULL) *star = 0;
      errno = 0;
      for (long number = number_of(name); times > 0; times--)
        done[at].result = syscall(number, words[0], words[1], words[2], words[3], words[4], words[5]);
      printf("%s %ld %s\n", name, done[at].result, done[at].result < 0 ? strerror(errno) : "");
    }
  }
  return 0;
}
