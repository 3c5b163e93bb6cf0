import { spawn, spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  KEPT_TOO_LARGE,
  openWorkspace,
  type Workspace,
  type WorkspaceRequest,
  unmountBelow,
} from './open-workspace.ts';
import { asJob, JOB, mountsBelow, value, withFolder } from './workspace.fixture.ts';

function request(folder: string, more: Partial<WorkspaceRequest> = {}): WorkspaceRequest {
  return {
    directory: folder,
    sizeBytes: 4 * 1_048_576,
    inodes: 64,
    hostUid: JOB,
    hostGid: JOB,
    exchangeBytes: 65_536,
    exchangeInodes: 16,
    ...more,
  };
}

async function withWorkspace(
  make: (source: string) => void,
  work: (workspace: Workspace, source: string) => void | Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const source = join(folder, 'source');
    mkdirSync(source, { mode: 0o755 });
    make(source);
    const workspace = value(await openWorkspace(request(folder, { source })));
    try {
      await work(workspace, source);
    } finally {
      expect((await workspace.close()).leftBehind).toEqual([]);
    }
    expect(mountsBelow(folder)).toEqual([]);
    expect(existsSync(join(folder, 'workspace'))).toBe(false);
  });
}

/** Everything about a tree that a change would show. */
function fingerprint(folder: string): string {
  const listed = spawnSync(
    'sh',
    ['-c', 'find . -printf "%p %y %m %U %G %s %T@ %C@ %l\\n" | sort; find . -type f -exec sha256sum {} +'],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  );
  return listed.stdout;
}

