import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ACTIONS_LOCK,
  actionsLockText,
  disagreements,
  lockedUse,
  OWN_LOCK,
  ownLockText,
} from '../../gate/index.ts';
import { actionsLockFrom } from './actions-lock.ts';
import { makeLock } from './make-lock.ts';
import { composite, NODE, Origins, subjectOf, workflow } from './origins.fixture.ts';
import { verifyLock } from './verify-lock.ts';

const CI = '.github/workflows/ci.yml';

let origins: Origins;
beforeEach(() => {
  origins = new Origins();
});
afterEach(() => origins.remove());

const mirrors = () => ({ named: new Map(), bases: [origins.directory], offline: true });

async function lock(files: Readonly<Record<string, string>>, update: (pin: string) => boolean = () => false) {
  const subject = await subjectOf(files);
  const made = await makeLock(subject, { mirrors: mirrors(), outside: {}, update });
  return { subject, made };
}

async function locked(files: Readonly<Record<string, string>>) {
  const { subject, made } = await lock(files);
  if (!made.ok) throw new Error(JSON.stringify(made.error));
  return { subject, made: made.value, text: ownLockText(made.value.lock) };
}

async function refusedFor(uses: string): Promise<string | undefined> {
  const { made } = await lock({ [CI]: workflow(uses) });
  return made.ok ? undefined : made.error[0]?.rule;
}

