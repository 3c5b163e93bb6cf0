import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openWorkspace } from '../workspace/index.ts';
import { type Applied, applyChanges, type Change, listChanges, showDiff } from './index.ts';
import { leadsOut } from './link-target.ts';
import { whySensitive } from './sensitive.ts';

let place = '';
let folder = '';
let kept = '';
let count = 0;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'changes-'));
  folder = join(place, 'work');
  mkdirSync(folder);
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

function put(path: string, content: string): void {
  const at = join(folder, path);
  mkdirSync(join(at, '..'), { recursive: true });
  writeFileSync(at, content);
}

/** Runs a shell script as a job would see the folder: on a real copy-on-write workspace, of which the layer is kept. */
async function work(script: string): Promise<{ changes: readonly Change[]; since: Date; output: string }> {
  count += 1;
  const directory = join(place, `run-${count}`);
  mkdirSync(directory, { mode: 0o700 });
  // The kernel's clock for files is a tick behind.
  await new Promise((resolve) => setTimeout(resolve, 20));
  const since = new Date();
  let output = '';
  const opened = await openWorkspace({
    directory,
    source: folder,
    sizeBytes: 50_000_000,
    inodes: 5_000,
    hostUid: 231_072,
    hostGid: 231_072,
    exchangeBytes: 1_000_000,
    exchangeInodes: 100,
  });
  if (!opened.ok) throw new Error(opened.error.why);
  kept = join(directory, 'kept');
  try {
    const at = opened.value.mergedHostPath;
    output = execFileSync(
      'setpriv',
      ['--reuid=231072', '--regid=231072', '--clear-groups', 'sh', '-ec', script],
      {
        cwd: at,
        encoding: 'utf8',
        stdio: 'pipe',
      },
    );
  } finally {
    expect(await opened.value.close({ keepUpperAt: kept })).toEqual({ leftBehind: [] });
  }
  const listed = await listChanges(folder, kept);
  if (!listed.ok) throw new Error(listed.error.why);
  return { changes: listed.value, since, output };
}

function apply(run: { changes: readonly Change[]; since: Date }, include: readonly string[] = []): Applied {
  return applyChanges({ folder, upper: kept, include, ...run });
}

/** Every name, link, content and executable bit below the current folder. */
const TREE = `export LC_ALL=C; find . -mindepth 1 -printf '%y %P %l\\n' | sort; find . -type f -perm -100 | sort
find . -type f -print0 | sort -z | xargs -0 -r sha256sum`;

const told = (changes: readonly Change[]) =>
  changes.map((change) => `${change.kind} ${change.type} ${change.path.toString()}`);
const left = (applied: Applied) =>
  applied.leftOut.map(({ path, because }) => `${because} ${path.toString()}`);

describe('what a command changed', () => {
  test('is listed by path, with everything that a deleted or replaced folder held', async () => {
    put('kept.txt', 'same');
    put('gone/a/b.txt', 'b');
    put('becomes-file/x', 'x');
    put('changed.txt', 'one');
    put('tool', '#!/bin/sh');
    symlinkSync('kept.txt', join(folder, 'link'));
    const { changes } = await work(`
      touch kept.txt; echo same > other; printf same > kept.txt
      rm -r gone becomes-file; echo f > becomes-file
      echo two > changed.txt; chmod +x tool
      ln -sfn changed.txt link; mkdir new; mkfifo new/pipe
    `);
    expect(told(changes)).toEqual([
      'modified file becomes-file',
      'deleted file becomes-file/x',
      'modified file changed.txt',
      'deleted folder gone',
      'deleted folder gone/a',
      'deleted file gone/a/b.txt',
      'modified link link',
      'added folder new',
      'added other new/pipe',
      'added file other',
      'modified file tool',
    ]);
  });

  test('knows a folder that was removed and made again', async () => {
    put('dir/old', 'old');
    put('dir/both', 'both');
    const { changes } = await work('rm -r dir; mkdir dir; printf both > dir/both; echo n > dir/new');
    expect(told(changes)).toEqual(['added file dir/new', 'deleted file dir/old']);
  });

  test('is shown as a diff in which nothing of the job\u2019s acts on a terminal', async () => {
    put('a.txt', 'one\ntwo\n');
    const { changes } = await work(
      `printf 'one\\n\\033[2Jtwo\\342\\200\\256\\n' > a.txt; echo x > "$(printf 'n\\nb\\033')"; head -c 9 /dev/zero > zero`,
    );
    const shown = changes.map((change) => showDiff(change, folder, kept)).join('');
    expect(shown).toContain('-two');
    expect(shown).toContain('+\\x1b[2Jtwo\\u202e');
    expect(shown).toContain('added file n\\nb\\x1b');
    expect(shown).toContain('added file zero, 9 B, not shown');
    expect(/[\u0000-\u0008\u000b-\u001f\u202e]/.test(shown)).toBe(false);
  });
});