describe('a workspace', () => {
  it('shows the source as the job’s own, takes every change, and leaves the source as it was', async () => {
    await withWorkspace(
      (source) => {
        mkdirSync(join(source, 'kept'));
        writeFileSync(join(source, 'kept', 'one'), 'one\n');
        writeFileSync(join(source, 'two'), 'two\n');
        writeFileSync(join(source, 'private'), 'three\n', { mode: 0o600 });
      },
      (workspace, source) => {
        const before = fingerprint(source);
        const ran = asJob(
          workspace.mergedHostPath,
          'set -e; [ -O two ]; cat private; echo more >>two; chmod 600 kept/one; rm private; mv kept moved; ln -s /etc/passwd link; echo new >new',
        );
        expect(ran).toMatchObject({ status: 0, stdout: 'three\n' });
        expect(fingerprint(source)).toBe(before);
        expect(readFileSync(join(workspace.upperHostPath, 'two'), 'utf8')).toBe('two\nmore\n');
      },
    );
  });

  it('maps the source’s owner to the job, and every other owner to nobody', async () => {
    await withWorkspace(
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
      (workspace) => {
        const at = (name: string): number => statSync(join(workspace.mergedHostPath, name)).uid;
        expect([at('own'), at('stranger'), at('root')]).toEqual([JOB, 0x8000_0000 + 1001, 0x8000_0000]);
        expect(asJob(workspace.mergedHostPath, 'cat own; cat root stranger; rm -f root').stdout).toBe('own');
        expect(existsSync(join(workspace.mergedHostPath, 'root'))).toBe(false);
      },
    );
  });

  it('begins empty without a source', async () => {
    await withFolder(async (folder) => {
      const workspace = value(await openWorkspace(request(folder)));
      expect(asJob(workspace.mergedHostPath, 'ls -A; echo 1 >a && cat a').stdout).toBe('1\n');
      expect(await workspace.close()).toEqual({ leftBehind: [] });
      expect(await workspace.close()).toEqual({ leftBehind: [] });
      expect(mountsBelow(folder)).toEqual([]);
    });
  });

  it('ends at its size and its number of files, and says what is used', async () => {
    await withWorkspace(
      () => undefined,
      async (workspace) => {
        expect(await workspace.usage()).toEqual({ bytes: 0, inodes: 0 });
        const filled = asJob(workspace.mergedHostPath, 'head -c 16M /dev/zero >big; stat -c %s big');
        expect(filled.stderr).toContain('No space left on device');
        expect(filled.stdout).toBe(`${4 * 1_048_576}\n`);
        expect((await workspace.usage()).bytes).toBe(4 * 1_048_576);
        const many = asJob(
          workspace.mergedHostPath,
          'rm big; i=0; while : >f$i; do i=$((i+1)); [ $i = 200 ] && exit; done 2>err; echo $i',
        );
        expect(Number(many.stdout)).toBeGreaterThanOrEqual(60);
        expect(Number(many.stdout)).toBeLessThanOrEqual(68);
        const exchange = asJob(workspace.exchangeHostPath, 'head -c 1M /dev/zero >big; stat -c %s big');
        expect(exchange.stdout).toBe('65536\n');
      },
    );
  });

  it('runs nothing from the exchange folder and follows no link in it', async () => {
    await withWorkspace(
      () => undefined,
      (workspace) => {
        const ran = asJob(
          workspace.exchangeHostPath,
          'cp /bin/true t; ./t; echo $?; ln -s /etc/passwd p; cat p; echo $?',
        );
        expect(ran.stdout).toBe('126\n1\n');
      },
    );
  });

  it('lets no program in it change its user, and opens no device', async () => {
    await withWorkspace(
      (source) => {
        spawnSync('sh', ['-c', 'cp /usr/bin/id id && chmod 4755 id && mknod -m 666 null c 1 3'], {
          cwd: source,
        });
      },
      (workspace) => {
        const ran = asJob(workspace.mergedHostPath, './id -u; : >null');
        expect(ran.stdout).toBe(`${JOB}\n`);
        expect(ran.status).not.toBe(0);
      },
    );
  });

  it('does not take what is mounted below the source', async () => {
    await withWorkspace(
      (source) => {
        mkdirSync(join(source, 'mounted'));
        spawnSync('mount', ['-t', 'tmpfs', 'test', join(source, 'mounted')]);
        writeFileSync(join(source, 'mounted', 'secret'), 'secret');
      },
      (workspace, source) => {
        expect(asJob(workspace.mergedHostPath, 'ls -A mounted').stdout).toBe('');
        spawnSync('umount', [join(source, 'mounted')]);
      },
    );
  });

  it('is refused, with nothing left behind, when a link is on the source’s path', async () => {
    await withFolder(async (folder) => {
      mkdirSync(join(folder, 'real', 'inner'), { recursive: true });
      symlinkSync('real', join(folder, 'link'));
      for (const source of ['link', 'link/inner', 'missing']) {
        const opened = await openWorkspace(request(folder, { source: join(folder, source) }));
        expect(opened).toMatchObject({
          ok: false,
          error: { kind: 'machine', rule: 'workspace/open-source' },
        });
      }
      expect(mountsBelow(folder)).toEqual([]);
      expect(existsSync(join(folder, 'workspace'))).toBe(false);
    });
  });

  it('is refused for the host’s root as the job', async () => {
    await withFolder(async (folder) => {
      expect(await openWorkspace(request(folder, { hostUid: 0 }))).toMatchObject({ ok: false });
      expect(mountsBelow(folder)).toEqual([]);
    });
  });

  it('is reaped by the path of its run after a crash, even when it is in use', async () => {
    await withFolder(async (folder) => {
      mkdirSync(join(folder, 'a run'));
      value(await openWorkspace(request(join(folder, 'a run'))));
      expect(mountsBelow(folder)).toHaveLength(3);
      const standing = spawn('cat', {
        cwd: join(folder, 'a run/workspace/merged'),
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      await new Promise((resolve) => standing.once('spawn', resolve));
      value(await unmountBelow(join(folder, 'a run')));
      expect(standing.exitCode).toBe(null);
      standing.stdin.end();
      await new Promise((resolve) => standing.once('exit', resolve));
      expect(mountsBelow(folder)).toEqual([]);
    });
  });

  it('never unmounts below a path that is not a run’s', async () => {
    for (const path of ['/', '/tmp', '/proc/../proc/x', 'relative/path', '/tmp/', '/a//b']) {
      expect(await unmountBelow(path)).toMatchObject({ ok: false, error: { rule: 'workspace/arguments' } });
    }
  });
});

describe('a kept workspace', () => {
  it('has the changes with their modes, links as links, and what was deleted, all the caller’s', async () => {
    await withFolder(async (folder) => {
      const source = join(folder, 'source');
      mkdirSync(join(source, 'sub'), { recursive: true });
      writeFileSync(join(source, 'sub', 'file'), 'x');
      writeFileSync(join(source, 'gone'), 'x');
      const workspace = value(await openWorkspace(request(folder, { source })));
      asJob(
        workspace.mergedHostPath,
        'rm gone; rm -r sub; mkdir sub; echo 1 >sub/new; chmod 4751 sub/new; ln -s /etc/shadow l; truncate -s 1T hole',
      );
      const keepUpperAt = join(folder, 'kept');
      expect(await workspace.close({ keepUpperAt })).toEqual({ leftBehind: [] });
      const kept = spawnSync('sh', ['-c', 'find . -mindepth 1 -printf "%p %y %m %U %s %l\\n" | sort'], {
        cwd: keepUpperAt,
        encoding: 'utf8',
      });
      expect(kept.stdout).toContain('./l l 777 0 11 /etc/shadow');
      expect(kept.stdout).toMatch(/^\.\/gone c 600 0 /m);
      expect(kept.stdout).toMatch(/^\.\/sub\/new f 751 0 2 /m);
      expect(kept.stdout).toMatch(/^\.\/hole f 644 0 1099511627776 /m);
      expect(statSync(join(keepUpperAt, 'hole')).blocks).toBeLessThan(16);
    });
  });

  it('is the whole of it or nothing: what takes more bytes than may be kept is refused, and no part of it stays', async () => {
    await withFolder(async (folder) => {
      const workspace = value(await openWorkspace(request(folder)));
      asJob(workspace.mergedHostPath, 'echo small >a; head -c 300000 /dev/zero >b');
      const keepUpperAt = join(folder, 'kept');
      expect(await workspace.close({ keepUpperAt, keepBytes: 200_000 })).toMatchObject({
        leftBehind: [],
        notKept: {
          kind: 'limit',
          rule: KEPT_TOO_LARGE,
          why: 'what the job changed takes more than 200000 bytes, and was not kept',
        },
      });
      expect(existsSync(keepUpperAt)).toBe(false);
    });
  });

  it('is an empty folder when nothing was changed', async () => {
    await withFolder(async (folder) => {
      const workspace = value(await openWorkspace(request(folder)));
      expect(await workspace.close({ keepUpperAt: join(folder, 'kept') })).toEqual({ leftBehind: [] });
      expect(statSync(join(folder, 'kept')).mode & 0o777).toBe(0o700);
    });
  });

  it('is refused by name, and the mounts still go, when folders are nested past every bound', async () => {
    await withFolder(async (folder) => {
      const workspace = value(await openWorkspace(request(folder, { inodes: 1_000 })));
      asJob(workspace.mergedHostPath, 'for i in $(seq 400); do mkdir d && cd d || exit; done');
      const closed = await workspace.close({ keepUpperAt: join(folder, 'kept') });
      expect(closed).toMatchObject({ leftBehind: [], notKept: { kind: 'limit', rule: 'workspace/keep' } });
      // A part of the changes is not the changes.
      expect(existsSync(join(folder, 'kept'))).toBe(false);
      expect(mountsBelow(folder)).toEqual([]);
    });
  });
});
