// Both ends of a microVM: process 1 of the guest, and the link that carries its packets to the gateway's namespace.
#ifndef COFFERDAM_MICROVM_H
#define COFFERDAM_MICROVM_H
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// The ends of the one link between guest and gateway. Nothing else has these addresses: 192.0.0.0/29 (RFC 7335) and a
// private prefix (RFC 4193). native/netns answers names at the gateway's.
#define GATEWAY_IPV4 "192.0.0.1"
#define GUEST_IPV4 "192.0.0.2"
#define GATEWAY_IPV6 "fd63:6f66:6665::1"
#define GUEST_IPV6 "fd63:6f66:6665::2"
#define LINK_NAME "job0"
extern const uint8_t gateway_hardware[6], guest_hardware[6];
enum { LINK_MTU = 65520, FRAME_MAX = LINK_MTU + 64 };

// Says on standard error, or in the guest on its console, which step failed and why, and ends.
_Noreturn void fail(const char *step);

// Each ends the program when the kernel refuses.
void set_hardware(const char *name, const uint8_t hardware[6]);
void bring_up(const char *name, int mtu);
void add_address(const char *name, int family, const char *address, int prefix);
// `to` NULL: everything. `via` NULL: on the link itself. `table`: RT_TABLE_MAIN or RT_TABLE_LOCAL.
void add_route(const char *name, int family, const char *to, const char *via, int table);
void add_neighbour(const char *name, int family, const char *address, const uint8_t hardware[6]);
void set_knob(const char *path, const char *value);

int carry(const char *namespace, const char *socket);
_Noreturn void guest(void);
_Noreturn void try_machine(void);

// Of the guest.
void load_modules(const char *folder);
void make_root(const char *folder);
void make_mounts(void);
// A port of the control side by its name; it may appear a little after the boot.
int open_port(const char *name);
void join_link(void);
struct container {
  pid_t init, trace;
};
struct container start_container(void);
// Answers what the control side cannot see from outside: one line.
void tell_use(int port, pid_t init);
#endif
