import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSecret } from './source.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cofferdam-secrets-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileWith(content: string | Buffer, mode = 0o600) {
  const path = join(folder, `${Math.random()}`);
  await writeFile(path, content, { mode });
  await chmod(path, mode);
  return { kind: 'file', name: 'KEY', path } as const;
}

async function why(source: Parameters<typeof readSecret>[0]): Promise<string> {
  const read = await readSecret(source, {});
  return read.ok ? 'read' : read.error.why;
}

describe('reading secrets', () => {
  it('takes a value from the environment, and refuses one that is missing or empty', async () => {
    const source = { kind: 'env', name: 'TOKEN' } as const;
    expect(await readSecret(source, { TOKEN: ' v\n' })).toEqual({ ok: true, value: ' v\n' });
    expect((await readSecret(source, {})).ok).toBe(false);
    expect((await readSecret(source, { TOKEN: '' })).ok).toBe(false);
  });

  it('takes a value from a file, and drops the line end of a single line only', async () => {
    expect(await readSecret(await fileWith('token\n'), {})).toEqual({ ok: true, value: 'token' });
    expect(await readSecret(await fileWith('token\r\n'), {})).toEqual({ ok: true, value: 'token' });
    expect(await readSecret(await fileWith('a\nb\n', 0o400), {})).toEqual({ ok: true, value: 'a\nb\n' });
  });

  it('refuses a file that others may read, with the command that mends it', async () => {
    const source = await fileWith('token', 0o640);
    const read = await readSecret(source, {});
    expect(read.ok ? undefined : read.error.fix).toBe(`chmod 600 ${source.path}`);
  });

  it('refuses links, FIFOs, folders, and what is empty, too long or not text', async () => {
    const link = join(folder, 'link');
    await symlink((await fileWith('token')).path, link);
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', ['-m', '600', fifo]);
    expect(await why({ kind: 'file', name: 'KEY', path: link })).toContain('ELOOP');
    expect(await why({ kind: 'file', name: 'KEY', path: fifo })).toContain('regular');
    expect(await why({ kind: 'file', name: 'KEY', path: folder })).toContain('regular');
    expect(await why({ kind: 'file', name: 'KEY', path: join(folder, 'none') })).toContain('ENOENT');
    expect(await why(await fileWith(''))).toContain('empty');
    expect(await why(await fileWith('\n'))).toContain('empty');
    expect(await why(await fileWith('x'.repeat(65_537)))).toContain('longer');
    expect(await why(await fileWith('a\0b'))).toContain('NUL');
    expect(await why(await fileWith(Buffer.from([0xff, 0x41])))).toContain('UTF-8');
  });
});