describe('applying it', () => {
  test('makes the folder what the command saw, and a second time changes nothing', async () => {
    put('gone/a/b.txt', 'b');
    put('becomes-folder', 'f');
    put('becomes-file/x', 'x');
    put('changed.txt', 'one');
    const run = await work(`
      rm -r gone becomes-file becomes-folder
      mkdir -p becomes-folder/in; echo 1 > becomes-folder/in/one; echo f > becomes-file
      echo two > changed.txt; echo '#!/bin/sh' > tool; chmod 4755 tool; ln -s changed.txt link
    `);
    const done = apply(run);
    expect(done.leftOut).toEqual([]);
    expect(existsSync(join(folder, 'gone'))).toBe(false);
    expect(readFileSync(join(folder, 'becomes-folder/in/one'), 'utf8')).toBe('1\n');
    expect(readFileSync(join(folder, 'becomes-file'), 'utf8')).toBe('f\n');
    expect(readFileSync(join(folder, 'changed.txt'), 'utf8')).toBe('two\n');
    expect(readlinkSync(join(folder, 'link'))).toBe('changed.txt');
    expect(lstatSync(join(folder, 'tool')).mode & 0o7777).toBe(0o755);
    expect(lstatSync(join(folder, 'tool')).uid).toBe(lstatSync(folder).uid);
    const again = await listChanges(folder, kept);
    expect(again.ok && again.value).toEqual([]);
    expect(apply(run).applied).toEqual([]);
  });

  test('leaves alone what changed since, and does the rest', async () => {
    put('mine.txt', 'one');
    put('rest.txt', 'one');
    put('dropped', 'x');
    const run = await work('echo job > mine.txt; echo job > rest.txt; echo job > new.txt; rm dropped');
    put('mine.txt', 'my own work');
    // Whoever backdates a file cannot backdate when its inode changed.
    utimesSync(join(folder, 'mine.txt'), 1, 1);
    put('new.txt', 'mine too');
    put('dropped', 'y');
    const done = apply(run);
    expect(left(done)).toEqual(['conflict dropped', 'conflict mine.txt', 'conflict new.txt']);
    expect(readFileSync(join(folder, 'mine.txt'), 'utf8')).toBe('my own work');
    expect(readFileSync(join(folder, 'rest.txt'), 'utf8')).toBe('job\n');
  });

  test('never writes through a link, whoever put it there and when', async () => {
    const outside = join(place, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'passwd'), 'root');
    put('dir/passwd', 'one');
    put('other/passwd', 'one');
    const run = await work(
      'echo evil > dir/passwd; echo evil > dir/more; rm -r other; ln -s ../outside other',
    );
    rmSync(join(folder, 'dir'), { recursive: true });
    symlinkSync(outside, join(folder, 'dir'));
    const done = apply(run);
    expect(left(done)).toEqual(['failed dir/more', 'failed dir/passwd', 'rule other'].toSorted());
    expect(readFileSync(join(outside, 'passwd'), 'utf8')).toBe('root');
    expect(existsSync(join(outside, 'more'))).toBe(false);
    // The same change does reach outside for somebody who copies it by path.
    execFileSync('cp', [join(kept, 'dir/passwd'), join(folder, 'dir/passwd')]);
    expect(readFileSync(join(outside, 'passwd'), 'utf8')).toBe('evil\n');
  });

  test('writes nothing that a tool would obey, unless it is named', async () => {
    put('.git/config', '[core]');
    put('.npmrc', 'a=b');
    const run = await work(`
      mkdir -p .git/hooks .GIT/hooks sub/.git .github/workflows .husky .vscode .cargo
      for f in .git/hooks/pre-commit .git/config .GIT/hooks/x sub/.git/config .github/workflows/ci.yml .husky/pre-push \
        .npmrc .bashrc .vscode/tasks.json .cargo/config.toml fine.txt; do echo evil > $f; done
    `);
    const done = apply(run, ['.github/workflows']);
    expect(told(done.applied)).toEqual([
      'added folder .github',
      'added folder .github/workflows',
      'added file .github/workflows/ci.yml',
      'added file fine.txt',
      'added folder sub',
    ]);
    expect(readFileSync(join(folder, '.git/config'), 'utf8')).toBe('[core]');
    expect(readFileSync(join(folder, '.npmrc'), 'utf8')).toBe('a=b');
    expect(existsSync(join(folder, '.git/hooks'))).toBe(false);
    expect(existsSync(join(folder, '.bashrc'))).toBe(false);
  });

  test.each([
    ['made at once', ['']],
    ['made in two steps', ['rm -r docs/objects', '']],
    ['that was there, whose configuration is changed', []],
  ])('writes nothing into a folder that is a repository under another name: %s', async (_how, steps) => {
    const mark = join(place, 'ran');
    const repository = (then: string): string => `
      mkdir -p docs/objects docs/refs docs/worktree; touch docs/worktree/x; echo 'ref: refs/heads/main' > docs/HEAD
      printf '[core]\\n\\trepositoryformatversion = 0\\n\\tfsmonitor = "touch ${mark} #"\\n\\tbare = false\\n\\tworktree = worktree\\n' > docs/config
      ${then}`;
    const gitIn = (at: string): void => {
      const env = { PATH: '/usr/bin:/bin', HOME: place, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_COUNT: '1' };
      const safe = { GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' };
      try {
        execFileSync('git', ['status'], { cwd: at, env: { ...env, ...safe }, stdio: 'pipe' });
      } catch {
        // It is no repository.
      }
    };
    if (steps.length === 0) execFileSync('git', ['init', '-q', '--bare', join(folder, 'docs')]);
    for (const step of steps.length === 0 ? [''] : steps) {
      apply(await work(repository(`${step}\n      touch docs/readme`)));
    }
    if (existsSync(join(folder, 'docs'))) gitIn(join(folder, 'docs'));
    expect(existsSync(mark)).toBe(false);
    // Git obeys it for whoever takes it all.
    apply(await work(repository('')), ['docs']);
    gitIn(join(folder, 'docs'));
    expect(existsSync(mark)).toBe(true);
  });

  test('takes files with holes as they are, and none that is nothing but holes beyond reason', async () => {
    const run = await work(`
      truncate -s 8000000000 holes; printf end >> holes; printf middle | dd of=holes bs=1 seek=4000000000 conv=notrunc status=none
      truncate -s 4T bomb; truncate -s 60G large; echo plain > plain`);
    const done = apply(run);
    expect(left(done)).toEqual(['failed bomb']);
    expect(done.leftOut[0]?.why).toContain('claims far more bytes than it holds');
    expect(lstatSync(join(folder, 'large')).size).toBe(60 * 2 ** 30);
    const holes = lstatSync(join(folder, 'holes'));
    expect(holes.size).toBe(8_000_000_003);
    expect(holes.blocks * 512).toBeLessThan(10_000_000);
    const read = (skip: number, count: number): string =>
      execFileSync('dd', [`if=${join(folder, 'holes')}`, 'bs=1', `skip=${skip}`, `count=${count}`], {
        encoding: 'utf8',
        stdio: 'pipe',
      });
    expect(read(4_000_000_000, 6)).toBe('middle');
    expect(read(8_000_000_000, 3)).toBe('end');
  });

  test('takes no device, pipe, set-id bit or hard link to elsewhere along', async () => {
    put('a', 'a');
    const run = await work('mkfifo pipe; ln a b; echo changed >> b');
    const done = apply(run);
    expect(left(done)).toEqual(['rule pipe']);
    expect(lstatSync(join(folder, 'a')).nlink).toBe(1);
    expect(readFileSync(join(folder, 'b'), 'utf8')).toBe('achanged\n');
  });

  test('leaves nothing half done when a folder cannot be emptied', async () => {
    put('dir/a', 'a');
    const run = await work('rm -r dir');
    put('dir/mine', 'mine');
    expect(left(apply(run))).toEqual(['conflict dir']);
    expect(existsSync(join(folder, 'dir/mine'))).toBe(true);
    expect(existsSync(join(folder, 'dir/a'))).toBe(false);
  });

  test('of any changes gives what the command saw, and changes nothing outside', async () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd e', '-f', '\u00e9');
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
    const act = fc.oneof(
      path.map((at) => `rm -rf './${at}' 2>/dev/null || true`),
      path.map((at) => `mkdir -p './${at}' 2>/dev/null || true`),
      fc
        .tuple(path, fc.constantFrom('1', '22', ''))
        .map(([at, text]) => `(echo ${text} > './${at}') 2>/dev/null || true`),
      path.map((at) => `chmod +x './${at}' 2>/dev/null || true`),
      fc.tuple(path, name).map(([at, to]) => `ln -sfn './${to}' './${at}' 2>/dev/null || true`),
    );
    const acts = fc.array(act, { maxLength: 8 });
    writeFileSync(join(place, 'outside'), 'outside');
    await fc.assert(
      fc.asyncProperty(acts, acts, async (first, then) => {
        rmSync(folder, { recursive: true, force: true });
        mkdirSync(folder);
        execFileSync('sh', ['-c', first.join('\n')], { cwd: folder });
        const run = await work(`${then.join('\n')}\n${TREE}`);
        const wanted = run.changes.length;
        const done = apply(run);
        expect(done.applied.length + done.already.length + done.leftOut.length).toBe(wanted);
        if (done.leftOut.length === 0) {
          expect(execFileSync('sh', ['-c', TREE], { cwd: folder, encoding: 'utf8' })).toBe(run.output);
        }
        const after = await listChanges(folder, kept);
        const leftOver = after.ok
          ? after.value.filter((change) => !done.leftOut.some((out) => out.path.equals(change.path)))
          : [];
        if (done.leftOut.length === 0) expect(told(leftOver)).toEqual([]);
        expect(readFileSync(join(place, 'outside'), 'utf8')).toBe('outside');
      }),
      { numRuns: 25 },
    );
  });
});

