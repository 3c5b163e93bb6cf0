// The probe's parts and its report: what was tried and seen, one line each.
#ifndef COFFERDAM_PROBE_H
#define COFFERDAM_PROBE_H
#include "init.h"

// One line: name, kind (attack or state), whether it held, what was seen.
void note(const char *id, const char *kind, int held, const char *format, ...) __attribute__((format(printf, 4, 5)));
// One line of other facts, which the control side judges.
void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *error_name(int error);
void must_fail(const char *id, long result);

struct attempt {
  const char *id;
  long (*make)(void);
};
// Makes each in one child, in their order, and gives the errno of each: 0 when it succeeded, -1 when it said nothing.
void answers_of(const struct attempt *attempts, int count, int *answers);

// What must hold.
void probe_identity(void);
void probe_surroundings(void);
void probe_kernel_files(const char *paths, size_t size);
void probe_mounts(void);
void probe_descriptors(void);
// What must fail.
void probe_files(void);
void probe_privileges(void);
void probe_sockets(void);
void probe_confinement(void);
// From root of a user namespace in the sandbox, where the job's profile lets it make one.
void probe_nested(void);
// `resolver` is an IPv4 address, or empty for the loopback's.
void probe_network(const char *probe_name, const char *resolver);
#endif
