import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { Place } from './cofferdam.fixture.ts';

const place = new Place();
const top = mkdtempSync(join(tmpdir(), 'cofferdam-check-'));
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

const GOOD =
  'on: push\npermissions: {}\njobs: { a: { runs-on: ubuntu-latest, timeout-minutes: 5, steps: [ { run: make } ] } }\n';
const BAD = GOOD.replace('on: push', 'on: issues').replace(
  'run: make',
  "run: 'echo ${{ github.event.issue.title }}'",
);

const ACTION =
  'name: a\ndescription: a\ninputs: { t: { description: t } }\nruns: { using: composite, steps: [ { shell: bash, run: "echo ${{ inputs.t }}" } ] }\n';

const check = (...args: readonly string[]) => place.run(['check', ...args], { cwd: root });

describe('cofferdam check', () => {
  it('says that nothing was found, and in how many files, with exit 0', async () => {
    write('.github/workflows/ci.yml', GOOD);
    const run = await check();
    expect(run).toMatchObject({ status: 0, stdout: 'nothing found in 1 file\n' });
  });

  it('shows a finding with its line, its mark and its way, with exit 1', async () => {
    write('.github/workflows/ci.yml', BAD);
    const run = await check();
    expect(run.status).toBe(1);
    expect(run.stdout).toContain('high[template-injection]');
    expect(run.stdout).toContain('--> .github/workflows/ci.yml:3:80');
    expect(run.stdout).toContain('1 | on: issues\n  |     ------ 1. runs on issues');
    expect(run.stdout).toContain('^'.repeat('${{ github.event.issue.title }}'.length));
  });

  it('gives a page that stands alone with --format html', async () => {
    write('.github/workflows/ci.yml', BAD);
    const run = await check('--format', 'html');
    expect(run).toMatchObject({ status: 1, stderr: '' });
    expect(run.stdout).toMatch(/^<!doctype html>/);
    expect(run.stdout).toContain('<mark>${{ github.event.issue.title }}</mark>');
  });

  it('says that there is nothing to check, with exit 2, of an empty folder, of none, and of a file that is no workflow', async () => {
    write('notes.txt', 'x');
    for (const path of ['.', 'absent', 'notes.txt']) {
      const run = await check(path);
      expect(run.status, path).toBe(2);
      expect(run.stderr).toContain('there is nothing to check');
    }
  });

  it('tells a broken, a huge, a binary and a linked file, and hides no finding of the others', async () => {
    write('.github/workflows/a.yml', 'on: [\n');
    write('.github/workflows/b.yml', `x: ${'y'.repeat(1_100_000)}\n`);
    writeFileSync(join(root, '.github/workflows/c.yml'), Buffer.from([0xff, 0xfe, 0, 1]));
    write('.github/workflows/d.yml', BAD);
    write('outside/e.yml', BAD);
    symlinkSync('../../outside/e.yml', join(root, '.github/workflows/e.yml'));
    symlinkSync('/etc/passwd', join(root, '.github/workflows/f.yml'));
    const run = await check('--json');
    expect(run.status).toBe(1);
    const { findings } = JSON.parse(run.stdout) as { findings: { rule: string; at: { file: string } }[] };
    const of = (rule: string) =>
      findings.filter((one) => one.rule === rule).map(({ at }) => at.file.slice(-5));
    expect(of('unread-file')).toEqual(['a.yml', 'b.yml', 'c.yml', 'e.yml', 'f.yml']);
    expect(of('template-injection')).toEqual(['d.yml']);
    expect(run.stdout).not.toContain('root:');
  });

  it('reads a folder that is no repository for what lies in it, each file as what it is', async () => {
    write('cases/a.yml', BAD);
    write('cases/setup.yml', ACTION);
    write(
      'cases/dependabot.yml',
      'version: 2\nupdates: [ { package-ecosystem: npm, directory: /, schedule: { interval: daily } } ]\n',
    );
    write('cases/values.yml', 'replicas: 3\n');
    const run = await check('cases', '--json');
    expect(run.status).toBe(1);
    const { files, findings } = JSON.parse(run.stdout) as {
      files: number;
      findings: { rule: string; at: { file: string } }[];
    };
    expect(files).toBe(3);
    expect(findings.map(({ rule, at }) => `${at.file} ${rule}`)).toEqual([
      'a.yml template-injection',
      'dependabot.yml dependabot-cooldown',
      'setup.yml template-injection',
    ]);
  });

  it('reads no other YAML of a repository than what a forge looks for', async () => {
    write('.github/workflows/ci.yml', GOOD);
    write('a.yml', BAD);
    expect(await check()).toMatchObject({ status: 0, stdout: 'nothing found in 1 file\n' });
  });

  it('reads one file by standard input, and refuses to mend it', async () => {
    const run = await place.run(['check', '-'], { cwd: root, input: BAD });
    expect(run.status).toBe(1);
    expect(run.stdout).toContain('--> <stdin>:3:80');
    const action = await place.run(['check', '-'], { cwd: root, input: ACTION });
    expect(action.stdout).toContain('1 found (1 medium) in 1 file');
    const mended = await place.run(['check', '-', '--fix'], { cwd: root, input: BAD });
    expect(mended).toMatchObject({ status: 2, stdout: '' });
    const huge = await place.run(['check', '-'], { cwd: root, input: 'x'.repeat(1_100_000) });
    expect(huge.stdout).toContain('larger than 1048576 bytes');
  });

  it('does not follow a folder of workflows that is a link', async () => {
    write('elsewhere/ci.yml', BAD);
    mkdirSync(join(root, '.github'));
    symlinkSync('../elsewhere', join(root, '.github/workflows'));
    const run = await check();
    expect(run.status).toBe(1);
    expect(run.stdout).toContain('is a link, which is not followed');
    expect(run.stdout).not.toContain('template-injection');
  });

  it('tells of one file that is named only its own findings, and follows values from the others', async () => {
    write(
      '.github/workflows/a.yml',
      BAD.replace(
        "run: 'echo ${{ github.event.issue.title }}'",
        "uses: ./act, with: { t: '${{ github.event.issue.title }}' }",
      ),
    );
    write('act/action.yml', ACTION);
    write('.github/workflows/b.yml', BAD);
    const run = await check('act/action.yml');
    expect(run.stdout).toContain('act/action.yml:4');
    expect(run.stdout).toContain('1 found (1 high) in 1 file');
  });

  it('tells with --against only what a change brings, wherever the lines have moved', async () => {
    write('.github/workflows/ci.yml', BAD);
    const git = (...args: readonly string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t.test', ...args], { cwd: root });
    git('init', '-q', '-b', 'main');
    git('add', '.');
    git('commit', '-qm', 'one');
    write('.github/workflows/ci.yml', `# moved\n\n${BAD}`);
    expect(await check('--against', 'main')).toMatchObject({ status: 0 });
    write('.github/workflows/new.yml', BAD);
    const run = await check('--against', 'main');
    expect(run.status).toBe(1);
    expect(run.stdout).toContain('new.yml:3');
    expect(run.stdout).toContain('1 found');
    expect(await check('--against', '--output=x')).toMatchObject({ status: 2 });
  });

  it('lets a comment with a reason answer for a finding, and tells one without or past its day', async () => {
    const step = (comment: string) =>
      `on: issues\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    timeout-minutes: 5\n    steps:\n      - run: | ${comment}\n          echo\n          echo \${{ github.event.issue.title }}\n`;
    write(
      '.github/workflows/ci.yml',
      step('# cofferdam: ignore[template-injection] the runner is thrown away, until 2999-01-01'),
    );
    expect(await check()).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('1 suppressed') as string,
    });
    write('.github/workflows/ci.yml', step('# zizmor: ignore[template-injection]'));
    expect(await check()).toMatchObject({ status: 0 });
    for (const comment of [
      '# cofferdam: ignore[template-injection]',
      '# cofferdam: ignore[template-injection] was fine once, until 2001-01-01',
    ]) {
      write('.github/workflows/ci.yml', step(comment));
      const run = await check();
      expect(run.stdout).toContain('the comment that suppresses findings does not count');
      expect(run.stdout).toContain('template-injection]');
      expect(run.stdout).toContain('2 found');
    }
    write(
      '.github/workflows/ci.yml',
      step('').replace('echo\n', 'echo "# zizmor: ignore[template-injection]"\n'),
    );
    expect(await check()).toMatchObject({ status: 1 });
  });

  it('gives SARIF with rules, fingerprints and the way as a code flow', async () => {
    write('.github/workflows/ci.yml', BAD);
    const run = await check('--format', 'sarif');
    expect(run.status).toBe(1);
    const log = JSON.parse(run.stdout) as Record<string, unknown>;
    expect(log).toMatchObject({
      version: '2.1.0',
      runs: [
        {
          tool: { driver: { name: 'Cofferdam' } },
          results: [
            {
              ruleId: 'template-injection',
              level: 'error',
              partialFingerprints: {
                'cofferdamFinding/v1': expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string,
              },
              locations: [
                {
                  physicalLocation: {
                    artifactLocation: { uri: '.github/workflows/ci.yml' },
                    region: { startLine: 3 },
                  },
                },
              ],
              codeFlows: [{ threadFlows: [{ locations: expect.arrayContaining([]) as unknown[] }] }],
            },
          ],
        },
      ],
    });
  });

  it('lets no text of a file begin an annotation, a row or an act of the terminal', async () => {
    write(
      '.github/workflows/ci.yml',
      'on: push\npermissions: {}\njobs: { "a\\n::error::b|c\\e[31m": { runs-on: ubuntu-latest, needs: "x\\n::warning::y", steps: [ { run: make } ] } }\n',
    );
    const github = await check('--format', 'github');
    expect(github.status).toBe(1);
    expect(
      github.stdout
        .split('\n')
        .filter((line) => line !== '')
        .every((line) => /^::(?:error|warning|notice) file=/.test(line)),
    ).toBe(true);
    const text = await check();
    expect(text.stdout).not.toContain('\u001b');
    const markdown = await check('--format', 'markdown');
    expect(markdown.stdout).not.toMatch(/^::/m);
  });
});