describe('a sensitive path', () => {
  test.each([
    '.git/config',
    'a/.GIT/hooks/x',
    '.g\u200cit/config',
    'sub/.npmrc',
    '.github/workflows/ci.yml',
    '.git ',
    'x/.envrc',
    'GIT~1/config',
    '.claude/settings.json',
    '.git::$INDEX_ALLOCATION/config',
    'a/.hg/hgrc',
    '.irbrc',
    '.bazelrc',
    'poetry.toml',
    'a/.config/mise.toml',
    '.helix/languages.toml',
    'a.code-workspace',
    '.clinerules-code/x',
    'AGENT.md',
  ])('is %j', (path) => expect(whySensitive(Buffer.from(path))).toBeDefined());
  test.each(['src/git/config', 'github/workflows', 'package.json', 'a.npmrc', 'node_modules/.bin/tsc'])(
    'is not %j',
    (path) => expect(whySensitive(Buffer.from(path))).toBeUndefined(),
  );
});

describe('a link', () => {
  const no = () => false;
  test.each([
    ['a', '/etc/passwd', true],
    ['a', '../x', true],
    ['d/a', '../x', false],
    ['d/a', '../../x', true],
    ['a', '/work/x', false],
    ['a', '/work/../etc', true],
    ['a', '/workx', true],
    ['a', 'b/../../x', true],
    ['a', '.git/config', true],
    ['a', '.', false],
  ])('at %s to %s leads out: %s', (path, target, out) => {
    expect(leadsOut(Buffer.from(path), Buffer.from(target), '/work', no)).toBe(out);
  });

  test('that passes through another link leads out, wherever that one leads', () => {
    const isLink = (path: Buffer) => path.toString() === 'b';
    expect(leadsOut(Buffer.from('a'), Buffer.from('b/x'), '/work', isLink)).toBe(true);
    expect(leadsOut(Buffer.from('a'), Buffer.from('b'), '/work', isLink)).toBe(false);
  });
});
