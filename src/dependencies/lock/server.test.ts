import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ownLockText } from '../../gate/index.ts';
import { GitServer } from './git-server.fixture.ts';
import { makeLock } from './make-lock.ts';
import { composite, NODE, Origins, subjectOf, workflow } from './origins.fixture.ts';

const CI = '.github/workflows/ci.yml';

let origins: Origins;
let server: GitServer;
let base = '';
beforeEach(async () => {
  origins = new Origins();
  server = new GitServer(origins.directory, origins.directory);
  base = await server.listen();
});
afterEach(async () => {
  await server.close();
  origins.remove();
});

async function lock(uses: string, where: 'server' | 'folder' = 'server', certificate = server.certificate) {
  const mirrors = {
    named: new Map(),
    bases: [where === 'server' ? base : origins.directory],
    offline: where === 'folder',
  };
  const outside = { GIT_SSL_CAINFO: certificate };
  return makeLock(await subjectOf({ [CI]: workflow(uses) }), { mirrors, outside, update: () => false });
}

function asServed(repository: string): void {
  renameSync(join(origins.directory, repository, '.git'), join(origins.directory, `${repository}.git`));
}

describe('a lock from a server', () => {
  test('is the same as from a folder, through what its actions use, and leaves nothing behind', async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('cofferdam-lock-'));
    origins.commit('o/leaf', { 'action.yml': NODE, 'a/b.txt': 'x' }, 'refs/tags/v2');
    origins.commit('o/a', { 'action.yml': composite('o/leaf@v2') }, 'refs/tags/v1');
    const local = await lock('o/a@v1', 'folder');
    for (const name of ['o/leaf', 'o/a']) asServed(name);
    const remote = await lock('o/a@v1');
    if (!local.ok || !remote.ok) throw new Error(JSON.stringify([local, remote]));
    expect(ownLockText(remote.value.lock)).toBe(ownLockText(local.value.lock));
    expect(remote.value.lock.actions.size).toBe(2);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('cofferdam-lock-'))).toEqual(before);
  });

  test('has no commit of a fork, though the server gives it to whoever asks for its number', async () => {
    const head = origins.commit('o/a', { 'action.yml': NODE }, 'refs/tags/v1');
    const tree = origins.git('o/a', 'rev-parse', `${head}^{tree}`);
    const impostor = origins.git('o/a', 'commit-tree', '-p', head, '-m', 'v1.0.1', tree);
    origins.git('o/a', 'update-ref', 'refs/pull/1/head', impostor);
    asServed('o/a');
    const made = await lock(`o/a@${impostor}`);
    expect(made.ok ? undefined : made.error[0]?.rule).toMatch(/^lock\/(?:no-commit|impostor-commit)$/);
    // Whoever asks as the runner does gets it.
    const folder = join(origins.directory, 'victim');
    // The server is of this process, which must not wait for git.
    const git = (...args: readonly string[]) =>
      promisify(execFile)('git', ['-c', 'init.defaultBranch=main', ...args], {
        env: { PATH: process.env['PATH'], HOME: origins.directory, GIT_SSL_CAINFO: server.certificate },
      });
    await git('init', '-q', folder);
    await git('-C', folder, 'fetch', '-q', '--depth=1', `${base}/o/a.git`, impostor);
    expect((await git('-C', folder, 'cat-file', '-t', impostor)).stdout.trim()).toBe('commit');
  });

  test('is not made from one whose certificate nobody trusts, and not from where it sends us', async () => {
    origins.commit('o/a', { 'action.yml': NODE }, 'refs/tags/v1');
    asServed('o/a');
    expect(await lock('o/a@v1', 'server', '/etc/hostname')).toMatchObject({
      ok: false,
      error: [{ kind: 'machine' }],
    });
    // With a certificate of its own.
    const folder = join(origins.directory, 'other');
    mkdirSync(folder);
    const other = new GitServer(folder, origins.directory);
    server.redirect = await other.listen();
    expect(await lock('o/a@v1')).toMatchObject({ ok: false, error: [{ rule: 'lock/git' }] });
    expect(other.asked).toEqual([]);
    await other.close();
    server.redirect = undefined;
    expect(await lock('o/a@v1')).toMatchObject({ ok: true });
  });

  test('asks no server with --offline', async () => {
    origins.commit('o/a', { 'action.yml': NODE }, 'refs/tags/v1');
    asServed('o/a');
    const mirrors = { named: new Map([['o/a', `${base}/o/a.git`]]), bases: [base], offline: true };
    const subject = await subjectOf({ [CI]: workflow('o/a@v1') });
    const made = await makeLock(subject, { mirrors, outside: {}, update: () => false });
    expect(made).toMatchObject({ ok: false, error: [{ rule: 'lock/no-origin' }] });
    expect(server.asked).toEqual([]);
  });
});
