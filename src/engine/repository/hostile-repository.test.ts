import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CheckoutRequest, prepareCheckout } from './checkout-tree.ts';
import { openRepository } from './local-repository.ts';

const BOUNDS = { bytes: 1_000_000, files: 1_000 };
const AS_IT_LIES: CheckoutRequest = {
  ref: 'refs/heads/main',
  depth: 1,
  tags: false,
  remoteUrl: 'https://forge.test/o/r',
};
let folder = '';
let source = '';

function git(directory: string, args: readonly string[], input?: string | Buffer): string {
  return execFileSync('git', ['-c', 'safe.directory=*', ...args], {
    cwd: directory,
    encoding: 'utf8',
    ...(input !== undefined && { input }),
    env: {
      PATH: '/usr/bin:/bin',
      HOME: '/nonexistent',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@a.test',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@a.test',
    },
  }).trim();
}

async function repositoryAt(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(directory, { recursive: true });
  git(directory, ['init', '-q', '-b', 'main']);
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
  git(directory, ['add', '--all']);
  git(directory, ['commit', '-qm', 'x']);
}

/** An index (gitformat-index(5), version 2) with names that git itself never writes, and does not question when it reads. */
function indexOf(names: readonly string[]): Buffer {
  const entries = names
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map((name) => {
      const bytes = Buffer.from(name);
      const entry = Buffer.alloc(Math.ceil((63 + bytes.length) / 8) * 8);
      entry.writeUInt32BE(0o100644, 24);
      entry.writeUInt16BE(bytes.length, 60);
      bytes.copy(entry, 62);
      return entry;
    });
  const head = Buffer.from('DIRC\0\0\0\x02\0\0\0\0', 'latin1');
  head.writeUInt32BE(entries.length, 8);
  const body = Buffer.concat([head, ...entries]);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

async function checkout(request: CheckoutRequest = AS_IT_LIES) {
  const repository = await openRepository(source);
  if (!repository.ok) return repository;
  return prepareCheckout(repository.value, request, join(folder, 'target/tree'), BOUNDS);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hostile-'));
  source = join(folder, 'source');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a repository that came as a stranger\u2019s archive', () => {
  test.each(['.git/config', '.GIT/config', 'sub/.git/config', '.g\u200cit/config'])(
    'whose index names %s is refused, and its configuration is never the checkout\u2019s',
    async (name) => {
      await repositoryAt(source, { '.gitattributes': '* filter=evil\n', file: '1' });
      const mark = join(folder, 'ran');
      const program = join(folder, 'program');
      await writeFile(program, `#!/bin/sh\ntouch ${mark}\ncat\n`);
      await chmod(program, 0o755);
      git(source, ['config', 'filter.evil.clean', program]);
      await mkdir(join(source, name, '..'), { recursive: true });
      await writeFile(join(source, name), await readFile(join(source, '.git/config')));
      await writeFile(join(source, '.git/index'), indexOf(['.gitattributes', name, 'file']));
      await writeFile(join(source, 'file'), 'changed');
      expect(await checkout()).toMatchObject({ ok: false, error: { rule: 'repository/file-name' } });
      expect(existsSync(mark)).toBe(false);
    },
  );

  test.each(['../../outside', 'a/../../../outside', '/outside', 'a//b'])(
    'whose index names %s is refused, and nothing is written outside of the checkout',
    async (name) => {
      await repositoryAt(source, { file: '1' });
      await mkdir(join(source, 'a'));
      await writeFile(join(folder, '..', `outside`), 'x').catch(() => undefined);
      await writeFile(join(source, '.git/index'), indexOf(['file', name]));
      try {
        expect(await checkout()).toMatchObject({ ok: false, error: { rule: 'repository/file-name' } });
        expect(existsSync(join(folder, 'outside'))).toBe(false);
        expect(existsSync(join(folder, 'target/outside'))).toBe(false);
      } finally {
        await rm(join(folder, '..', 'outside'), { force: true });
      }
    },
  );

  test('whose .git leads to another repository is refused, as a file and as a link', async () => {
    const other = join(folder, 'private');
    await repositoryAt(other, { secret: 'a secret of another project' });
    await mkdir(source);
    await writeFile(join(source, '.git'), `gitdir: ${other}/.git\n`);
    expect(await checkout()).toMatchObject({ ok: false, error: { rule: 'repository/not-its-own' } });
    await rm(join(source, '.git'));
    await symlink(join(other, '.git'), join(source, '.git'));
    expect(await checkout()).toMatchObject({ ok: false, error: { rule: 'repository/not-its-own' } });
  });

  test('that borrows objects or its common folder from elsewhere is refused', async () => {
    const other = join(folder, 'private');
    await repositoryAt(other, { secret: 'a secret of another project' });
    await repositoryAt(source, { file: '1' });
    await writeFile(join(source, '.git/objects/info/alternates'), `${other}/.git/objects\n`);
    await writeFile(join(source, '.git/refs/heads/main'), `${git(other, ['rev-parse', 'HEAD'])}\n`);
    expect(await checkout()).toMatchObject({ ok: false, error: { rule: 'repository/not-its-own' } });
    await rm(join(source, '.git'), { recursive: true });
    await mkdir(join(source, '.git'));
    await writeFile(join(source, '.git/HEAD'), 'ref: refs/heads/main\n');
    await writeFile(join(source, '.git/commondir'), `${other}/.git\n`);
    expect(await checkout()).toMatchObject({ ok: false, error: { rule: 'repository/not-its-own' } });
  });

  test.each(['a%2f..%2fprivate', 'a b#?&', '%41'])(
    'whose folder is called %j is read, and no other',
    async (name) => {
      await repositoryAt(join(folder, 'private'), { secret: 'a secret of another project' });
      await mkdir(join(folder, 'a'));
      source = join(folder, name);
      await repositoryAt(source, { file: '1' });
      const commit = git(source, ['rev-parse', 'HEAD']);
      expect(await checkout({ ...AS_IT_LIES, commit })).toMatchObject({ ok: true });
      expect(await readdir(join(folder, 'target/tree'))).toEqual(['.git', 'file']);
    },
  );

  test('is taken when it is a work tree or a submodule that its repository knows', async () => {
    const main = join(folder, 'main');
    await repositoryAt(main, { file: '1' });
    git(main, ['worktree', 'add', '-q', source, '-b', 'side']);
    expect(await checkout()).toMatchObject({ ok: true });
    await rm(join(folder, 'target'), { recursive: true });
    const outer = join(folder, 'outer');
    await repositoryAt(outer, { file: '1' });
    git(outer, ['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', main, 'inner']);
    source = join(outer, 'inner');
    expect(await checkout()).toMatchObject({ ok: true });
  });

  test('whose small commit unfolds into billions of files is refused before it does', async () => {
    await repositoryAt(source, { file: '1' });
    const blob = git(source, ['rev-parse', 'HEAD:file']);
    let tree = git(source, ['mktree'], `100644 blob ${blob}\tf\n`);
    for (let depth = 0; depth < 9; depth++) {
      const entries = Array.from({ length: 10 }, (_, i) => `040000 tree ${tree}\t${i}\n`).join('');
      tree = git(source, ['mktree'], entries);
    }
    const commit = git(source, ['commit-tree', tree, '-m', 'bomb']);
    git(source, ['update-ref', 'refs/heads/main', commit]);
    const made = await checkout({ ...AS_IT_LIES, commit });
    expect(made).toMatchObject({ ok: false, error: { rule: 'repository/too-large' } });
  });

  test('whose files are larger than a workspace may be is refused before they are written', async () => {
    await repositoryAt(source, { file: 'x'.repeat(2_000_000) });
    const commit = git(source, ['rev-parse', 'HEAD']);
    const made = await checkout({ ...AS_IT_LIES, commit });
    expect(made).toMatchObject({ ok: false, error: { rule: 'repository/too-large' } });
    expect(existsSync(join(folder, 'target/tree/file'))).toBe(false);
  });
});
