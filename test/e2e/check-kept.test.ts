import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { packed, unpacked } from '../../src/cli/check/packed-json.ts';
import { Place, type Ran } from './cofferdam.fixture.ts';

const place = new Place();
const top = mkdtempSync(join(tmpdir(), 'cofferdam-kept-'));
let root = top;
let cache = top;
let count = 0;

const SOUND =
  'on: push\npermissions: {}\njobs: { a: { runs-on: ubuntu-latest, timeout-minutes: 5, steps: [ { run: make } ] } }\n';
const INJECTED = SOUND.replace('on: push', 'on: issues').replace(
  'run: make',
  "run: 'echo ${{ github.event.issue.title }}'",
);
// Its findings are answered for by a comment, and one that does not count is a finding.
const COMMENTED = `# cofferdam: ignore[template-injection]\n${INJECTED}`;

beforeEach(() => {
  count += 1;
  root = join(top, String(count));
  cache = join(root, 'cache');
  mkdirSync(join(root, '.github/workflows'), { recursive: true });
  write('sound.yml', SOUND);
  write('injected.yml', INJECTED);
  write('commented.yml', COMMENTED);
  write('broken.yml', 'on: [push\n');
});
afterAll(() => {
  place.remove();
  rmSync(top, { recursive: true });
});

function write(name: string, text: string): void {
  writeFileSync(join(root, '.github/workflows', name), text);
}

const folder = (): string => join(cache, 'cofferdam/checked');
const kept = (what: string): readonly string[] =>
  existsSync(folder()) ? readdirSync(folder()).filter((name) => name.startsWith(what)) : [];

