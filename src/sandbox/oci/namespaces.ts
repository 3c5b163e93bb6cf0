import { readlinkSync, statSync } from 'node:fs';
import type { ProbeCheck } from '../contract.ts';

const KINDS = {
  user: 'user',
  pid: 'process',
  mnt: 'mount',
  ipc: 'ipc',
  uts: 'name',
  cgroup: 'cgroup',
} as const;

/**
 * Looks from outside, where the job has no say, at the namespaces of a sandbox's process 1: each must be another than
 * ours, and the network one the one that the gateway holds.
 */
export function namespaceChecks(initPid: number, networkNamespace: string): readonly ProbeCheck[] {
  const own = Object.entries(KINDS).map(([kind, name]): ProbeCheck => {
    const ours = namespaceOf('self', kind);
    const theirs = namespaceOf(String(initPid), kind);
    const held = ours !== undefined && theirs !== undefined && ours !== theirs;
    return { id: `private-${name}-namespace`, kind: 'state', held, seen: theirs ?? 'nothing' };
  });
  const joined = namespaceOf(String(initPid), 'net');
  return [
    ...own,
    {
      id: 'gateway-network-namespace',
      kind: 'state',
      held: joined !== undefined && joined === inodeOf(networkNamespace),
      seen: joined ?? 'nothing',
    },
  ];
}

/** As in `net:[4026531840]`. */
function namespaceOf(pid: string, kind: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return undefined;
  }
}

function inodeOf(path: string): string | undefined {
  try {
    return `net:[${statSync(path).ino}]`;
  } catch {
    return undefined;
  }
}
