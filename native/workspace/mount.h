#ifndef COFFERDAM_MOUNT_H
#define COFFERDAM_MOUNT_H

#include <fcntl.h>
#include <linux/mount.h>
#include <stdint.h>

/* linux/mount.h and sys/mount.h cannot be read together, so umount2(2) and its flags are declared here. */
extern int umount2(const char *path, int flags);
#define DETACH 2
#define PRIVATE (1 << 18)

/* The steps of a new mount (fsopen(2), fsconfig(2), fsmount(2), move_mount(2)); each ends the process when it fails. */
int begin(const char *type, const char *step);
/* Every new mount from now on shows all of its files with this label of SELinux's. It must last. */
void label_mounts(const char *context);
void set(int context, const char *step, const char *key, const char *value);
int complete(int context, const char *step, unsigned int attributes);
void attach(int mount, int at, const char *name, const char *step);
/* Mounts pass from it to no other mount namespace, and none come to it. */
void make_private(int mount);

#endif
