/** One comparison of a system call's argument (OCI runtime specification, `linux.seccomp.syscalls[].args[]`). */
export interface SeccompArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: 'SCMP_CMP_EQ' | 'SCMP_CMP_GT' | 'SCMP_CMP_MASKED_EQ';
}

/** One entry of `linux.seccomp.syscalls` (`LinuxSyscall`); its arguments must all match. */
export interface SeccompSyscall {
  readonly names: readonly string[];
  readonly action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_NOTIFY';
  readonly args?: readonly SeccompArgument[];
}

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;

const FAMILY = 0;
const TYPE = 1;
const PROTOCOL = 2;
/** The type is in these bits of socket(2)'s second argument; SOCK_CLOEXEC and SOCK_NONBLOCK lie above. */
const TYPE_BITS = 0xf;
/** The kernel takes an int and drops the upper half of the register. */
const INT_BITS = 0xffff_ffff;

type Arguments = readonly SeccompArgument[];

const equal = (index: number, value: number): SeccompArgument => ({ index, value, op: 'SCMP_CMP_EQ' });
const above = (index: number, value: number): SeccompArgument => ({ index, value, op: 'SCMP_CMP_GT' });
const masked = (index: number, mask: number, value: number): SeccompArgument => ({
  index,
  value: mask,
  valueTwo: value,
  op: 'SCMP_CMP_MASKED_EQ',
});
/** `from` to `from + size - 1`; `size` is a power of two and divides `from`. */
const block = (index: number, from: number, size: number): SeccompArgument =>
  masked(index, INT_BITS - (size - 1), from);

const type = (value: number): SeccompArgument => masked(TYPE, TYPE_BITS, value);
const neitherStreamNorDatagram = [type(0), type(3), masked(TYPE, 0xc, 4), masked(TYPE, 0x8, 8)];
const neither0Nor6 = [equal(PROTOCOL, 1), block(PROTOCOL, 2, 2), block(PROTOCOL, 4, 2), above(PROTOCOL, 6)];
const neither0Nor17 = [
  equal(PROTOCOL, 1),
  block(PROTOCOL, 2, 2),
  block(PROTOCOL, 4, 4),
  block(PROTOCOL, 8, 8),
  equal(PROTOCOL, 16),
  above(PROTOCOL, 17),
];
const otherFamilies = [
  equal(FAMILY, 0),
  equal(FAMILY, 3),
  block(FAMILY, 4, 4),
  block(FAMILY, 8, 2),
  equal(FAMILY, 11),
  block(FAMILY, 12, 4),
  above(FAMILY, AF_NETLINK),
];

function inet(family: number): { allow: Arguments[]; refuse: Arguments[] } {
  const is = equal(FAMILY, family);
  const stream = [is, type(SOCK_STREAM)];
  const datagram = [is, type(SOCK_DGRAM)];
  return {
    allow: [
      [...stream, equal(PROTOCOL, 0)],
      [...stream, equal(PROTOCOL, IPPROTO_TCP)],
      [...datagram, equal(PROTOCOL, 0)],
      [...datagram, equal(PROTOCOL, IPPROTO_UDP)],
    ],
    refuse: [
      ...neither0Nor6.map((protocol) => [...stream, protocol]),
      ...neither0Nor17.map((protocol) => [...datagram, protocol]),
      ...neitherStreamNorDatagram.map((kind) => [is, kind]),
    ],
  };
}

/**
 * All rules of a profile for `socket`: Unix sockets, TCP, UDP and route netlink are allowed; everything else (raw and
 * packet sockets, ICMP, other families) is refused by the telemetry and reported, or, without telemetry, left to the
 * profile's default action, which must refuse.
 *
 * Multipath TCP is refused too, but not reported: Go asks for it by default and goes on with TCP, which is watched.
 *
 * A profile must have no other entry for `socket`. In libseccomp a rule with fewer arguments swallows the more exact
 * ones whatever their action and order, and between overlapping rules nothing is promised; so these rules never
 * overlap where their actions differ, and together cover every value of all three registers.
 */
export function socketRules(telemetry: boolean): readonly SeccompSyscall[] {
  const [v4, v6] = [inet(AF_INET), inet(AF_INET6)];
  const allow: Arguments[] = [
    [equal(FAMILY, AF_UNIX)],
    ...v4.allow,
    ...v6.allow,
    [equal(FAMILY, AF_NETLINK), equal(PROTOCOL, NETLINK_ROUTE)],
  ];
  const refuse: Arguments[] = [
    ...v4.refuse,
    ...v6.refuse,
    [equal(FAMILY, AF_NETLINK), above(PROTOCOL, NETLINK_ROUTE)],
    ...otherFamilies.map((family) => [family]),
  ];
  const entry = (action: SeccompSyscall['action'], args: Arguments): SeccompSyscall => ({
    names: ['socket'],
    action,
    args,
  });
  return [
    ...allow.map((args) => entry('SCMP_ACT_ALLOW', args)),
    ...(telemetry ? refuse.map((args) => entry('SCMP_ACT_NOTIFY', args)) : []),
  ];
}

/**
 * The rules for `execve` and `execveat`. A profile must have no other entry for them, and no `flags` are needed: runc
 * sets SECCOMP_FILTER_FLAG_NEW_LISTENER itself. `linux.seccomp.listenerPath` must name the telemetry's socket and
 * `process.noNewPrivileges` must be true, so that runc loads the filter last, right before its own execve.
 * Never notify `write`, which runc needs to hand over the descriptor, nor as default action: it refuses both.
 */
export function executionRules(telemetry: boolean): readonly SeccompSyscall[] {
  return [{ names: ['execve', 'execveat'], action: telemetry ? 'SCMP_ACT_NOTIFY' : 'SCMP_ACT_ALLOW' }];
}