describe('in a step of GitHub', () => {
  it('no word of a file is a command to the runner, wherever it stands in a line, and JSON says the same', async () => {
    const text = `on: issues # ##[error]a\npermissions: {}\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: echo "##[error file=README.md,line=1]b" \${{ github.event.issue.title }}\n`;
    write('.github/workflows/ci.yml', text);
    const env = { GITHUB_ACTIONS: 'true' };
    for (const format of ['text', 'markdown', 'github', 'json', 'sarif']) {
      const there = await place.run(['check', '--format', format], { cwd: root, env });
      expect(there.status, there.stderr).toBe(1);
      expect(there.stdout, format).not.toContain('##[');
    }
    const [here, there] = [
      await place.run(['check', '--json'], { cwd: root }),
      await place.run(['check', '--json'], { cwd: root, env }),
    ];
    expect(JSON.parse(there.stdout)).toEqual(JSON.parse(here.stdout));
    const shown = await place.run(['check'], { cwd: root });
    expect(shown.stdout).toContain('##[error file=README.md,line=1]b');
    const diff = await place.run(['check', '--diff'], { cwd: root, env });
    expect(diff.stdout).toContain('##[error file=README.md,line=1]b');
  });
});

describe('what policy says of findings', () => {
  const operator = (text: string): string => {
    const config = join(root, '../config', String(count));
    mkdirSync(join(config, 'cofferdam'), { recursive: true });
    writeFileSync(join(config, 'cofferdam/cofferdam.yaml'), `version: 1\n${text}`, { mode: 0o600 });
    return config;
  };
  const OFF =
    'gate: { findings: [{ rules: [template-injection, secret-reach], severity: "off", reason: nobody can write here, until: 2099-01-01 }] }\n';

  it('is waived by the repository’s own file until a day, counted, and given in JSON', async () => {
    write('.github/workflows/ci.yml', BAD);
    write('cofferdam.yaml', `version: 1\n${OFF}`);
    const run = await place.run(['check', '--severity', 'high'], {
      cwd: root,
      env: { XDG_CONFIG_HOME: operator('') },
    });
    expect(run.status, run.stdout).toBe(0);
    expect(run.stdout).toContain('1 suppressed');
    const json = await check('--json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      suppressed: [
        { rule: 'template-injection', suppressedBy: { tool: 'policy', reason: 'nobody can write here' } },
      ],
    });
  });

  it('is not waived where the operator says otherwise, and that is told', async () => {
    write('.github/workflows/ci.yml', BAD);
    write('cofferdam.yaml', `version: 1\n${OFF}`);
    const env = {
      XDG_CONFIG_HOME: operator('gate: { findings: [{ rules: [template-injection], severity: high }] }\n'),
    };
    const run = await place.run(['check'], { cwd: root, env });
    expect(run.status).toBe(1);
    expect(run.stdout).toContain('high[template-injection]');
    expect(run.stdout).toContain('does not count: the operator’s file says more');
  });

  it('is not waived without a reason and a day', async () => {
    write('.github/workflows/ci.yml', BAD);
    write(
      'cofferdam.yaml',
      'version: 1\ngate: { findings: [{ rules: [template-injection], severity: "off" }] }\n',
    );
    const run = await check();
    expect(run.status).toBe(2);
    expect(run.stderr).toContain('must say');
  });
});

