#ifndef COFFERDAM_ROOTLESS_H
#define COFFERDAM_ROOTLESS_H

#include <stdbool.h>
#include <sys/types.h>

/* What could not be done, and why: the control side names the fix. */
struct failure {
  const char *step;
  int cause;
};

/* Ids that the user may use beside their own (subuid(5), subgid(5)). */
struct ranges {
  unsigned long uids, gids;
};

/* ids.c. Whether the user has a range of both kinds, and the distribution's programs that map them. */
bool find_ranges(uid_t uid, struct ranges *ranges);
/* From outside of the new user namespace: maps its root to the user and the ids 1 to 65535 to the range. */
bool map_ranges(pid_t target, uid_t uid, gid_t gid, const struct ranges *ranges, struct failure *failure);
/* From inside: maps its root to the user and nothing else. Groups cannot be dropped any more. */
bool map_one(uid_t uid, gid_t gid, struct failure *failure);

/* place.c. A folder in memory that only this mount namespace has, for everything that a sandbox needs. */
bool make_place(struct failure *failure);

/*
 * delegation.c. Where control groups are version 2: brings this process into a group of its own that was handed to the user,
 * and there into `cofferdam-control`, out of the way of others; may begin this program again, with `values`, in a scope. Says
 * nothing: where it is shows in /proc/self/cgroup.
 */
void use_delegation(char **values);
/* Runs a program to its end without input and output. */
bool run_quietly(char *const arguments[]);

#endif
