import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Place, ROOT } from './cofferdam.fixture.ts';

const place = new Place();
const top = mkdtempSync(join(tmpdir(), 'cofferdam-action-'));
let root = top;
let count = 0;

beforeEach(() => {
  count += 1;
  root = join(top, String(count));
  mkdirSync(root);
  git('init', '-q', '-b', 'main');
});
afterAll(() => {
  place.remove();
  rmSync(top, { recursive: true });
});

function write(path: string, text: string): void {
  mkdirSync(join(root, dirname(path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const env = {
  PATH: `${dirname(process.execPath)}:/usr/sbin:/usr/bin:/sbin:/bin`,
  HOME: place.directory,
  XDG_CACHE_HOME: join(place.directory, 'cache'),
};

function git(...args: readonly string[]) {
  const ran = spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@a.test', ...args], {
    cwd: root,
    env,
    encoding: 'utf8',
  });
  return { status: ran.status, said: `${ran.stdout}${ran.stderr}` };
}

const BAD = `on: issues
permissions: {}
jobs:
  a:
    runs-on: ubuntu-latest
    timeout-minutes: 5
    steps:
      - run: echo "\${{ github.event.issue.title }}"
`;
const MENDED = BAD.replace(
  /- run.*\n/,
  '- run: echo "$ISSUE_TITLE"\n        env:\n          ISSUE_TITLE: ${{ github.event.issue.title }}\n',
);
const GOOD = BAD.replace('on: issues', 'on: push').replace(/echo.*/, 'make');

/** This project as a checkout that is built, without its sources: what the action and the hooks are made of. */
function checkout(folder: string): void {
  for (const path of [
    'action.yml',
    '.pre-commit-hooks.yaml',
    'cofferdam',
    'setup/ready.sh',
    'setup/check-action.sh',
    'dist',
  ])
    cpSync(join(ROOT, path), join(folder, path), { recursive: true });
}

describe('the action', () => {
  it('runs as a step of a workflow: shows what it found, fails, and gives the file with SARIF', async () => {
    checkout(root);
    write('.github/workflows/bad.yml', BAD);
    write(
      '.github/workflows/ci.yml',
      `on: push
permissions: {}
jobs:
  check:
    runs-on: ubuntu-latest
    timeout-minutes: 5
    steps:
      - uses: actions/checkout@v4
        with: { persist-credentials: false }
      - uses: actions/setup-node@v4
        with: { node-version: 24 }
      - id: good
        uses: ./
        with: { paths: .github/workflows/ci.yml, format: text, severity: high }
      - id: bad
        uses: ./
        with: { paths: .github/workflows/bad.yml }
        continue-on-error: true
      - run: |
          echo "good \${{ steps.good.outcome }} bad \${{ steps.bad.outcome }}"
          grep -o '"ruleId":"[a-z-]*"' "\${{ steps.bad.outputs.sarif }}"
`,
    );
    git('add', '.');
    expect(git('commit', '-qm', 'x').status).toBe(0);
    const run = await place.run(['run', '--verbose', '.github/workflows/ci.yml'], {
      cwd: root,
      env: { PATH: env.PATH },
    });
    expect(run.status, run.stdout + run.stderr).toBe(0);
    expect(run.stdout).toContain('good success bad failure');
    expect(run.stdout).toContain('"ruleId":"template-injection"');
    expect(run.stdout).toContain('nothing found in 1 file');
  }, 300_000);

  const script = (given: Readonly<Record<string, string>>) => {
    const output = join(root, 'output');
    writeFileSync(output, '');
    const ran = spawnSync('sh', [join(ROOT, 'setup/check-action.sh')], {
      cwd: root,
      encoding: 'utf8',
      env: {
        ...env,
        RUNNER_TEMP: top,
        GITHUB_OUTPUT: output,
        CHECK_PATHS: '.',
        CHECK_FORMAT: 'text',
        CHECK_SEVERITY: 'info',
        CHECK_PERSONA: 'default',
        CHECK_AGAINST: '',
        ...given,
      },
    });
    return { status: ran.status, said: `${ran.stdout}${ran.stderr}`, output: readFileSync(output, 'utf8') };
  };

  it('takes no input for code or for an option', () => {
    write('.github/workflows/a.yml', GOOD);
    write('$(touch hit)/.github/workflows/a.yml', BAD);
    const paths = ['.', '$(touch hit)', '', './$(touch hit)/.github/workflows/a.yml'].join('\n');
    const run = script({ CHECK_PATHS: paths });
    expect(run.status, run.said).toBe(1);
    expect(run.said).toContain('nothing found in 1 file');
    expect(run.said).toContain('1 found (1 high) in 1 file');
    expect(script({ CHECK_PATHS: '--format=json' }).said).toContain('does not exist');
    for (const name of ['CHECK_FORMAT', 'CHECK_SEVERITY', 'CHECK_PERSONA', 'CHECK_AGAINST'])
      expect(script({ [name]: '"; touch hit; "' }).status, name).toBe(2);
    expect(() => readFileSync(join(root, 'hit'))).toThrow();
  }, 60_000);

  it('gives no file with SARIF when there was nothing to check, and judges only what a commit brings', () => {
    expect(script({})).toMatchObject({ status: 2, output: '' });
    write('.github/workflows/a.yml', BAD);
    git('add', '.');
    git('commit', '-qm', 'x');
    expect(script({ CHECK_AGAINST: 'HEAD' }).status).toBe(0);
    const { status, output } = script({});
    expect(status).toBe(1);
    const sarif = /^sarif=(.*)\n$/.exec(output)?.[1] ?? '';
    expect(basename(sarif)).toMatch(/^cofferdam-/);
    expect(JSON.parse(readFileSync(sarif, 'utf8'))).toMatchObject({ version: '2.1.0' });
  }, 60_000);
});

describe('the hooks', () => {
  const hooks = parse(readFileSync(join(ROOT, '.pre-commit-hooks.yaml'), 'utf8')) as readonly {
    readonly id: string;
    readonly entry: string;
    readonly language: string;
    readonly files: string;
  }[];

  /** As pre-commit runs a hook of language `script`: its entry below the checkout, with the staged files that it is for. */
  function install(id: string): void {
    const hook = hooks.find((one) => one.id === id);
    expect(hook?.language).toBe('script');
    writeFileSync(
      join(root, '.git/hooks/pre-commit'),
      `#!/bin/sh\nset -e\nfiles=$(git diff --cached --name-only --diff-filter=ACMR | grep -E '${hook?.files.replaceAll("'", '') ?? '^$'}') || exit 0\n${ROOT}/${hook?.entry ?? 'false'} $files\ngit diff --exit-code --quiet\n`,
      { mode: 0o755 },
    );
  }

  it('refuses a commit with a finding, and lets one without pass', () => {
    install('cofferdam-check');
    write('.github/workflows/a.yml', GOOD);
    write('README.md', 'x\n');
    write(
      'src/action.yml',
      'name: x\ndescription: x\nruns: { using: composite, steps: [ { run: make, shell: bash } ] }\n',
    );
    git('add', '.');
    expect(git('commit', '-qm', 'good')).toMatchObject({ status: 0 });
    write('.github/workflows/b.yml', BAD);
    git('add', '.');
    const refused = git('commit', '-qm', 'bad');
    expect(refused.status).not.toBe(0);
    expect(refused.said).toContain('high[template-injection]');
    // What was committed before is not what this commit is asked for.
    write('.github/workflows/b.yml', GOOD);
    git('add', '.');
    expect(git('commit', '-qm', 'mended').status).toBe(0);
  }, 60_000);

  it('mends what is staged, and asks for it to be staged again', () => {
    install('cofferdam-fix');
    write('.github/workflows/a.yml', BAD);
    git('add', '.');
    expect(git('commit', '-qm', 'bad').status).not.toBe(0);
    expect(readFileSync(join(root, '.github/workflows/a.yml'), 'utf8')).toBe(MENDED);
    git('add', '.');
    expect(git('commit', '-qm', 'good').status).toBe(0);
  }, 60_000);

  it('are for the files that check reads as workflows, actions and dependabot.yml', () => {
    for (const { files } of hooks) {
      const pattern = new RegExp(files);
      for (const path of [
        '.github/workflows/a.yml',
        '.forgejo/workflows/a.yaml',
        'action.yml',
        'a/b/action.yaml',
        '.github/dependabot.yml',
      ])
        expect(pattern.test(path), path).toBe(true);
      for (const path of [
        'a.yml',
        '.github/workflows/a/b.yml',
        'transaction.yml',
        '.github/workflows/a.yml.txt',
      ])
        expect(pattern.test(path), path).toBe(false);
    }
  });
});