describe('a change of the policy itself', () => {
  const RULE = 'rules: [{ id: mine, at: [before], deny: \'job.id == "x"\', why: not wanted }]\n';
  const git = (...args: readonly string[]): void => {
    execFileSync('git', ['-C', root, '-c', 'user.name=T', '-c', 'user.email=t@a.test', ...args], {
      stdio: 'pipe',
    });
  };
  const begin = (policy: string): void => {
    execFileSync('git', ['-c', 'init.defaultBranch=main', 'init', '-q', root]);
    write('.github/workflows/ci.yml', GOOD);
    write('cofferdam.yaml', `version: 1\n${policy}`);
    git('add', '-A');
    git('commit', '-q', '-m', 'a');
  };

  it.each([
    ['a destination more', '', 'zones: { untrusted: { egress: { allow: [evil.test] } } }\n', 'evil.test'],
    ['a rule that is gone', RULE, '', 'own/mine is gone'],
    ['a rule that asks something else', RULE, RULE.replace('"x"', '"y"'), 'asks something else'],
    [
      'findings that are waived',
      '',
      'gate: { findings: [{ rules: [template-injection], severity: "off", reason: it is a nuisance, until: 2099-01-01 }] }\n',
      'become off',
    ],
  ])('is told with --against: %s', async (_name, before, after, says) => {
    begin(before);
    write('cofferdam.yaml', `version: 1\n${after}`);
    const run = await check('--against', 'main');
    expect(run.status, run.stderr).toBe(1);
    expect(run.stdout).toContain('high[weakened-policy]');
    expect(run.stdout).toContain(says);
  });

  it('that takes something away is no finding', async () => {
    begin('zones: { untrusted: { egress: { allow: [api.test] } } }\n');
    write('cofferdam.yaml', `version: 1\n${RULE}zones: { untrusted: { egress: { allow: [] } } }\n`);
    const run = await check('--against', 'main');
    expect(run.stdout).not.toContain('weakened-policy');
  });
});
