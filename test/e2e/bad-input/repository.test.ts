import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { gatherFiles } from '../../../src/gate/index.ts';
import { Place } from '../cofferdam.fixture.ts';
import { OrdinaryUser } from '../ordinary-user.fixture.ts';

const GOOD =
  'on: issues\njobs:\n  z:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ github.event.issue.title }}\n';

const ANY = 0;

let root = '';
let workflows = '';
const place = new Place();
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cofferdam-odd-'));
  workflows = join(root, '.github/workflows');
  mkdirSync(workflows, { recursive: true });
  writeFileSync(join(workflows, 'good.yml'), GOOD);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

interface Told {
  readonly rule: string;
  readonly at: { readonly file: string; readonly line: number; readonly column: number };
  readonly message: string;
}

async function findings(): Promise<readonly Told[]> {
  const run = await place.run(['check', '--json', '--no-cache', root]);
  expect(run.stderr).toBe('');
  expect(run.status).toBe(1);
  return (JSON.parse(run.stdout) as { readonly findings: readonly Told[] }).findings;
}

it('what is no plain file, no text or no YAML is one finding with its place each, and the others are judged as before', async () => {
  const before = await findings();
  const put = (name: string | Buffer, content: string | Buffer): void =>
    writeFileSync(Buffer.concat([Buffer.from(`${workflows}/`), Buffer.from(name)]), content);
  const expected: Record<string, readonly [line: number, column: number, message: string]> = {};
  const bad = (
    name: string,
    content: string | Buffer | undefined,
    message: string,
    line = 1,
    column = 1,
  ): void => {
    if (content !== undefined) put(name, content);
    expected[`.github/workflows/${name}`] = [line, column, message];
  };
  execFileSync('mkfifo', [join(workflows, 'fifo.yml')]);
  bad('fifo.yml', undefined, 'no plain file');
  const server: Server = createServer().listen(join(workflows, 'socket.yml'));
  await new Promise((done) => server.once('listening', done));
  bad('socket.yml', undefined, 'cannot be read');
  for (const [name, target] of [
    ['dangling.yml', 'nowhere'],
    ['loop.yml', 'loop.yml'],
    ['out.yml', '/etc/passwd'],
    ['in.yml', 'good.yml'],
  ] as const) {
    symlinkSync(target, join(workflows, name));
    bad(name, undefined, 'is a link, which is not followed');
  }
  bad('nul.yml', `${GOOD}# \0\n`, 'NUL', 7, 3);
  bad('latin.yml', Buffer.concat([Buffer.from(`\ufeff${GOOD}# `), Buffer.of(0xe9, 10)]), 'not UTF-8', 7, 3);
  bad('utf16.yml', Buffer.from(`\ufeff${GOOD}`, 'utf16le'), 'not UTF-8');
  bad('empty.yml', '', 'empty');
  bad('comment.yml', '# x\n', 'empty');
  bad('two.yml', `${GOOD}---\n${GOOD}`, 'more than one document', 7);
  bad('dup.yml', `${GOOD}jobs: {}\n`, 'unique', 7);
  bad('large.yml', 'a'.repeat(1_100_000), 'larger');
  bad('deep.yml', `on: ${'['.repeat(100)}${']'.repeat(100)}`, 'nests too deep', 1, 65);
  // The column is where the parser’s stack ended.
  bad('deeper.yml', '['.repeat(100_000), 'nests too deep', 1, ANY);
  bad('tag.yml', 'on: !!python/object:x {}\n', 'tags', 1, 23);
  bad(
    'bomb.yml',
    `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefg'].map((name, at) => `${name}: &${name} [${`*${'abcdef'[at]},`.repeat(9)}]\n`).join('')}`,
    'values',
    1,
    ANY,
  );
  put(Buffer.from([0x62, 0xff, 0xfe, ...Buffer.from('.yml')]), GOOD);
  expected['.github/workflows/b\ufffd\ufffd.yml'] = [1, 1, 'not UTF-8 text'];
  // What is odd in its name alone is read like any other.
  const odd = ['a\nb.yml', 'a\u001b[31m.yml', 'a%b::c,d:e.yml', 'q"\'`|<b>.yml', '\u202ebidi.yml', ' .yml'];
  for (const name of odd) put(name, GOOD);
  const after = await findings();
  server.close();
  const unread = after.filter(({ rule }) => rule === 'unread-file');
  for (const [path, [line, column, message]] of Object.entries(expected)) {
    const own = unread.filter(({ at }) => at.file === path);
    expect(own.length, path).toBe(1);
    expect(own[0]?.message, path).toContain(message);
    expect(own[0]?.at.line, path).toBe(line);
    if (column !== ANY) expect(own[0]?.at.column, path).toBe(column);
  }
  expect(unread.length).toBe(Object.keys(expected).length);
  const of = (list: readonly Told[], path: string): readonly string[] =>
    list
      .filter(({ at }) => at.file === path)
      .map(({ rule, message, at }) => `${rule} ${at.line} ${message.replaceAll(path, '')}`);
  const good = of(before, '.github/workflows/good.yml');
  expect(good.length).toBeGreaterThan(1);
  for (const name of ['good.yml', ...odd]) expect(of(after, `.github/workflows/${name}`), name).toEqual(good);
}, 120_000);

