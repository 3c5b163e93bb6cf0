import type { SandboxReceipt } from '../../sandbox/index.ts';

interface Completeness {
  readonly what: string;
  readonly how: string;
}

const NETWORK: Completeness = {
  what: 'network',
  how: 'every question and connection passes the gateway, which decides it; packets that the kernel refuses are reported and may be counted together',
};

const BY_THE_HOST: readonly Completeness[] = [
  {
    what: 'process.started',
    how: 'every execve and execveat waits until its arguments were read; a hostile thread can change them after that',
  },
  {
    what: 'process.exited',
    how: 'every process that asks to end and every one that started a program; not the end by a signal of one that never started a program',
  },
  {
    what: 'risk.attempted',
    how: 'every call of those in docs/record.md is refused or told while its caller waits, and the same again is counted; files that tools obey and memory of other processes by the kernel’s notice of the file, which says so when it lost any',
  },
];

/** gVisor's monitoring waits for nobody: what it could not send it counts, and that is told as a gap. */
const BY_A_KERNEL_OF_ITS_OWN: readonly Completeness[] = [
  {
    what: 'process.started',
    how: 'every program that the sandbox’s own kernel started, by its word; not one that was looked for and not there',
  },
  {
    what: 'process.exited',
    how: 'every process, by that kernel’s word, without what it used',
  },
  {
    what: 'risk.attempted',
    how: 'files that are opened for writing, by the path that was asked for and not by where its links lead; memory of other processes, also where it is refused; setuid, setgid, setresuid, setresgid. Not what the filter refuses, which that kernel looks at first; not renames and links of files, nor modes',
  },
  {
    what: 'network.connection',
    how: 'its process is who asked for the same destination first: that kernel does not tell the port it came from',
  },
];

/** What the observations of a job are worth, said in its own record. */
export function completenessOf({ runtime }: SandboxReceipt): readonly Completeness[] {
  return [...(runtime.tier === 'sandboxed-kernel' ? BY_A_KERNEL_OF_ITS_OWN : BY_THE_HOST), NETWORK];
}
