import { closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { ofAnother, type SeLinuxLabels } from './labels.ts';

const FOLDER = '/sys/fs/selinux';
const MOST_ANSWER = 256;
/** In the last number of an answer: what is refused is let through, and only noted (AVD_FLAGS_PERMISSIVE). */
const PERMISSIVE = 1;

/** May what has the first label do all of these to what has the second? Undefined: the policy cannot be asked, or has not the words. */
export type Asks = (
  source: string,
  target: string,
  kind: string,
  rights: readonly string[],
) => 'all' | 'some' | 'none' | 'only noted' | undefined;

/** Asks the policy that is in force, through `/sys/fs/selinux/access` (as compute_av(3) does). */
export const askKernel: Asks = (source, target, kind, rights) => {
  try {
    const number = (path: string): number => Number(readFileSync(`${FOLDER}/class/${kind}/${path}`, 'utf8'));
    const bits = rights.map((right) => number(`perms/${right}`) - 1);
    const answer = asked(`${source} ${target} ${number('index')}`).split(' ');
    const [allowed, flags] = [Number.parseInt(answer[0] ?? '', 16), Number.parseInt(answer[5] ?? '', 16)];
    if (Number.isNaN(allowed) || Number.isNaN(flags)) return undefined;
    if ((flags & PERMISSIVE) !== 0) return 'only noted';
    const count = bits.filter((bit) => ((allowed >>> bit) & 1) === 1).length;
    if (count === 0) return 'none';
    return count === bits.length ? 'all' : 'some';
  } catch {
    return undefined;
  }
};

function asked(question: string): string {
  const file = openSync(`${FOLDER}/access`, 'r+');
  try {
    writeSync(file, question);
    const answer = Buffer.alloc(MOST_ANSWER);
    return answer
      .toString('utf8', 0, readSync(file, answer, 0, MOST_ANSWER, null))
      .replaceAll('\0', '')
      .trim();
  } finally {
    closeSync(file);
  }
}

/** Whether the policy in force has these labels. */
export function knownToKernel(labels: readonly string[]): boolean {
  try {
    for (const label of labels) writeFileSync(`${FOLDER}/context`, label);
    return true;
  } catch {
    return false;
  }
}

const ACTS_ON_PROCESS = ['signal', 'sigkill', 'ptrace'];
const SOCKET = ['create'];
const LATER_KINDS: readonly string[] = ['bpf', 'perf_event'];

/**
 * The first of what no job may do that the policy in force lets one do all the same, whatever it was made of: another module, an
 * older one of ours, a type that only notes. `host` are the labels of what is not the job's: who starts sandboxes, and `/usr`.
 */
export function policyWeakness(
  labels: SeLinuxLabels,
  host: { readonly starter: string; readonly usr: string },
  ask: Asks,
): string | undefined {
  const { job, init, files } = labels;
  const none: readonly (readonly [string, string, string, readonly string[]])[] = [
    ['reach process 1', init, 'process', ACTS_ON_PROCESS],
    ['reach who started it', host.starter, 'process', ACTS_ON_PROCESS],
    ['reach another job', ofAnother(job), 'process', ACTS_ON_PROCESS],
    ['reach files of another job', ofAnother(files), 'file', ['open', 'read', 'write']],
    ['write what is not its own', host.usr, 'file', ['write', 'append', 'setattr', 'unlink', 'rename']],
    ['run what lies on its heap', job, 'process', ['execheap']],
    ['change its label', job, 'process', ['setcurrent', 'setexec', 'dyntransition']],
    ['load a module', job, 'system', ['module_load']],
    ['use rights of root', job, 'capability', ['sys_admin', 'dac_override', 'sys_ptrace', 'net_raw']],
    ['use rights of root of its own', job, 'cap_userns', ['sys_admin', 'sys_ptrace', 'net_admin']],
    ['load a program into the kernel', job, 'bpf', ['prog_load', 'map_create']],
    ['count what the processor does', job, 'perf_event', ['open', 'kernel']],
    ['make a socket of raw packets', job, 'rawip_socket', SOCKET],
    ['make a socket of frames', job, 'packet_socket', SOCKET],
    ['mount', files, 'filesystem', ['mount', 'remount', 'unmount']],
  ];
  for (const [act, target, kind, rights] of none) {
    const answer = ask(job, target, kind, rights);
    if (answer === 'only noted') return 'what a job is refused is only noted';
    // A policy of before these had a name has no word on them; the filter has.
    if (answer === undefined && LATER_KINDS.includes(kind)) continue;
    if (answer === undefined) return `it cannot be asked whether a job may ${act}`;
    if (answer !== 'none') return `a job may ${act}`;
  }
  return undefined;
}