describe('a lock', () => {
  test('has all that is used, through composite actions, called workflows and Dockerfiles, each at its commit', async () => {
    const leaf = origins.commit('o/leaf', { 'action.yml': NODE }, 'refs/tags/v2');
    origins.commit(
      'o/deep',
      {
        'sub/action.yml': composite('o/leaf@v2', 'docker://alpine:3.20', '$/other'),
        'other/action.yml': NODE,
      },
      'refs/tags/v1',
    );
    origins.commit(
      'o/docker',
      {
        'action.yml': 'name: x\nruns: { using: docker, image: Dockerfile }\n',
        Dockerfile: 'FROM debian:12 AS base\nFROM base\nFROM --platform=x scratch\n',
      },
      'refs/tags/v3',
    );
    origins.commit(
      'o/flows',
      {
        '.github/workflows/build.yml': `${workflow('o/docker@v3')}    container: node:24\n  b:\n    uses: ./.github/workflows/more.yml\n`,
        '.github/workflows/more.yml': workflow('o/leaf@v2'),
      },
      'refs/heads/stable',
    );
    const { made, subject } = await locked({
      [CI]: `${workflow('o/deep/sub@v1', './act')}  call:\n    uses: o/flows/.github/workflows/build.yml@stable\n`,
      'act/action.yml': composite('O/Leaf@v2'),
    });
    expect([...made.lock.actions.keys()].toSorted()).toEqual([
      'o/deep@v1',
      'o/docker@v3',
      'o/flows@stable',
      'o/leaf@v2',
    ]);
    expect([...made.lock.images.keys()].toSorted()).toEqual(['alpine:3.20', 'debian:12', 'node:24']);
    expect(made.lock.actions.get('o/leaf@v2')).toMatchObject({ commit: leaf, kind: 'tag', uses: [] });
    expect(made.lock.actions.get('o/flows@stable')).toMatchObject({
      kind: 'branch',
      uses: ['o/docker@v3', 'o/leaf@v2'],
    });
    expect(made.lock.actions.get('o/deep@v1')?.paths.toSorted()).toEqual(['other', 'sub']);
    expect(made.lock.workflows.get(CI)?.actions).toHaveLength(4);
    expect(subject.repository.locks).toEqual({});
  });

  test('is the same text for the same input, agrees when it is read back, and is kept without a repository to ask', async () => {
    origins.commit('o/leaf', { 'action.yml': NODE }, 'refs/tags/v2');
    origins.commit('o/a', { 'action.yml': composite('o/leaf@v2') }, 'refs/tags/v1');
    const files = { [CI]: workflow('o/a@v1') };
    const first = await locked(files);
    expect((await locked(files)).text).toBe(first.text);
    const again = await subjectOf({ ...files, [OWN_LOCK]: first.text });
    expect(again.repository.unread).toEqual([]);
    expect(disagreements(again)).toEqual([]);
    origins.remove();
    expect((await locked({ ...files, [OWN_LOCK]: first.text })).text).toBe(first.text);
  });

  test('stays when a tag is moved, says so, and follows it only when it is told to', async () => {
    const old = origins.commit('o/a', { 'action.yml': NODE, b: '1' }, 'refs/tags/v1');
    const files = { [CI]: workflow('o/a@v1') };
    const { text } = await locked(files);
    const moved = origins.commit('o/a', { b: '2', 'c/action.yml': NODE }, 'refs/tags/v1');
    const more = { [CI]: workflow('o/a@v1', 'o/a/c@v1'), [OWN_LOCK]: text };
    // The commit that is locked has no c.
    const { made: stays } = await lock(more);
    expect(stays).toMatchObject({ ok: false, error: [{ rule: 'lock/unread' }] });
    const { made: kept } = await lock({ ...files, [OWN_LOCK]: text });
    expect(kept.ok && kept.value.lock.actions.get('o/a@v1')?.commit).toBe(old);
    const { made: followed } = await lock(more, (pin) => pin === 'o/a@v1');
    expect(followed.ok && followed.value.lock.actions.get('o/a@v1')?.commit).toBe(moved);
  });

  test('refuses what cannot be locked: a name of two, a short commit, an impostor, what is not there', async () => {
    const first = origins.commit(
      'o/a',
      { 'action.yml': NODE },
      'refs/tags/v1',
      'refs/heads/v1',
      'refs/tags/v2',
    );
    const second = origins.commit('o/a', { b: '1' }, 'refs/heads/v2');
    expect(await refusedFor('o/a@v1')).toBeUndefined();
    expect(await refusedFor('o/a@v2')).toBe('lock/ref-confusion');
    expect(await refusedFor('o/a@refs/tags/v2')).toBeUndefined();
    expect(await refusedFor(`o/a@${first}`)).toBeUndefined();
    expect(await refusedFor(`o/a@${first.slice(0, 10)}`)).toBe('lock/short-commit');
    expect(await refusedFor('o/a@v9')).toBe('lock/no-ref');
    expect(await refusedFor('o/none@v1')).toBe('lock/no-origin');
    expect(await refusedFor(`o/a@${'0'.repeat(40)}`)).toBe('lock/no-commit');
    // A fork\u2019s commit is among the objects, and in no branch and no tag; a pull request\u2019s ref is the stranger\u2019s own.
    const tree = origins.git('o/a', 'rev-parse', `${second}^{tree}`);
    const impostor = origins.git('o/a', 'commit-tree', '-p', second, '-m', 'v1.0.1', tree);
    origins.git('o/a', 'update-ref', 'refs/pull/1/head', impostor);
    expect(await refusedFor(`o/a@${impostor}`)).toBe('lock/impostor-commit');
    origins.git('o/a', 'update-ref', 'refs/heads/release', impostor);
    expect(await refusedFor(`o/a@${impostor}`)).toBeUndefined();
    origins.git('o/a', 'update-ref', `refs/heads/${first}`, second);
    expect(await refusedFor(`o/a@${first}`)).toBe('lock/ref-confusion');
  });

  test('peels an annotated tag, and names a commit by its most exact tag', async () => {
    const commit = origins.commit('o/a', { 'action.yml': NODE }, 'refs/tags/v1', 'refs/tags/v1.2');
    origins.git('o/a', 'tag', '-a', 'v1.2.3', '-m', 'x');
    const { made } = await locked({ [CI]: workflow('o/a@v1.2.3', `o/a@${commit}`) });
    expect(made.lock.actions.get('o/a@v1.2.3')).toMatchObject({ commit, kind: 'tag' });
    expect(made.lock.actions.get(`o/a@${commit}`)?.tags).toEqual(['v1.2.3', 'v1.2', 'v1']);
    expect(lockedUse({ own: made.lock }, 'o/a@v1')).toBeUndefined();
    expect(lockedUse({ own: made.lock }, `o/a@${commit}`)).toMatchObject({ commit, version: 'v1.2.3' });
  });

  test('tells what nobody can lock, and an image that has no digest', async () => {
    const { made } = await locked({
      [CI]: `on: push\njobs: { a: { runs-on: x, container: 'alpine:3', steps: [ { uses: '\${{ matrix.a }}' }, { uses: 'docker://a@sha256:${'a'.repeat(64)}' } ] } }\n`,
    });
    expect(made.notes.join('\n')).toContain('the image alpine:3 has no digest');
    expect(made.notes.join('\n')).toContain('matrix.a');
    expect(made.lock.images.get(`a@sha256:${'a'.repeat(64)}`)).toBe(`sha256:${'a'.repeat(64)}`);
  });
});

