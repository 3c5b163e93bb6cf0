import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openWorkspace } from './open-workspace.ts';
import { asJob, JOB, mountsBelow, value, withFolder } from './workspace.fixture.ts';

const MB = 1_048_576;

/** A source on an overlay, as a container's root is: no kernel shows an owner's files in one as another's. */
async function onOverlay(
  make: (source: string) => void,
  work: (merged: string, source: string) => void | Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const at = (name: string): string => join(folder, name);
    for (const name of ['memory', 'source']) mkdirSync(at(name));
    for (const script of [
      'mount -t tmpfs memory memory && mkdir memory/lower memory/upper memory/work',
      'mount -t overlay -o lowerdir=memory/lower,upperdir=memory/upper,workdir=memory/work source source',
    ])
      expect(spawnSync('sh', ['-c', script], { cwd: folder }).status).toBe(0);
    make(at('source'));
    const opened = value(
      await openWorkspace({
        directory: folder,
        source: at('source'),
        sizeBytes: 4 * MB,
        inodes: 64,
        hostUid: JOB,
        hostGid: JOB,
        exchangeBytes: 65_536,
        exchangeInodes: 16,
      }),
    );
    await work(opened.mergedHostPath, at('source'));
    expect(await opened.close()).toEqual({ leftBehind: [] });
    expect(mountsBelow(folder).filter((line) => line.includes(`${folder}/workspace`))).toEqual([]);
  });
}

describe('a workspace whose source is on a file system that cannot show its owner\u2019s files as the job\u2019s', () => {
  it('shows a copy all the same: contents, modes, times, links and holes, as the job\u2019s own, and the source stays as it was', async () => {
    await onOverlay(
      (source) => {
        mkdirSync(join(source, 'a/b'), { recursive: true });
        writeFileSync(join(source, 'a/b/file'), 'before', { mode: 0o640 });
        writeFileSync(join(source, 'a/run'), '#!/bin/sh\necho ran\n');
        chmodSync(join(source, 'a/run'), 0o755);
        writeFileSync(join(source, 'hole'), 'x');
        truncateSync(join(source, 'hole'), 1_000 * MB);
        symlinkSync('../../etc/shadow', join(source, 'a/link'));
        lutimesSync(join(source, 'a/link'), 1, 1);
        utimesSync(join(source, 'a/b/file'), 1_000, 2_000);
        chmodSync(join(source, 'a/b'), 0o700);
      },
      (merged, source) => {
        const ran = asJob(
          merged,
          'cat a/b/file; a/run; stat -c "%u %a %Y %s" a/b a/b/file hole; echo after >a/b/file; rm a/run; echo 1 >new; cat a/link',
        );
        expect(ran.stdout).toMatch(
          /^before ?ran\n\d+ 700 \d+ \d+\n\d+ 640 2000 6\n\d+ 644 \d+ 1048576000\n$/,
        );
        expect(ran.stdout).toContain(`\n${JOB} 640`);
        expect(ran.stderr).toMatch(/a\/link: (Permission denied|No such file)/);
        expect(readlinkSync(join(merged, 'a/link'))).toBe('../../etc/shadow');
        expect(readFileSync(join(source, 'a/b/file'), 'utf8')).toBe('before');
        expect(existsSync(join(source, 'a/run'))).toBe(true);
        expect(existsSync(join(source, 'new'))).toBe(false);
      },
    );
  });

  it('shows every other owner\u2019s files as nobody\u2019s, which the job does not read', async () => {
    await onOverlay(
      (source) => {
        for (const [name, owner] of [
          ['own', 1000],
          ['stranger', 1001],
          ['root', 0],
        ] as const) {
          writeFileSync(join(source, name), name, { mode: 0o600 });
          chownSync(join(source, name), owner, owner);
        }
        chownSync(source, 1000, 1000);
      },
      (merged) => {
        const at = (name: string): number => statSync(join(merged, name)).uid;
        expect([at('own'), at('stranger'), at('root')]).toEqual([JOB, 0x8000_0000 + 1001, 0x8000_0000]);
        expect(asJob(merged, 'cat own; cat root stranger; rm -f root').stdout).toBe('own');
      },
    );
  });

  it('takes no device, pipe or socket from it, and nothing of what is mounted below it', async () => {
    await onOverlay(
      (source) => {
        mkdirSync(join(source, 'mounted'));
        const made = spawnSync(
          'sh',
          ['-c', 'mkfifo pipe; mknod device c 1 3; mount -t tmpfs x mounted; echo secret >mounted/secret'],
          { cwd: source },
        );
        expect(made.status).toBe(0);
      },
      (merged, source) => {
        expect(asJob(merged, 'ls -A; ls -A mounted').stdout).toBe('mounted\n');
        spawnSync('umount', [join(source, 'mounted')]);
      },
    );
  });
});
