import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place } from './cofferdam.fixture.ts';

let place: Place;
let repository = '';
beforeEach(() => {
  place = new Place();
  repository = join(place.directory, 'repo');
});
afterEach(() => place.remove());

function file(path: string, content: string): void {
  mkdirSync(dirname(join(repository, path)), { recursive: true });
  writeFileSync(join(repository, path), content);
}

/** Runs one job of these steps, or whole jobs. */
async function run(text: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const jobs = text.startsWith('jobs:')
    ? text
    : `jobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n${text.replaceAll(/^/gm, '      ')}`;
  file('.github/workflows/ci.yml', `on: [push, workflow_dispatch]\n${jobs}\n`);
  return place.run(['run', repository, '--verbose', ...args], { env });
}

function sha256(data: string | Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}

describe('hashFiles', () => {
  test('gives the SHA-256 of the files’ SHA-256 as on GitHub, and follows no link out of the workspace', async () => {
    file('b/x.lock', 'two');
    file('a.lock', 'one');
    symlinkSync('/etc/passwd', join(repository, 'c.lock'));
    const ran = await run(`
- uses: actions/checkout@v4
- if: hashFiles('none') == '' && hashFiles('**/*.lock') != ''
  env: { HASH: "\${{ hashFiles('**/*.lock', '!c') }}" }
  run: echo "hash=$HASH=\${{ hashFiles('a.lock') }}="
- run: ln -s /etc links && ln -s /etc/hostname d.lock
- run: echo "links=\${{ hashFiles('links/**', 'd.lock') }}="
`);
    const both = sha256(Buffer.concat([sha256('one'), sha256('two')])).toString('hex');
    expect(ran.stdout, ran.stderr).toContain(`hash=${both}=${sha256(sha256('one')).toString('hex')}=`);
    expect(ran.stdout).toContain('links==');
    expect(ran.status).toBe(0);
  });

  test('that leaves the workspace fails its step', async () => {
    const ran = await run("- run: echo '${{ hashFiles('../../*') }}'");
    expect(ran.stdout).toContain('workflow/hash-files');
    expect(ran.status).toBe(1);
  });
});

