#ifndef COFFERDAM_NETNS_H
#define COFFERDAM_NETNS_H
void fail(const char *step) __attribute__((noreturn));
// Starts a process that stays in the current namespace and writes one JSON line for each refused packet to the pipe whose
// reading end is given. It ends with its parent.
int start_reports(void);
#endif
