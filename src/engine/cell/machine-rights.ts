import { readFileSync } from 'node:fs';
import { type Refusal, refusal } from '../../base/index.ts';

/** Numbers of linux/capability.h. Found by taking each away from root: without any of these a cell cannot be opened. */
const NEEDED = {
  CAP_CHOWN: 0,
  CAP_DAC_OVERRIDE: 1,
  CAP_FOWNER: 3,
  CAP_KILL: 5,
  CAP_SETGID: 6,
  CAP_SETUID: 7,
  CAP_NET_BIND_SERVICE: 10,
  CAP_NET_ADMIN: 12,
  CAP_SYS_CHROOT: 18,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
} as const;

/**
 * Why this process, which is root, may not make a sandbox: it is the root of a container, which lacks what the machine's has.
 * Looked at first, because each part would fail with a message of its own, and a gateway that cannot be signalled
 * would be waited for.
 */
export function lackOfRights(
  status: () => string = () => readFileSync('/proc/self/status', 'utf8'),
): Refusal | undefined {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]{1,16})$/m.exec(status())?.[1] ?? '0'}`);
  const lacking = Object.entries(NEEDED).flatMap(([name, bit]) =>
    (effective & (1n << BigInt(bit))) === 0n ? [name] : [],
  );
  if (lacking.length === 0) return undefined;
  return refusal(
    'machine',
    'machine/capabilities',
    `this root has not the rights of the machine’s own, as in a container: it lacks ${lacking.join(', ')}`,
    'run it on the machine itself, in a virtual machine, or in a container with all rights (docker run --privileged)',
  );
}
