import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { Place } from './cofferdam.fixture.ts';

const place = new Place();
const top = mkdtempSync(join(tmpdir(), 'cofferdam-fix-'));
let root = top;
let count = 0;

beforeEach(() => {
  count += 1;
  root = join(top, String(count));
  mkdirSync(root);
});
afterAll(() => {
  place.remove();
  rmSync(top, { recursive: true });
});

function write(path: string, text: string): void {
  mkdirSync(join(root, dirname(path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const check = (...args: readonly string[]) => place.run(['check', ...args], { cwd: root });
const git = (...args: readonly string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@a.test', ...args], { cwd: root });

const CI = '.github/workflows/ci.yml';
const BAD = `on: issues  # each
permissions: {}

jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: echo "\${{ github.event.issue.title }}"  # said
`;
const GOOD = `on: issues  # each
permissions: {}

jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          persist-credentials: false
      - run: echo "$ISSUE_TITLE"  # said
        env:
          ISSUE_TITLE: \${{ github.event.issue.title }}
`;

describe('cofferdam check --fix', () => {
  it('mends in place, says what it did, and is content with the result', async () => {
    write(CI, BAD);
    chmodSync(join(root, CI), 0o640);
    const run = await check('--fix');
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toContain(
      'mended  template-injection  .github/workflows/ci.yml:9  read it from the variable ISSUE_TITLE',
    );
    expect(run.stdout).toContain('2 mended in 1 file\nnothing found in 1 file\n');
    expect(read(CI)).toBe(GOOD);
    expect(statSync(join(root, CI)).mode & 0o777).toBe(0o640);
    expect(await check('--fix')).toMatchObject({
      status: 0,
      stdout: '0 mended in 0 files\nnothing found in 1 file\n',
    });
  });

  it('writes nothing with --diff, and prints what git applies to the same end, whatever the line ends are', async () => {
    for (const [n, eol] of ['\n', '\r\n'].entries()) {
      const path = `.github/workflows/b${n}.yml`;
      write(path, BAD.replaceAll('\n', eol));
      const run = await check('--diff', path);
      expect(run.status).toBe(1);
      expect(run.stderr).toContain('2 would mend in 1 file');
      expect(read(path)).toBe(BAD.replaceAll('\n', eol));
      writeFileSync(join(root, 'a.patch'), run.stdout);
      git('apply', 'a.patch');
      expect(read(path)).toBe(GOOD.replaceAll('\n', eol));
    }
  });

  it('does what is unsafe only when asked, and says that there is more', async () => {
    write(CI, BAD.replace('echo "', 'cp a "b-').replace('actions/checkout@v4', './act').replaceAll('"', ''));
    write('act/action.yml', 'runs: { using: composite, steps: [ { run: make, shell: bash } ] }\n');
    const before = read(CI);
    const safe = await check('--fix');
    expect(safe.status).toBe(1);
    expect(safe.stdout).toContain('0 mended in 0 files; --fix=unsafe has 1 more to look at');
    expect(read(CI)).toBe(before);
    expect((await check('--fix=unsafe')).stdout).toContain('(look at it)');
    expect(read(CI)).toContain('cp a b-"$ISSUE_TITLE"');
  });

  it('leaves alone what a comment answers for, what another commit has already, and what is not asked for', async () => {
    write(
      CI,
      BAD.replace(
        'checkout@v4',
        'checkout@v4  # cofferdam: ignore[persisted-credentials] a later tool pushes',
      ),
    );
    expect((await check('--fix', '--severity', 'high')).stdout).toContain('1 mended');
    expect(read(CI)).not.toContain('persist-credentials:');
    git('init', '-q');
    write('.github/workflows/old.yml', BAD);
    git('add', '.');
    git('commit', '-qm', 'x');
    write('.github/workflows/new.yml', BAD);
    expect((await check('--fix', '--against', 'HEAD')).stdout).toContain('2 mended in 1 file');
    expect(read('.github/workflows/old.yml')).toBe(BAD);
    expect(read('.github/workflows/new.yml')).toBe(GOOD);
  });

  it('is told in JSON and SARIF, as edits with places that do the same', async () => {
    write(CI, BAD);
    const { stdout } = await check('--json');
    const { findings } = JSON.parse(stdout) as {
      findings: {
        rule: string;
        mend?: { safety: string; edits: { start: { line: number }; text: string }[] };
      }[];
    };
    const mend = findings.find(({ rule }) => rule === 'template-injection')?.mend;
    expect(mend).toMatchObject({ safety: 'safe', title: 'read it from the variable ISSUE_TITLE' });
    expect(mend?.edits.map(({ text }) => text)).toEqual([
      '$ISSUE_TITLE',
      '        env:\n          ISSUE_TITLE: ${{ github.event.issue.title }}\n',
    ]);
    const sarif = JSON.parse((await check('--format', 'sarif')).stdout) as {
      runs: { results: { ruleId: string; fixes?: unknown }[] }[];
    };
    const result = sarif.runs[0]?.results.find(({ ruleId }) => ruleId === 'template-injection');
    expect(result?.fixes).toMatchObject([
      {
        description: { text: 'read it from the variable ISSUE_TITLE' },
        artifactChanges: [
          {
            artifactLocation: { uri: CI, uriBaseId: 'SRCROOT' },
            replacements: [
              {
                deletedRegion: { startLine: 9, startColumn: 20, endLine: 9, endColumn: 51 },
                insertedContent: { text: '$ISSUE_TITLE' },
              },
              { deletedRegion: { startLine: 10, startColumn: 1, endLine: 10, endColumn: 1 } },
            ],
          },
        ],
      },
    ]);
  });

  it('refuses to mend and to answer another question at once, with exit 2', async () => {
    write(CI, BAD);
    for (const args of [['--fix', '--graph'], ['--diff', '--json'], ['--fix=all']])
      expect((await check(...args)).status, args.join(' ')).toBe(2);
    expect(read(CI)).toBe(BAD);
  });
});
