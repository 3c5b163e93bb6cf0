import { statfsSync } from 'node:fs';
import type { Attack, ReplayCase } from '../../attack.ts';

const MB = 1_000_000;

function hit(limit: string): ReplayCase['event'] {
  return {
    name: `limit.hit ${limit}`,
    matches: (event) => event.type === 'limit.hit' && event.limit === limit,
  };
}

export const attack: Attack = {
  name: 'bombs',
  title: 'A job that takes all of the machine',
  story:
    'Processes that start processes, memory that is never given back, a disk filled with bytes or with empty files, or a job ' +
    'that never ends: whoever can run code on a shared machine can stop everybody else there. Miners do it for money.',
  sources: ['MITRE ATT&CK T1496, T1499', 'practical guide §1'],
  cases: [
    {
      name: 'processes',
      control: 'the limit of processes',
      without: ['process-limit'],
      limits: { pids: 60 },
      harm: ({ peak }) => (peak.pids > 60 ? `${peak.pids} processes where 60 are allowed` : undefined),
      event: hit('pids'),
    },
    {
      name: 'memory',
      control: 'the limit of memory',
      without: ['memory-limit'],
      limits: { memoryBytes: 150 * MB },
      harm: ({ peak }) => (peak.memoryBytes > 160 * MB ? 'far more memory than 150 MB was held' : undefined),
      event: hit('memoryBytes'),
    },
    {
      name: 'bytes',
      control: 'the limit of bytes in /tmp',
      without: ['size-limit'],
      limits: { tmpBytes: 8 * MB },
      during: (_scene, [pid]) => {
        const { blocks, bfree, bsize } = statfsSync(`/proc/${pid}/root/tmp`);
        return (blocks - bfree) * bsize > 9 * MB ? 'far more than 8 MB were written' : undefined;
      },
      event: hit('tmpBytes'),
    },
    {
      name: 'files',
      control: 'the limit of files in /tmp',
      without: ['inode-limit'],
      limits: { tmpInodes: 500 },
      during: (_scene, [pid]) => {
        const { files, ffree } = statfsSync(`/proc/${pid}/root/tmp`);
        return files - ffree > 500 ? 'far more than 500 files were made' : undefined;
      },
      event: hit('tmpInodes'),
    },
    {
      name: 'time',
      control: 'the time limit',
      without: ['time-limit'],
      timeoutMs: 500,
      harm: ({ longestMs }) => (longestMs > 8_000 ? 'it ran for more than 8 s' : undefined),
      event: hit('stepTimeoutMs'),
    },
  ],
};