it('workflows and actions that call each other in circles are judged to their end', async () => {
  const call = (to: string): string =>
    `on: [issues, workflow_call]\njobs: { a: { uses: ./.github/workflows/${to}.yml } }\n`;
  writeFileSync(join(workflows, 'a.yml'), call('b'));
  writeFileSync(join(workflows, 'b.yml'), call('a'));
  writeFileSync(join(workflows, 'c.yml'), call('c'));
  for (const [own, other] of ['xy', 'yx', 'zz']) {
    mkdirSync(join(root, own ?? ''));
    writeFileSync(
      join(root, `${own}/action.yml`),
      `name: a\ndescription: b\nruns: { using: composite, steps: [ { uses: ./${other} }, { uses: $/${other} } ] }\n`,
    );
  }
  symlinkSync('..', join(root, 'x/up'));
  expect((await findings()).some(({ rule }) => rule === 'template-injection')).toBe(true);
});

it('however many folders there are, workflows are looked at, and that not all were is said', async () => {
  for (let at = 0; at < 4_100; at += 1) mkdirSync(join(root, `a${at}`));
  const told = await findings();
  expect(told.map(({ rule }) => rule)).toContain('template-injection');
  expect(told.map(({ message }) => message).join()).toContain('more than 4000 folders');
}, 60_000);

it('a folder that cannot be looked into is a finding: it may hold anything', async () => {
  const user = new OrdinaryUser();
  try {
    const work = join(user.work, 'r');
    execFileSync('cp', ['-r', root, work]);
    mkdirSync(join(work, 'closed'));
    chmodSync(join(work, 'closed'), 0);
    chmodSync(join(work, '.github/workflows'), 0o700);
    chmodSync(work, 0o755);
    const run = await user.cofferdam('one', 'check', '--no-cache', 'r');
    expect(run.status, run.stdout + run.stderr).not.toBe(0);
    for (const name of ['closed', '.github/workflows'])
      expect(run.stdout + run.stderr).toContain(`${name} cannot be looked into (EACCES)`);
  } finally {
    user.remove();
  }
}, 60_000);

it('files that come, go and change while they are read make it fail in no way', async () => {
  const end = new AbortController();
  const churn = (async () => {
    for (let at = 0; !end.signal.aborted; at += 1) {
      const name = join(workflows, `n${at % 7}.yml`);
      writeFileSync(name, GOOD.repeat(at % 400));
      if (at % 3 === 0) unlinkSync(name);
      else if (at % 3 === 1) renameSync(name, join(workflows, 'moved.yml'));
      await new Promise(setImmediate);
    }
  })();
  for (let at = 0; at < 200; at += 1)
    expect((await gatherFiles(root)).map(({ path }) => path)).toContain('.github/workflows/good.yml');
  end.abort();
  await churn;
});

it('a link or a file elsewhere that is named is not followed, and a folder with nothing to check says so with exit 2', async () => {
  const outside = mkdtempSync(join(tmpdir(), 'cofferdam-outside-'));
  try {
    writeFileSync(join(outside, 'secret.yml'), 'hidden: words\n');
    symlinkSync(join(outside, 'secret.yml'), join(workflows, 'link.yml'));
    const run = await place.run(['check', join(workflows, 'link.yml')]);
    expect(run.status).toBe(1);
    expect(run.stdout).toContain('is a link, which is not followed');
    expect(run.stdout).not.toContain('hidden');
    rmSync(join(outside, 'secret.yml'));
    const none = await place.run(['check', outside]);
    expect(none.status).toBe(2);
    expect(none.stderr).toContain('there is nothing to check');
  } finally {
    rmSync(outside, { recursive: true });
  }
});