const check = (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Ran> =>
  place.run(['check', ...args], { cwd: root, env: { XDG_CACHE_HOME: cache, ...env } });
const anew = (args: readonly string[] = []): Promise<Ran> => check(['--no-cache', ...args]);

/** Changes what was kept and seals nothing: as a disk or another program would. */
function damage(what: string, change: (text: string) => string): void {
  for (const name of kept(what)) {
    const path = join(folder(), name);
    const text = readFileSync(path, 'utf8');
    const other = change(text);
    expect(other).not.toBe(text);
    writeFileSync(path, other);
  }
}

describe('what cofferdam check keeps', () => {
  it('gives the second time, byte for byte, what judging anew gives, in every form and question', async () => {
    for (const args of [
      [],
      ['--format', 'json'],
      ['--format', 'sarif'],
      ['--format', 'github'],
      ['--format', 'markdown'],
      ['--format', 'html'],
      ['--persona', 'auditor'],
      ['--severity', 'high', '-q'],
      ['--diff'],
      ['--graph'],
      ['--zones', '--json'],
      ['.github/workflows/injected.yml'],
    ]) {
      const first = await anew(args);
      expect(first.stdout, args.join(' ')).not.toBe('');
      expect(await check(args), args.join(' ')).toEqual(first);
      expect(await check(args), args.join(' ')).toEqual(first);
    }
    expect(kept('answer-')).toHaveLength(1);
    expect(kept('trees-')).toHaveLength(1);
    expect(kept('mends-')).toHaveLength(1);
    expect(kept('picture-')).toHaveLength(1);
  });

  /** Puts other words into what was kept, sealed as this build seals. */
  async function reseal(what: string, change: (value: object) => object): Promise<void> {
    const [name = ''] = kept(what);
    const path = join(folder(), name);
    const [seal = '', body = ''] = readFileSync(path, 'utf8').split('\n');
    const identity = readFileSync(join(import.meta.dirname, '../../dist/identity'), 'utf8');
    const { sha256 } = await import('../../src/base/index.ts');
    const sealed = (text: string): string =>
      sha256(`${sha256(`${identity}${process.version}`)}\n${name}\n${text}`);
    expect(sealed(body)).toBe(seal);
    const held = JSON.parse(body) as object;
    const other = JSON.stringify('texts' in held ? packed(change(unpacked(held) as object)) : change(held));
    writeFileSync(path, `${sealed(other)}\n${other}`);
  }

  it('is what is told the second time: what is sealed as this build would is taken, so that the test above can fail', async () => {
    await check();
    await reseal('answer-', (answer) => ({ ...answer, findings: [] }));
    expect((await check()).stdout).not.toContain('high[template-injection]');
    write('sound.yml', INJECTED);
    rmSync(folder(), { recursive: true });
    expect((await check(['--json'])).stdout).toContain('"mend":');
    await check(['--format', 'html']);
    await reseal('mends-', (mends) => ({ ...mends, mends: [] }));
    await reseal('picture-', (picture) => ({ ...picture, drawn: '<p>another</p>' }));
    expect((await check(['--json'])).stdout).not.toContain('"mend":');
    expect((await check(['--format', 'html'])).stdout).toContain('<p>another</p>');
  });

  it('holds mends for the findings that they were asked for: for others they are proven anew', async () => {
    const high = ['--json', '--severity', 'high'];
    expect(await check(high)).toEqual(await anew(high));
    const all = ['--json', '--persona', 'auditor'];
    expect(await check(all)).toEqual(await anew(all));
    expect(await check(high)).toEqual(await anew(high));
    writeFileSync(
      join(root, 'cofferdam.yaml'),
      'version: 1\ngate: { findings: [{ rules: [template-injection], severity: low }] }\n',
    );
    for (let count = 0; count < 2; count += 1) expect(await check(all)).toEqual(await anew(all));
  });

  it('is not taken where edits are not in their shape, or lie outside of their file', async () => {
    const args = ['--format', 'sarif'];
    const first = await anew(args);
    type Held = [number, string, string, (number | string)[]];
    const changes: readonly ((held: Held) => unknown)[] = [
      ([index, title, safety]) => [index, title, safety, [0, 1_000_000, '']],
      ([index, title, safety]) => [index, title, safety, [2, 1, '']],
      ([index, title, safety]) => [index, title, safety, [0, 1]],
      ([index, title, , edits]) => [index, title, 'sound', edits],
      ([, title, safety, edits]) => [1_000, title, safety, edits],
      () => 'none',
    ];
    for (const change of changes) {
      await check(args);
      await reseal('mends-', (value) => ({
        ...value,
        mends: (value as { mends: Held[] }).mends.map((held) => change(held)),
      }));
      expect(await check(args)).toEqual(first);
    }
  });

  it('is not used for a file that was edited, added, renamed or taken away, nor for another policy', async () => {
    await check();
    const same = async (): Promise<void> => expect(await check()).toEqual(await anew());
    write('sound.yml', INJECTED);
    const edited = await check();
    expect(edited.stdout).toContain('.github/workflows/sound.yml:3:80');
    expect(edited).toEqual(await anew());
    write('added.yml', INJECTED);
    expect((await check()).stdout).toContain('added.yml');
    await same();
    renameSync(join(root, '.github/workflows/added.yml'), join(root, '.github/workflows/renamed.yml'));
    expect((await check()).stdout).not.toContain('added.yml');
    await same();
    rmSync(join(root, '.github/workflows/renamed.yml'));
    await same();
    writeFileSync(
      join(root, 'cofferdam.yaml'),
      "version: 1\ngate:\n  findings:\n    - { rules: [template-injection], severity: 'off', reason: thrown away soon, until: 2099-01-01 }\n",
    );
    expect((await check()).stdout).not.toContain('high[template-injection]');
    await same();
  });

  it('holds after a change what was found in files that are as they were, and connected with nothing that is not', async () => {
    const told = async (): Promise<string> => {
      const same = await check();
      expect(kept('parts-')).toHaveLength(1);
      return same.stdout;
    };
    const before = async (): Promise<void> => {
      rmSync(folder(), { recursive: true, force: true });
      await check();
      await reseal('answer-', (answer) => ({
        ...answer,
        findings: (answer as { findings: { at: { file: string } }[] }).findings.map((finding) =>
          finding.at.file.endsWith('injected.yml') ? { ...finding, message: 'as it was' } : finding,
        ),
      }));
    };
    await before();
    write('sound.yml', INJECTED);
    expect(await told()).toContain('as it was');
    expect(await told()).toContain('.github/workflows/sound.yml:3:80');
    // Its caller, what could not be read, owners and locks decide over what is found in it.
    for (const [path, text] of [
      ['.github/workflows/calls.yml', 'on: push\njobs: { a: { uses: ./.github/workflows/injected.yml } }\n'],
      ['.github/workflows/broken.yml', SOUND],
      ['CODEOWNERS', '* @a\n'],
      ['.github/workflows/injected.yml', `${INJECTED}# another\n`],
    ] as const) {
      await before();
      writeFileSync(join(root, path), text);
      expect(await told(), path).not.toContain('as it was');
      expect(await check(), path).toEqual(await anew());
    }
    await check();
    damage('parts-', (text) => text.replace('answer', 'answe'));
    write('sound.yml', SOUND);
    expect(await check()).toEqual(await anew());
  }, 60_000);

  it('is ignored and replaced when it was damaged, cut off, emptied, or put under another name', async () => {
    const first = await anew();
    for (const change of [
      (text: string) =>
        text.replace('template-injection', 'template-injectiom').replace('sha256:', 'sha256:0'),
      (text: string) => text.slice(0, -1),
      (text: string) => `${text}x`,
      () => '',
      () => '[]',
      (text: string) => text.replace(/^.*\n/, `sha256:${'0'.repeat(64)}\n`),
    ]) {
      await check();
      damage('answer-', change);
      damage('trees-', change);
      expect(await check()).toEqual(first);
    }
    const page = await anew(['--format', 'html']);
    for (const change of [(text: string) => text.slice(0, -1), () => '', () => '{}']) {
      await check(['--format', 'html']);
      damage('mends-', change);
      damage('picture-', change);
      expect(await check(['--format', 'html'])).toEqual(page);
    }
    write('sound.yml', INJECTED);
    const [before = ''] = kept('answer-');
    await check();
    const after = kept('answer-').find((name) => name !== before) ?? '';
    renameSync(join(folder(), before), join(folder(), after));
    expect(await check()).toEqual(await anew());
  });

  it('is neither used nor written where others could write it, by --no-cache, or in CI', async () => {
    await anew();
    await check([], { CI: 'true' });
    expect(existsSync(folder())).toBe(false);
    const other = join(root, 'other');
    mkdirSync(other, { mode: 0o700 });
    mkdirSync(join(cache, 'cofferdam'), { recursive: true });
    symlinkSync(other, folder());
    await check();
    expect(readdirSync(other)).toEqual([]);
    rmSync(folder());
    mkdirSync(folder(), { mode: 0o700 });
    chmodSync(folder(), 0o770);
    await check();
    expect(kept('')).toEqual([]);
    chmodSync(folder(), 0o700);
    if (process.geteuid?.() === 0) {
      chownSync(folder(), 65_534, 65_534);
      await check();
      expect(kept('')).toEqual([]);
      chownSync(folder(), 0, 0);
    }
    await check();
    expect(kept('')).toHaveLength(3);
    for (const name of kept('')) expect(statSync(join(folder(), name)).mode & 0o777).toBe(0o600);
  });

  it('stays within 64 files, of which the oldest go', async () => {
    await check();
    for (let index = 0; index < 70; index += 1)
      writeFileSync(join(folder(), `answer-${String(index).padStart(64, '0')}`), 'x');
    utimesSync(join(folder(), `answer-${'0'.repeat(64)}`), 1, 1);
    write('sound.yml', INJECTED);
    await check();
    expect(kept('')).toHaveLength(64);
    expect(kept('')).not.toContain(`answer-${'0'.repeat(64)}`);
  });
});
