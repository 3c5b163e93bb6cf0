#ifndef COFFERDAM_WORKSPACE_H
#define COFFERDAM_WORKSPACE_H

#include <stdbool.h>
#include <stdint.h>

/* Prints one JSON line that names the step and errno, and ends with status 1. `detail` may be NULL. */
_Noreturn void fail(const char *step, const char *detail);

/* Runs before fail() ends the process, to undo what was begun; NULL when there is nothing to undo. */
extern void (*on_failure)(void);

/* Opens an existing directory; a symbolic link anywhere in its path is refused (ELOOP). */
int open_directory(const char *path, const char *step, int flags);

/* A decimal number without sign in [least, most], or an end with EINVAL. */
uint64_t number(const char *text, uint64_t least, uint64_t most);

/*
 * The other owners on disk go to the upper half of the id space, which nobody has: the job's namespace shows them as
 * nobody, and the job may do to them what it may do to a stranger's files. Without a mapping at all, even removing such
 * a file from the job's own folder would fail with EOVERFLOW.
 */
#define STRANGERS 0x80000000u

/* A user namespace that maps one owner on disk to the job's host ids, and everyone else to ids that nobody has. */
int mapping_namespace(uint32_t disk_uid, uint32_t disk_gid, uint32_t host_uid, uint32_t host_gid);

/* Copies a folder's content into an empty one, its owner's files as the job's; the target is taken over. */
struct stat;
void copy_source(const char *source, int target, const struct stat *status, uint32_t uid, uint32_t gid);

/* Whether this is root of the machine, in no user namespace: `trusted.` attributes are kept for it. */
bool is_machine_root(void);

int open_workspace(int count, char **values, bool mapped);
/* Makes a folder and all that is in it belong to an owner; no link is followed. */
int give_folder(const char *folder, const char *uid, const char *gid);
/* Mounts a folder or file at a second place, nosuid and nodev; mounts below it are not taken. */
int bind_hardened(const char *source, const char *target);
int unmount_below(const char *directory);
/* Mounts two folders, one over the other, read-only, at a third. */
int mount_root(const char *target, const char *above, const char *below);
/* Everything written to the folder's file system so far is on disk when it ends. */
int sync_below(const char *directory);
int scan(const char *upper, const char *most_entries);
int keep(const char *upper, const char *target, const char *most_bytes, const char *most_entries);

#endif