describe('a step', () => {
  test('sees its own variables in its condition, and none of them in another', async () => {
    const ran = await run(`
- { env: { A: yes, B: '\${{ env.A }}' }, if: env.A == 'yes', run: 'echo "ran <$B>"' }
- { env: { A: no }, if: env.A == 'yes', run: echo not this }
`);
    expect(ran.stdout, ran.stderr).toContain('ran <>');
    expect(ran.stdout).not.toContain('│ not this');
  });

  test('that passes its time fails and is told as such, also when it is a composite action', async () => {
    file(
      'c/action.yml',
      'name: c\nruns: { using: composite, steps: [{ shell: sh, run: sleep 30 }, { shell: sh, run: echo never }] }\n',
    );
    const ran = await run(`
- uses: actions/checkout@v4
- { id: a, run: sleep 30, timeout-minutes: "\${{ fromJSON('0.01') }}", continue-on-error: true }
- { id: b, uses: ./c, timeout-minutes: 0.01, continue-on-error: true }
- run: echo "\${{ steps.a.outcome }}-\${{ steps.a.conclusion }} \${{ steps.b.outcome }} \${{ job.status }}"
`);
    expect(ran.stdout, ran.stderr).toContain('failure-success failure success');
    expect(ran.stdout).not.toContain('│ never');
    expect(ran.status).toBe(0);
  });

  test('runs by its condition after a failure: failure(), always(), !cancelled(), and no other', async () => {
    const ran = await run(`
- { id: bad, run: exit 1 }
- { run: echo plain }
- { run: echo asked, if: "true" }
- { run: echo saw failure, if: failure() && steps.bad.outcome == 'failure' }
- { run: echo saw always, if: always() }
- { run: echo saw not-cancelled, if: "\${{ !cancelled() }}" }
- { run: echo saw success, if: success() }
`);
    for (const [text, shown] of [
      ['plain', false],
      ['asked', false],
      ['saw failure', true],
      ['saw always', true],
      ['saw not-cancelled', true],
      ['saw success', false],
    ] as const)
      expect(ran.stdout.includes(`│ ${text}`), text).toBe(shown);
    expect(ran.status).toBe(1);
  });

  test('whose shell is not on this machine, or whose folder is missing, fails and says what to do', async () => {
    const ran = await run(`
- { run: x, shell: "\${{ 'no-such-shell' }} {0}", continue-on-error: true }
- { run: x, working-directory: no/such }
`);
    expect(ran.stdout, ran.stderr).toContain('the program "no-such-shell" is not there');
    expect(ran.stdout).toContain('ENOENT (working directory)');
    expect(ran.status).toBe(1);
  });

  test('has GitHub’s default variables, which it cannot overwrite, and no token', async () => {
    const ran = await run(`
- env: { GITHUB_SHA: forged, RUNNER_OS: forged, CI: mine, GITHUB_TOKEN: own }
  run: |
    for name in CI GITHUB_ACTION GITHUB_ACTIONS GITHUB_ACTOR GITHUB_API_URL GITHUB_ENV GITHUB_EVENT_NAME \\
      GITHUB_EVENT_PATH GITHUB_GRAPHQL_URL GITHUB_JOB GITHUB_OUTPUT GITHUB_PATH GITHUB_REF GITHUB_REF_NAME \\
      GITHUB_REF_PROTECTED GITHUB_REF_TYPE GITHUB_REPOSITORY GITHUB_REPOSITORY_OWNER GITHUB_RETENTION_DAYS \\
      GITHUB_RUN_ATTEMPT GITHUB_RUN_ID GITHUB_RUN_NUMBER GITHUB_SERVER_URL GITHUB_SHA GITHUB_STATE \\
      GITHUB_STEP_SUMMARY GITHUB_TRIGGERING_ACTOR GITHUB_WORKFLOW GITHUB_WORKFLOW_REF GITHUB_WORKFLOW_SHA \\
      GITHUB_WORKSPACE HOME RUNNER_ARCH RUNNER_ENVIRONMENT RUNNER_NAME RUNNER_OS RUNNER_TEMP RUNNER_TOOL_CACHE
    do eval "value=\\$$name"; test -n "$value" || echo "lacks $name"; done
    for name in GITHUB_BASE_REF GITHUB_HEAD_REF GITHUB_ACTOR_ID GITHUB_REPOSITORY_ID GITHUB_REPOSITORY_OWNER_ID
    do printenv "$name" > /dev/null || echo "lacks $name"; done
    echo "sha \${#GITHUB_SHA} os $RUNNER_OS ci $CI token $GITHUB_TOKEN protected $GITHUB_REF_PROTECTED"
    test -d "$RUNNER_TEMP" && test -s "$GITHUB_EVENT_PATH" && test "$PWD" = "$GITHUB_WORKSPACE" && echo places
- run: echo "token <$GITHUB_TOKEN\${{ github.token }}\${{ secrets.GITHUB_TOKEN }}>"
`);
    expect(ran.stdout, ran.stderr).not.toContain('lacks');
    expect(ran.stdout).toContain('sha 40 os Linux ci mine token own protected false');
    expect(ran.stdout).toContain('│ places');
    expect(ran.stdout).toContain('token <>');
  });
});