describe('the digest of a tree', () => {
  test('is what anyone gets from the listing that is documented, links and odd names included', async () => {
    origins.commit('o/a', { 'action.yml': NODE, 'with space': 'x', 'a/\u00e9': '', 'a-b': 'y', 'a.c': 'z' });
    execFileSync('ln', ['-s', '/etc/passwd', join(origins.directory, 'o/a/link')]);
    writeFileSync(join(origins.directory, 'o/a/run.sh'), '#!/bin/sh\n', { mode: 0o755 });
    const commit = origins.commit('o/a', {}, 'refs/tags/v1');
    const { made } = await locked({ [CI]: workflow('o/a@v1') });
    const documented = `git ls-tree -r -z --full-tree ${commit} | while IFS= read -r -d '' entry; do
      path=\${entry#*$'\\t'}; set -- \${entry%%$'\\t'*}
      sum=$(git cat-file blob "$3" | sha256sum); printf '%s %s %s\\0' "$1" "\${sum%% *}" "$path"
    done | sha256sum`;
    const sum = execFileSync('bash', ['-c', documented], {
      cwd: join(origins.directory, 'o/a'),
      encoding: 'utf8',
    });
    expect(made.lock.actions.get('o/a@v1')?.tree).toBe(`sha256-${sum.slice(0, 64)}`);
  });

  test('does not depend on filters and attributes of the tree, and no program that it names is run', async () => {
    const mark = join(origins.directory, 'ran');
    origins.commit('o/a', { 'action.yml': NODE });
    const plain = await locked({ [CI]: workflow('o/a@main') });
    origins.git('o/a', 'config', 'filter.evil.smudge', `touch ${mark}; cat`);
    origins.git('o/a', 'config', 'filter.evil.clean', 'cat');
    origins.git('o/a', 'config', 'core.fsmonitor', `touch ${mark}`);
    origins.git('o/a', 'config', 'core.sshCommand', `touch ${mark}`);
    writeFileSync(
      join(origins.directory, 'o/a/.git/info/attributes'),
      '* filter=evil diff=evil text eol=crlf\n',
    );
    expect((await locked({ [CI]: workflow('o/a@main') })).text).toBe(plain.text);
    expect(existsSync(mark)).toBe(false);
    // Somebody who reads that folder as it is runs its program.
    origins.git('o/a', 'status');
    expect(existsSync(mark)).toBe(true);
  });

  test('is refused where an object is missing, and the program by which a partial clone would get it is not run', async () => {
    const mark = join(origins.directory, 'fetched');
    const program = join(origins.directory, 'program');
    origins.commit('o/a', { 'action.yml': NODE, 'one.txt': '1' });
    writeFileSync(program, `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });
    for (const [key, value] of [
      ['remote.evil.url', `ext::${program}`],
      ['remote.evil.promisor', 'true'],
      ['protocol.ext.allow', 'always'],
      ['core.repositoryformatversion', '1'],
      ['extensions.partialClone', 'evil'],
    ] as const)
      origins.git('o/a', 'config', key, value);
    const blob = origins.git('o/a', 'rev-parse', 'HEAD:one.txt');
    rmSync(join(origins.directory, 'o/a/.git/objects', blob.slice(0, 2), blob.slice(2)), { force: true });
    expect(await refusedFor('o/a@main')).toBe('lock/missing');
    expect(existsSync(mark)).toBe(false);
    // The same program does run for somebody who reads that object as it is.
    expect(() => origins.git('o/a', 'cat-file', 'blob', blob)).toThrow();
    expect(existsSync(mark)).toBe(true);
  });

  test('tells a mirror that has another tree than the lock, and a commit that is gone', async () => {
    origins.commit('o/a', { 'action.yml': NODE }, 'refs/tags/v1');
    origins.commit('o/b', { 'action.yml': NODE }, 'refs/tags/v1');
    const { made } = await locked({ [CI]: workflow('o/a@v1', 'o/b@v1') });
    expect(await verifyLock(made.lock, mirrors(), {})).toMatchObject({
      verified: ['o/a@v1', 'o/b@v1'],
      wrong: [],
    });
    const entry = made.lock.actions.get('o/a@v1');
    if (entry === undefined) throw new Error('it is not locked');
    const other = {
      ...made.lock,
      actions: new Map([...made.lock.actions, ['o/a@v1', { ...entry, tree: `sha256-${'0'.repeat(64)}` }]]),
    };
    origins.git('o/b', 'update-ref', '-d', 'refs/tags/v1');
    origins.git('o/b', 'checkout', '-q', '--orphan', 'other');
    origins.git('o/b', 'commit', '-q', '-m', 'y');
    origins.git('o/b', 'branch', '-D', 'main');
    const held = await verifyLock(other, mirrors(), {});
    expect(held.wrong.map(({ rule }) => rule)).toEqual(['lock/tree-mismatch', 'lock/impostor-commit']);
  });
});

describe('GitHub\u2019s own lock', () => {
  const GITHUB = (commit: string, extra = '') => `# header of another tool
version: 'v0.0.2'
workflows:
    '${CI}':
        - 'o/a@v1'
dependencies:
    'o/a@v1':
        ref: 'v1'
        commit: 'sha1-${commit}'
        owner_id: 12
        repo_id: 34
${extra}`;

  test('is read and written back byte for byte, its header and keys that nobody knows included', async () => {
    const commit = origins.commit('o/a', { 'action.yml': NODE }, 'refs/tags/v1');
    const text = GITHUB(commit, '        "later": {"x":[1,true,null]}\n"also": "kept"\n');
    const { subject, made } = await locked({ [CI]: workflow('o/a@v1'), [ACTIONS_LOCK]: text });
    const written = actionsLockFrom(subject, made, new Map());
    expect(written.ok && written.value !== undefined && actionsLockText(written.value)).toBe(text);
  });

  test('may list what is used directly, as its own tool does, or all of it, as its schema says; both agree and stay', async () => {
    const leaf = origins.commit('o/leaf', { 'action.yml': NODE }, 'refs/tags/v2');
    const commit = origins.commit('o/a', { 'action.yml': composite('o/leaf@v2') }, 'refs/tags/v1');
    const entry = (pin: string, ref: string, digest: string, uses = '') =>
      `    '${pin}':\n        ref: '${ref}'\n        commit: 'sha1-${digest}'\n        owner_id: 1\n        repo_id: 2\n${uses}`;
    const text = (list: string) =>
      `# x\nversion: 'v0.0.2'\nworkflows:\n    '${CI}':\n${list}dependencies:\n${entry('o/a@v1', 'v1', commit, "        uses:\n            - 'o/leaf@v2'\n")}${entry('o/leaf@v2', 'v2', leaf)}`;
    const direct = text("        - 'o/a@v1'\n");
    const all = text("        - 'o/a@v1'\n        - 'o/leaf@v2'\n");
    for (const github of [direct, all]) {
      const { subject, made } = await locked({ [CI]: workflow('o/a@v1'), [ACTIONS_LOCK]: github });
      expect(disagreements(subject, { literal: true })).toEqual([]);
      const written = actionsLockFrom(subject, made, new Map());
      expect(written.ok && written.value !== undefined && actionsLockText(written.value)).toBe(github);
    }
    const short = await subjectOf({
      [CI]: workflow('o/a@v1'),
      [ACTIONS_LOCK]: direct.split("    'o/leaf@v2':")[0] ?? '',
    });
    expect(disagreements(short).map(({ why }) => why)).toEqual([`o/leaf@v2 is not in ${ACTIONS_LOCK}`]);
  });

  test('keeps a commit that it has though the tag has moved, and contradicts ours when they differ', async () => {
    const old = origins.commit('o/a', { 'action.yml': NODE }, 'refs/tags/v1');
    origins.commit('o/a', { b: '1' }, 'refs/tags/v1');
    const files = { [CI]: workflow('o/a@v1'), [ACTIONS_LOCK]: GITHUB(old) };
    const { made } = await locked(files);
    expect(made.lock.actions.get('o/a@v1')?.commit).toBe(old);
    const own = ownLockText(made.lock);
    const both = await subjectOf({ ...files, [OWN_LOCK]: own });
    expect(disagreements(both)).toEqual([]);
    expect(lockedUse(both.repository.locks, 'o/a@v1')?.commit).toBe(old);
    const other = await subjectOf({ ...files, [ACTIONS_LOCK]: GITHUB('1'.repeat(40)), [OWN_LOCK]: own });
    expect(
      disagreements(other)
        .map(({ why }) => why)
        .join(),
    ).toContain('and .github/workflows/actions.lock at 1111');
    expect(lockedUse(other.repository.locks, 'o/a@v1')).toBeUndefined();
  });

  test('is begun only where numbers are known, and never left half: GitHub would refuse the run', async () => {
    origins.commit('o/a', { 'action.yml': NODE }, 'refs/tags/v1');
    const commit = origins.commit('o/b', { 'action.yml': NODE }, 'refs/tags/v1');
    const { subject, made } = await locked({
      [CI]: workflow('o/a@v1', `o/b@${commit}`),
      '.github/workflows/b.yml': workflow('o/a@v1'),
    });
    expect(actionsLockFrom(subject, made, new Map())).toEqual({ ok: true, value: undefined });
    const one = new Map([['o/a', { ownerId: 1, repositoryId: 2 }]]);
    const begun = actionsLockFrom(subject, made, one);
    expect(begun.ok && [...(begun.value?.workflows.keys() ?? [])]).toEqual(['.github/workflows/b.yml']);
    const all = actionsLockFrom(subject, made, new Map([...one, ['o/b', { ownerId: 1, repositoryId: 3 }]]));
    expect(all.ok && all.value?.dependencies.get(`o/b@${commit}`)).toMatchObject({
      ref: 'v1',
      commit,
      ownerId: 1,
    });
    const inside = await locked({
      [CI]: workflow('o/a@v1', 'o/b@v1'),
      [ACTIONS_LOCK]: GITHUB(origins.git('o/a', 'rev-parse', 'v1')),
    });
    expect(actionsLockFrom(inside.subject, inside.made, new Map())).toMatchObject({
      ok: false,
      error: [{ rule: 'lock/no-id' }],
    });
  });
});
