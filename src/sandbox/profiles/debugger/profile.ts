import type { LinuxSyscall } from '../../oci/runtime-spec.ts';
import type { Profile } from '../profile.ts';

const ADDR_NO_RANDOMIZE = 0x004_0000;

/** A debugger starts its program at the same addresses each time. */
const SAME_ADDRESSES: LinuxSyscall = {
  names: ['personality'],
  action: 'SCMP_ACT_ALLOW',
  args: [{ index: 0, value: ADDR_NO_RANDOMIZE, op: 'SCMP_CMP_EQ' }],
};

export const profile: Profile = {
  name: 'debugger',
  need: 'gdb, strace and sanitizers that trace: a process traces others of its own job',
  price:
    'ptrace and process_vm_* reach the kernel, which had flaws in them; each process of the job can read and change every ' +
    'other, which it could through /proc before, and so can change what the record is told that a program was called with',
  holds:
    'process 1 is not dumpable and outside of the job\u2019s Landlock domain, so that tracing it is refused twice without the ' +
    'filter; no other process is in the sandbox; a traced call passes the filter after its tracer, so that none is made by it',
  runtimes: ['runc', 'crun', 'qemu'],
  programs: {},
  calls: ['ptrace', 'process_vm_readv', 'process_vm_writev'],
  rules: [SAME_ADDRESSES],
  absent: [],
  namespaces: 0,
  capabilities: [],
  furtherIds: false,
  confinement: 'all',
  files: [],
  lifted: ['trace', 'read-other-memory'],
};