describe('a local action', () => {
  test('of steps sees its inputs, folder, caller’s variables and own status, and hands out outputs through others', async () => {
    file(
      'outer/action.yml',
      `name: outer
inputs: { who: { default: "\${{ github.job }}" }, need: { required: true } }
outputs: { said: { value: "\${{ steps.in.outputs.said }}" } }
runs:
  using: composite
  steps:
    - { id: in, uses: ./inner, with: { word: "\${{ inputs.who }}" } }
    - { run: exit 1, shell: bash, continue-on-error: true }
    - { if: failure(), run: echo never-failed, shell: bash }
    - { run: 'echo "<\${{ inputs.need }}> <$INPUT_NEED> $FROM $(basename "$GITHUB_ACTION_PATH") $(basename "\${{ github.action_path }}") $(basename "$PWD")"', shell: bash, working-directory: inner }
    - { run: 'echo "LATER=set" >> "$GITHUB_ENV"', shell: sh }
`,
    );
    file(
      'inner/action.yml',
      `name: inner
inputs: { word: {} }
outputs: { said: { value: "\${{ steps.s.outputs.said }}" } }
runs: { using: composite, steps: [{ id: s, shell: bash, run: 'echo "said=in-\${{ inputs.word }}" >> "$GITHUB_OUTPUT"' }] }
`,
    );
    const ran = await run(`
- uses: actions/checkout@v4
- { id: o, uses: ./outer, env: { FROM: caller }, with: { need: it } }
- run: echo "\${{ steps.o.outputs.said }} $LATER <$FROM>"
`);
    expect(ran.stdout, ran.stderr).toContain('│ <it> <> caller outer outer inner');
    expect(ran.stdout).toContain('│ in-a set <>');
    expect(ran.stdout).not.toContain('│ never-failed');
    expect(ran.status).toBe(0);
  });

  test('of Node.js gets INPUT_ and its own STATE_, and its posts run last first, by their conditions, whatever happened', async () => {
    const action = (name: string, more: string): void => {
      file(
        `${name}/action.yml`,
        `name: ${name}\ninputs: { a name: { default: d } }\nruns: { using: node20, main: main.js, post: post.js${more} }\n`,
      );
      file(
        `${name}/main.js`,
        `console.log('main', process.env.INPUT_A_NAME); require('fs').appendFileSync(process.env.GITHUB_STATE, 'who=${name}\\n');`,
      );
      file(`${name}/post.js`, "console.log('post', process.env.STATE_who, process.env.INPUT_A_NAME);");
    };
    action('one', ', pre: pre.js');
    action('two', '');
    action('three', ', post-if: success()');
    const ran = await run(`
- uses: actions/checkout@v4
- { uses: ./one, with: { A Name: given } }
- uses: ./two
- uses: ./three
- run: exit 1
`);
    const said = ran.stdout.split('\n').flatMap((line) => /│ ((?:main|post) .*)/.exec(line)?.[1] ?? []);
    expect(said, ran.stderr + ran.stdout).toEqual([
      'main given',
      'main d',
      'main d',
      'post two d',
      'post one given',
    ]);
    expect(ran.status).toBe(1);
  });
});

