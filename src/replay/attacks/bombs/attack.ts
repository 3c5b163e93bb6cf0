import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Attack, ReplayCase } from '../../attack.ts';
import { armed, event, limitHit } from '../../expected-event.ts';
import { beyondQuota } from '../../ground/quota.ts';
import { bytesIn, filesIn, mostMemory } from '../../ground/room.ts';

const MB = 1_000_000;
/** `memory-in-files` holds what is left of it for the machine. */
const IN_GUEST_MEMORY =
  'what is in /tmp of a guest is memory of its own kernel, where nobody sees it from outside; the machine gives the guest no more';

function room(
  name: string,
  control: string,
  limit: 'tmpBytes' | 'tmpInodes' | 'workspaceBytes' | 'workspaceInodes',
  more: Partial<ReplayCase> = {},
): ReplayCase {
  const bytes = limit.endsWith('Bytes');
  return {
    name,
    control,
    without: [bytes ? 'size-limit' : 'inode-limit'],
    limits: { [limit]: bytes ? 8 * MB : 500 },
    during: (scene, pids) => {
      const where = limit.startsWith('tmp') ? '/tmp' : scene.workFolder;
      if (bytes)
        return (bytesIn(scene, pids, where) ?? 0) > 9 * MB ? 'far more than 8 MB were written' : undefined;
      return (filesIn(scene, pids, where) ?? 0) > 600 ? 'far more than 500 files were made' : undefined;
    },
    ...(limit.startsWith('tmp') && { notWith: { qemu: IN_GUEST_MEMORY } }),
    event: limitHit(limit),
    ...more,
  };
}

export const attack: Attack = {
  name: 'bombs',
  title: 'A job that takes all of the machine',
  story:
    'Processes that start processes, memory that is never given back, a disk filled with bytes, with empty files, or with what a ' +
    'small archive unfolds to, a log without end, or a job that never ends: whoever can run code on a shared machine can stop ' +
    'everybody else there. Miners do it for money: releases of ua-parser-js brought one in 2021.',
  sources: [
    ['MITRE ATT&CK T1496', 'https://attack.mitre.org/techniques/T1496/'],
    ['ua-parser-js, 2021', 'https://github.com/advisories/GHSA-pjwm-rvh2-c87w'],
    ['MITRE ATT&CK T1499', 'https://attack.mitre.org/techniques/T1499/'],
    ['A better zip bomb, 2019', 'https://www.bamsoftware.com/hacks/zipbomb/'],
    ['practical guide §1'],
  ],
  cases: [
    {
      name: 'processes',
      control: 'the limit of processes',
      without: ['process-limit'],
      limits: { pids: 150 },
      harm: ({ peak }) => (peak.pids > 150 ? `${peak.pids} processes where 150 are allowed` : undefined),
      event: limitHit('pids'),
    },
    {
      name: 'memory',
      control: 'the limit of memory',
      without: ['memory-limit'],
      limits: { memoryBytes: 150 * MB },
      harm: (scene) =>
        scene.peak.memoryBytes > mostMemory(scene, 150 * MB)
          ? 'far more memory than 150 MB was held'
          : undefined,
      event: limitHit('memoryBytes'),
    },
    {
      name: 'memory-in-files',
      control: 'the limit of memory holds for /dev/shm and /tmp too',
      without: ['memory-limit'],
      limits: { memoryBytes: 150 * MB },
      harm: (scene) =>
        scene.peak.memoryBytes > mostMemory(scene, 150 * MB)
          ? 'far more memory than 150 MB was held'
          : undefined,
      event: limitHit('memoryBytes'),
    },
    {
      name: 'processors',
      control: 'the limit of processors',
      without: ['cpu-limit'],
      limits: { cpus: 0.1 },
      harm: ({ processorTime }) => beyondQuota(processorTime, 0.1),
      event: event('policy.armed', 'limit of processors', ({ receipt }) => {
        return (receipt as { readonly limits?: { readonly cpus?: number } }).limits?.cpus === 0.1;
      }),
    },
    room('bytes', 'the limit of bytes in /tmp', 'tmpBytes'),
    room('files', 'the limit of files in /tmp', 'tmpInodes'),
    room('zip', 'the limit of bytes in /tmp', 'tmpBytes', {
      prepare: ({ workFolder }) =>
        writeFileSync(join(workFolder, 'bomb.gz'), gzipSync(Buffer.alloc(40 * MB), { level: 9 })),
    }),
    room('workspace-bytes', 'the limit of bytes in the workspace', 'workspaceBytes'),
    room('workspace-files', 'the limit of files in the workspace', 'workspaceInodes'),
    {
      name: 'open-files',
      control: 'the limit of open files',
      without: ['open-file-limit'],
      limits: { openFiles: 200 },
      during: (_scene, pids) =>
        pids.some((pid) => readdirSync(`/proc/${pid}/fd`).length > 250)
          ? 'far more than 200 files are open'
          : undefined,
      notWith: {
        runsc: 'files that are open in gVisor are not seen from outside',
        qemu: 'files that are open in a guest are not seen from outside of it',
      },
      event: armed('open-file-limit', 'open-files-as-planned'),
    },
    {
      name: 'time',
      control: 'the time limit',
      without: ['time-limit'],
      timeoutMs: 500,
      harm: ({ longestMs }) => (longestMs > 8_000 ? 'it ran for more than 8 s' : undefined),
      event: limitHit('stepTimeoutMs'),
    },
    {
      name: 'log',
      control: 'the limit of log bytes',
      without: ['log-limit'],
      workflow: {
        event: 'pull-request',
        steps: [{ run: "head -c 90000000 /dev/zero | tr '\\0' a | fold -w 4000" }],
      },
      harm: ({ kept }) => {
        const bytes = kept().reduce((sum, { text }) => sum + text.length, 0);
        return bytes > 70 * MB ? `${Math.round(bytes / MB)} MB were kept where 64 are allowed` : undefined;
      },
      event: limitHit('logBytes'),
    },
  ],
};
