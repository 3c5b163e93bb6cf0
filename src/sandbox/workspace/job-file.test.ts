import { spawn, spawnSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  chownSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJobFile, writeJobFile } from './job-file.ts';
import { pathNames } from './open-beneath.ts';
import { JOB, value, withFolder } from './workspace.fixture.ts';

const unsafe = { ok: false, error: { kind: 'policy', rule: 'workspace/unsafe-file' } };

describe('a file that a job could have replaced', () => {
  it('is read whole, up to the bound and not a byte past it', async () => {
    await withFolder(async (folder) => {
      writeFileSync(join(folder, 'file'), 'x'.repeat(100));
      expect(value(await readJobFile(folder, 'file', { maxBytes: 100 }))).toEqual(Buffer.alloc(100, 'x'));
      expect(await readJobFile(folder, 'file', { maxBytes: 99 })).toMatchObject({
        ok: false,
        error: { kind: 'limit', rule: 'workspace/file-too-large' },
      });
    });
  });

  it('is undefined when it, or a folder on its way, is not there', async () => {
    await withFolder(async (folder) => {
      expect(await readJobFile(folder, 'none', { maxBytes: 1 })).toEqual({ ok: true, value: undefined });
      expect(await readJobFile(folder, 'none/none', { maxBytes: 1 })).toEqual({ ok: true, value: undefined });
    });
  });

  it('is refused as a link, in its last name and in any name before it', async () => {
    await withFolder(async (folder) => {
      mkdirSync(join(folder, 'real'));
      writeFileSync(join(folder, 'real', 'file'), 'x');
      symlinkSync('/etc/passwd', join(folder, 'passwd'));
      symlinkSync('real', join(folder, 'link'));
      for (const path of ['passwd', 'link/file', 'link']) {
        expect(
          readFileSync(path === 'link' ? join(folder, 'link/file') : join(folder, path)).length,
        ).toBeGreaterThan(0);
        expect(await readJobFile(folder, path, { maxBytes: 1e6 })).toMatchObject(unsafe);
      }
    });
  });

  it('is refused at once as a pipe, a folder, a device or a socket', async () => {
    await withFolder(async (folder) => {
      spawnSync('mkfifo', [join(folder, 'pipe')]);
      spawnSync('mknod', [join(folder, 'zero'), 'c', '1', '5']);
      mkdirSync(join(folder, 'folder'));
      for (const path of ['pipe', 'zero', 'folder']) {
        expect(await readJobFile(folder, path, { maxBytes: 10 })).toMatchObject(unsafe);
      }
    });
  });

  it('costs nothing when it claims a terabyte', async () => {
    await withFolder(async (folder) => {
      writeFileSync(join(folder, 'huge'), '');
      truncateSync(join(folder, 'huge'), 2 ** 40);
      const before = process.memoryUsage().rss;
      expect(await readJobFile(folder, 'huge', { maxBytes: 1_000 })).toMatchObject({ ok: false });
      expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1_048_576);
    });
  });

  it('is read by its bound and not by the size it states', async () => {
    const status = `/proc/${process.pid}`;
    // A file of /proc states 0 bytes and has many, as one does that grows after it was opened.
    expect(await readJobFile(status, 'status', { maxBytes: 100 })).toMatchObject({ ok: false });
    expect(value(await readJobFile(status, 'status', { maxBytes: 1e6 }))?.length).toBeGreaterThan(500);
  });

  it('is never reached outside its folder, whatever the path says', async () => {
    await withFolder(async (folder) => {
      mkdirSync(join(folder, 'root', 'a'), { recursive: true });
      writeFileSync(join(folder, 'secret'), 'x');
      for (const path of [
        '../secret',
        'a/../../secret',
        '/etc/passwd',
        '',
        '.',
        'a/./b',
        'a//b',
        'a/',
        'a\0b',
        'x'.repeat(5_000),
      ]) {
        expect(await readJobFile(join(folder, 'root'), path, { maxBytes: 10 })).toMatchObject(unsafe);
      }
    });
  });

  it('is never reached outside its folder while the folders on its way are swapped for links', async () => {
    await withFolder(async (folder) => {
      mkdirSync(join(folder, 'outside'));
      writeFileSync(join(folder, 'outside', 'file'), 'secret');
      mkdirSync(join(folder, 'root', 'a'), { recursive: true });
      writeFileSync(join(folder, 'root', 'a', 'file'), 'fine');
      symlinkSync(join(folder, 'outside'), join(folder, 'root', 'evil'));
      const swap = `import os,ctypes
c=ctypes.CDLL(None)
while os.path.exists('go'): c.renameat2(-100,b'root/a',-100,b'root/evil',2)`;
      writeFileSync(join(folder, 'go'), '');
      const child = spawn('python3', ['-c', swap], { cwd: folder, stdio: 'ignore' });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      const seen = new Set<string>();
      for (let i = 0; i < 20_000; i += 1) {
        const read = await readJobFile(join(folder, 'root'), 'a/file', { maxBytes: 100 });
        seen.add(read.ok ? String(read.value) : read.error.rule);
      }
      rmSync(join(folder, 'go'));
      await ended;
      expect(seen.has('secret')).toBe(false);
      expect([...seen].every((what) => ['fine', 'workspace/unsafe-file'].includes(what))).toBe(true);
    });
  });

  it('takes names that are not text, losslessly', async () => {
    await withFolder(async (folder) => {
      for (const name of [Buffer.from([0xff, 0xfe, 0x0a]), Buffer.from('a\u001b[2Jb')]) {
        value(await writeJobFile(folder, name, Buffer.from('x'), { mode: 0o644 }));
        expect(value(await readJobFile(folder, name, { maxBytes: 10 }))).toEqual(Buffer.from('x'));
      }
      const missing = await readJobFile(folder, '\u001b[2J/..', { maxBytes: 1 });
      expect(missing).toMatchObject({ ok: false, error: { why: expect.not.stringContaining('\u001b') } });
    });
  });

  it('has a path whose names, put together again, are the path', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '.', '/', '\0', 'é') }), (path) => {
        const names = pathNames(path);
        if (!names.ok) return;
        expect(names.value.map(String).join('/')).toBe(path);
        expect(names.value.every((name) => !['', '.', '..'].includes(String(name)))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a file written where a job can write', () => {
  it('belongs to the job, with the mode asked for and the folders on its way', async () => {
    await withFolder(async (folder) => {
      const root = join(folder, 'root');
      mkdirSync(root);
      chownSync(root, JOB, JOB);
      value(await writeJobFile(root, 'a/b/file', Buffer.from('hello'), { mode: 0o6766 }));
      value(await writeJobFile(root, 'a/b/other', Buffer.from('hello'), { mode: 0o600 }));
      expect(readFileSync(join(root, 'a/b/file'), 'utf8')).toBe('hello');
      expect(statSync(join(root, 'a/b/file'))).toMatchObject({ uid: JOB, gid: JOB, mode: 0o100766 });
      expect(statSync(join(root, 'a/b'))).toMatchObject({ uid: JOB, gid: JOB, mode: 0o040755 });
    });
  });

  it('never replaces or follows what is there', async () => {
    await withFolder(async (folder) => {
      const root = join(folder, 'root');
      mkdirSync(root);
      mkdirSync(join(folder, 'outside'));
      writeFileSync(join(folder, 'victim'), 'before');
      symlinkSync('../victim', join(root, 'link'));
      symlinkSync('../new', join(root, 'dangling'));
      symlinkSync('../outside', join(root, 'folder'));
      linkSync(join(folder, 'victim'), join(root, 'hard'));
      for (const path of ['link', 'dangling', 'hard', 'folder/file', '../file']) {
        expect(await writeJobFile(root, path, Buffer.from('after'), { mode: 0o644 })).toMatchObject(unsafe);
      }
      expect(readFileSync(join(folder, 'victim'), 'utf8')).toBe('before');
      expect(statSync(join(folder, 'outside')).nlink).toBe(2);
    });
  });
});
