#ifndef COFFERDAM_NETNS_H
#define COFFERDAM_NETNS_H
void fail(const char *step) __attribute__((noreturn));
// Ends this process unless, in the current namespace, every connection reaches the listener of its family and every datagram is
// refused.
void prove_rules(int listener4, int listener6);
// A socket to which the kernel tells each packet that it refuses in the current namespace.
int open_reports(void);
// Starts a process that writes one JSON line for each of them to the pipe whose reading end is given. Takes the socket over;
// ends with the thread that called.
int start_reports(int log);

enum { NOBODY = 65534 };
// Whether this user namespace has an id for nobody. One that maps a single id has none.
int has_nobody(void);
// Lets this process and what it starts read only there and below, and write nowhere; does nothing on a kernel without Landlock.
void confine(char *const *readable);
// Gives up every capability for good, also those that a program started as root would get.
void drop_capabilities(void);
#endif
