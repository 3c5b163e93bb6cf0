import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { prepareCheckout } from './checkout-tree.ts';
import { git } from './git.ts';
import { openRepository, resolveCommit } from './local-repository.ts';

const BOUNDS = { bytes: 10_000_000, files: 1_000 };
const REMOTE = 'https://forge.test/o/r';
let folder = '';
let source = '';

function run(...args: string[]): string {
  return execFileSync('git', args, {
    cwd: source,
    encoding: 'utf8',
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

async function commit(name: string, content: string): Promise<string> {
  await writeFile(join(source, name), content);
  run('add', '--all');
  run('commit', '-qm', name);
  return run('rev-parse', 'HEAD');
}

async function open() {
  const opened = await openRepository(source);
  if (!opened.ok) throw new Error(opened.error.why);
  return opened.value;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checkout-'));
  source = join(folder, 'source');
  await mkdir(source);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a checkout of a git repository', () => {
  beforeEach(async () => {
    run('init', '-q', '-b', 'main');
    await commit('one.txt', '1');
    await commit('two.txt', '2');
  });

  test('has the depth that was asked for, and no other branch, stash or reflog', async () => {
    run('branch', 'other');
    const target = join(folder, 'target');
    const made = await prepareCheckout(
      await open(),
      { ref: 'refs/heads/main', depth: 1, tags: false, remoteUrl: REMOTE },
      target,
      BOUNDS,
    );
    expect(made.ok && made.value.uncommitted).toBe(false);
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', target, '-c', 'safe.directory=*', ...args], { encoding: 'utf8' }).trim();
    expect(git('rev-list', '--count', 'HEAD')).toBe('1');
    expect(git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/main\nrefs/remotes/origin/main');
    expect(git('status', '--porcelain')).toBe('');
    expect(existsSync(join(target, '.git/FETCH_HEAD'))).toBe(false);
  });

  test('takes what is not committed along when no commit is named, and says so', async () => {
    await writeFile(join(source, 'one.txt'), 'changed');
    await writeFile(join(source, 'new.txt'), 'new');
    await writeFile(join(source, '.gitignore'), 'ignored\n');
    await writeFile(join(source, 'ignored'), 'x');
    await rm(join(source, 'two.txt'));
    const target = join(folder, 'target');
    const made = await prepareCheckout(
      await open(),
      { ref: 'refs/heads/main', depth: 1, tags: false, remoteUrl: REMOTE },
      target,
      BOUNDS,
    );
    expect(made.ok && made.value.uncommitted).toBe(true);
    expect(await readFile(join(target, 'one.txt'), 'utf8')).toBe('changed');
    expect(await readFile(join(target, 'new.txt'), 'utf8')).toBe('new');
    expect(existsSync(join(target, 'two.txt'))).toBe(false);
    expect(existsSync(join(target, 'ignored'))).toBe(false);
  });

  test('gives an older commit when it is named', async () => {
    const repository = await open();
    const older = await resolveCommit(repository, run('rev-parse', 'HEAD~1'));
    if (!older.ok) throw new Error(older.error.why);
    const target = join(folder, 'target');
    await prepareCheckout(
      repository,
      { commit: older.value, ref: older.value, depth: 0, tags: false, remoteUrl: REMOTE },
      target,
      BOUNDS,
    );
    expect(existsSync(join(target, 'one.txt'))).toBe(true);
    expect(existsSync(join(target, 'two.txt'))).toBe(false);
  });

  test('carries no credential, hook or setting of the original', async () => {
    run('config', 'remote.origin.url', 'https://token-abc@forge.test/o/r');
    run('config', 'http.extraheader', 'AUTHORIZATION: basic token-abc');
    await mkdir(join(source, '.git/hooks'), { recursive: true });
    await writeFile(join(source, '.git/hooks/post-checkout'), '#!/bin/sh\ntouch "$HOOKED"\n', {
      mode: 0o755,
    });
    const target = join(folder, 'target');
    await prepareCheckout(
      await open(),
      { ref: 'refs/heads/main', depth: 1, tags: false, remoteUrl: REMOTE },
      target,
      BOUNDS,
    );
    const found = spawnSync('grep', ['-r', 'token-abc', source, target], { encoding: 'utf8' });
    expect(found.stdout).toContain(join(source, '.git/config'));
    expect(found.stdout).not.toContain(target);
    expect(existsSync(join(target, '.git/hooks'))).toBe(false);
  });

  test('runs no program that the repository names', async () => {
    const mark = join(folder, 'ran');
    const program = join(folder, 'program');
    await writeFile(program, `#!/bin/sh\ntouch ${mark}\ncat\n`);
    await chmod(program, 0o755);
    for (const key of [
      'core.fsmonitor',
      'filter.evil.clean',
      'filter.evil.smudge',
      'core.sshCommand',
      'diff.external',
      'uploadpack.packObjectsHook',
      'core.alternateRefsCommand',
    ]) {
      run('config', key, program);
    }
    await writeFile(join(source, '.gitattributes'), '* filter=evil\n');
    await writeFile(join(source, 'one.txt'), 'changed');
    const target = join(folder, 'target');
    const made = await prepareCheckout(
      await open(),
      { ref: 'refs/heads/main', depth: 1, tags: false, remoteUrl: REMOTE },
      target,
      BOUNDS,
    );
    expect(made.ok).toBe(true);
    expect(existsSync(mark)).toBe(false);
    // The same program does run for someone who uses the repository as it is.
    run('status');
    expect(existsSync(mark)).toBe(true);
  });

  test('runs no program to fetch what a partial clone lacks, and refuses it', async () => {
    const mark = join(folder, 'fetched');
    const program = join(folder, 'program');
    await writeFile(program, `#!/bin/sh\ntouch ${mark}\n`);
    await chmod(program, 0o755);
    run('config', 'remote.evil.url', `ext::${program}`);
    run('config', 'remote.evil.promisor', 'true');
    run('config', 'protocol.ext.allow', 'always');
    run('config', 'core.repositoryformatversion', '1');
    run('config', 'extensions.partialClone', 'evil');
    const blob = run('rev-parse', 'HEAD:one.txt').trim();
    await rm(join(source, '.git/objects', blob.slice(0, 2), blob.slice(2)), { force: true });
    expect((await git(source, ['cat-file', 'blob', blob])).ok).toBe(false);
    const made = await prepareCheckout(
      await open(),
      { ref: 'refs/heads/main', depth: 1, tags: false, remoteUrl: REMOTE },
      join(folder, 'target'),
      BOUNDS,
    );
    expect(made).toMatchObject({ ok: false, error: { rule: 'repository/partial-clone' } });
    expect(existsSync(mark)).toBe(false);
    // The same program does run for someone who reads that object as it is.
    expect(() => run('cat-file', 'blob', blob)).toThrow();
    expect(existsSync(mark)).toBe(true);
  });
});

describe('a checkout of a plain folder', () => {
  test('is a repository with one commit, the same every time', async () => {
    await writeFile(join(source, 'file'), 'x');
    const commits = [];
    for (const name of ['a', 'b']) {
      const made = await prepareCheckout(
        await open(),
        { ref: 'refs/heads/main', depth: 1, tags: false, remoteUrl: REMOTE },
        join(folder, name),
        BOUNDS,
      );
      commits.push(made.ok ? made.value.commit : made.error);
    }
    expect(commits[0]).toMatch(/^[0-9a-f]{40}$/);
    expect(commits[1]).toBe(commits[0]);
  });

  test('copies links as links, and never what lies behind a linked folder', async () => {
    await mkdir(join(folder, 'outside'));
    await writeFile(join(folder, 'outside/secret'), 'secret');
    await symlink(join(folder, 'outside'), join(source, 'linked'));
    await writeFile(join(source, 'file'), 'x');
    await prepareCheckout(
      await open(),
      { ref: 'refs/heads/main', depth: 1, tags: false, remoteUrl: REMOTE },
      join(folder, 'target'),
      BOUNDS,
    );
    const tree = execFileSync(
      'git',
      ['-C', join(folder, 'target'), '-c', 'safe.directory=*', 'ls-tree', '-r', 'HEAD'],
      { encoding: 'utf8' },
    );
    expect(tree).toMatch(/^120000 blob \w+\tlinked$/m);
    expect(tree).not.toContain('secret');
  });

  test('refuses a folder that is larger than the workspace may be', async () => {
    await writeFile(join(source, 'file'), Buffer.alloc(2_000));
    const made = await prepareCheckout(
      await open(),
      { ref: 'refs/heads/main', depth: 1, tags: false, remoteUrl: REMOTE },
      join(folder, 'target'),
      { bytes: 1_000, files: 10 },
    );
    expect(!made.ok && made.error.rule).toBe('repository/too-large');
  });
});