describe('commands on a step’s output', () => {
  test('that set variables or paths are refused and fail the step, as on GitHub', async () => {
    for (const line of [
      '::set-env name=A::1',
      '::add-path::/tmp',
      '::set-output::x',
      '::stop-commands::echo',
    ]) {
      const ran = await run(`- run: echo "${line}"\n- run: echo "A=<$A>"\n  if: always()`);
      expect(ran.status, line + ran.stdout).toBe(1);
      expect(ran.stdout).toContain('A=<>');
    }
  });

  test('annotate, group, hide and stop; an output of the job that holds what is hidden is not handed on', async () => {
    const ran = await run(
      `jobs:
  a:
    runs-on: ubuntu-latest
    outputs: { open: '\${{ steps.s.outputs.open }}', hidden: '\${{ steps.s.outputs.hidden }}' }
    steps:
      - id: s
        run: |
          word=$(printf "hush-%s" hush)
          echo "::add-mask::$word"
          echo "say $word"
          echo "::group::G"; echo "::endgroup::"
          echo "::error file=a.c,line=3,title=T::broken $word"
          echo "::stop-commands::tok3n"; echo "::warning::not obeyed"; echo "::tok3n::"
          echo "# $word summary" >> "$GITHUB_STEP_SUMMARY"
          { echo 'open<<END'; printf 'two\\nlines\\n'; echo END; echo hidden=$word; } >> "$GITHUB_OUTPUT"
  b:
    needs: a
    runs-on: ubuntu-latest
    steps:
      - run: echo 'open <\${{ toJSON(needs.a.outputs.open) }}> hidden <\${{ needs.a.outputs.hidden }}>'`,
      ['--json'],
    );
    const events = ran.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const notes = events.filter((event) => event['type'] === 'annotation');
    expect(notes).toMatchObject([
      { level: 'error', message: 'broken ***', properties: { file: 'a.c', line: '3', title: 'T' } },
      { level: 'warning', step: 'job' },
    ]);
    expect(ran.stdout).not.toContain('hush-hush');
    const kept = readdirSync(place.state, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    expect(kept.filter((text) => text.includes('*** summary'))).toHaveLength(1);
    expect(kept.filter((text) => text.includes('hush-hush'))).toEqual([]);
    expect(ran.stdout).toContain('open <\\"two\\\\nlines\\"> hidden <>');
  });
});

describe('jobs', () => {
  test('skip along the whole chain of needs, and run behind a failure only when they ask for it', async () => {
    const job = (id: string, more: string): string =>
      `  ${id}: { runs-on: ubuntu-latest, steps: [{ run: 'echo ran-${id}${id === 'a' ? '; exit 1' : ''}' }]${more} }\n`;
    const ran = await run(
      `jobs:\n${job('a', '')}${job('b', ', needs: A')}${job('c', ', needs: b')}${job('d', ', needs: c, if: failure()')}${job('e', ", needs: [a, b], if: \"always() && needs.a.result == 'failure' && needs.b.result == 'skipped'\"")}${job('f', ', needs: e')}${job('g', ', if: false')}${job('h', ', needs: g, if: failure()')}`,
    );
    for (const [id, runs] of Object.entries({
      a: true,
      b: false,
      c: false,
      d: true,
      e: true,
      f: false,
      g: false,
      h: false,
    }))
      expect(ran.stdout.includes(`│ ran-${id}`), id + ran.stderr).toBe(runs);
    expect(ran.status).toBe(1);
  });

  test('take their shell and folder from the nearest default, and a failed job’s outputs reach who asks', async () => {
    file('sub/deep/x', '');
    const ran = await run(`jobs:
  a:
    runs-on: ubuntu-latest
    defaults: { run: { working-directory: sub } }
    outputs: { o: '\${{ steps.o.outputs.o }}' }
    steps:
      - uses: actions/checkout@v4
      - run: import os; print("in", os.path.basename(os.getcwd()))
        shell: python
      - run: echo "in $(basename "$PWD")"
        working-directory: sub/deep
      - run: echo o=kept >> "$GITHUB_OUTPUT"
        id: o
      - run: exit 1
  b:
    needs: a
    if: failure()
    runs-on: ubuntu-latest
    steps:
      - run: echo "custom \${{ needs.a.outputs.o }}"
        shell: bash -eu {0}`);
    expect(ran.stdout, ran.stderr).toContain('│ in sub');
    expect(ran.stdout).toContain('│ in deep');
    expect(ran.stdout).toContain('│ custom kept');
  });

  test('are named by their matrix and know their place in it', async () => {
    const ran = await run(
      `jobs:
  a:
    runs-on: ubuntu-latest
    name: leg \${{ matrix.n }} of \${{ strategy.job-total }}
    strategy: { max-parallel: 1, fail-fast: false, matrix: { n: [x, y], include: [{ n: x, extra: more }, { n: z }] } }
    steps: [{ run: 'echo "\${{ strategy.job-index }}-\${{ matrix.n }}-\${{ matrix.extra }}-"' }]
  a-1: { runs-on: ubuntu-latest, steps: [{ run: echo beside }] }`,
      ['--json'],
    );
    for (const text of ['"leg x of 3"', '"leg z of 3"', '0-x-more-', '1-y--', '2-z--', 'Run echo beside'])
      expect(ran.stdout, ran.stderr).toContain(text);
    expect(ran.status).toBe(0);
  });

  test('take the inputs of a dispatch by their types, and refuse others before they run', async () => {
    file(
      '.github/workflows/d.yml',
      `on:
  workflow_dispatch:
    inputs:
      level: { type: choice, options: [low, high], default: low }
      deep: { type: boolean, default: false }
      who: { required: true }
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: echo "\${{ inputs.level }} \${{ inputs.deep == false }} \${{ github.event.inputs.deep == 'false' }} \${{ inputs.who }}"
`,
    );
    const start = (...args: readonly string[]) =>
      place.run(['run', 'd.yml', '--verbose', '--event', 'workflow_dispatch', ...args], { cwd: repository });
    expect((await start('--input', 'who=me')).stdout).toContain('│ low true true me');
    for (const inputs of [[], ['who=me', 'level=x'], ['who=me', 'deep=x'], ['who=me', 'other=x']]) {
      const ran = await start(...inputs.flatMap((input) => ['--input', input]));
      expect(ran.status, inputs.join()).toBe(2);
      expect(ran.stderr).toContain('event/input');
    }
  });
});
