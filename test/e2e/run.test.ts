import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place, ROOT } from './cofferdam.fixture.ts';

let place: Place;
let repository = '';
beforeEach(() => {
  place = new Place();
  repository = join(place.directory, 'repo');
  mkdirSync(join(repository, '.github/workflows'), { recursive: true });
});
afterEach(() => place.remove());

function workflow(text: string): void {
  writeFileSync(join(repository, '.github/workflows/ci.yml'), text);
}

function run(...args: string[]) {
  return place.run(['run', repository, '--verbose', ...args]);
}

describe('run', () => {
  test('runs the example that does nothing wrong, and ends in PASSED', async () => {
    const ran = await place.run(['run', join(ROOT, 'examples/hello')]);
    expect(ran.status, ran.stderr + ran.stdout).toBe(0);
    expect(ran.stdout).toContain('PASSED');
    expect(ran.stdout).toContain('verified');
  });

  test('carries variables, outputs, paths and summaries from step to step, and outputs from job to job', async () => {
    workflow(`
on: push
env: { FROM: workflow }
jobs:
  one:
    runs-on: ubuntu-latest
    outputs: { answer: '\${{ steps.a.outputs.answer }}' }
    steps:
      - id: a
        run: |
          echo "answer=42" >> "$GITHUB_OUTPUT"
          echo "LATER=yes" >> "$GITHUB_ENV"
          mkdir -p bin && printf '#!/bin/sh\\necho tool $FROM' > bin/mytool && chmod +x bin/mytool
          echo "$PWD/bin" >> "$GITHUB_PATH"
      - run: |
          echo "later=$LATER $(mytool) \${{ steps.a.outcome }}"
      - run: exit 3
        continue-on-error: true
      - if: failure()
        run: echo never
      - shell: python
        run: print("python", 6 * 7)
  two:
    needs: one
    runs-on: ubuntu-latest
    strategy:
      matrix: { n: [1, 2] }
    steps:
      - run: echo "got \${{ needs.one.outputs.answer }} in leg \${{ matrix.n }}"
`);
    const ran = await run();
    expect(ran.stdout).toContain('later=yes tool workflow success');
    expect(ran.stdout).not.toContain('echo never\n');
    expect(ran.stdout).toContain('got 42 in leg 1');
    expect(ran.stdout).toContain('got 42 in leg 2');
    expect(ran.status, ran.stderr + ran.stdout).toBe(0);
  });

  test('checks out, runs local composite and node actions, and their post steps', async () => {
    mkdirSync(join(repository, 'actions/hello'), { recursive: true });
    mkdirSync(join(repository, 'actions/js'), { recursive: true });
    writeFileSync(
      join(repository, 'actions/hello/action.yml'),
      `
name: hello
inputs: { who: { default: nobody } }
outputs: { said: { value: '\${{ steps.say.outputs.said }}' } }
runs:
  using: composite
  steps:
    - id: say
      shell: bash
      run: echo "said=hello \${{ inputs.who }}" >> "$GITHUB_OUTPUT"
`,
    );
    writeFileSync(
      join(repository, 'actions/js/action.yml'),
      'name: js\ninputs: { name: { required: true } }\nruns: { using: node20, main: main.js, post: post.js }\n',
    );
    writeFileSync(
      join(repository, 'actions/js/main.js'),
      'const fs = require("fs"); console.log("main", process.env.INPUT_NAME); fs.appendFileSync(process.env.GITHUB_STATE, "kept=me\\n");',
    );
    writeFileSync(join(repository, 'actions/js/post.js'), 'console.log("post", process.env.STATE_kept);');
    workflow(`
on: pull_request
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - id: h
        uses: ./actions/hello
        with: { who: you }
      - run: echo "\${{ steps.h.outputs.said }} / $(git log --oneline | wc -l) commit"
      - uses: ./actions/js
        with: { name: thing }
      - run: echo last
`);
    const ran = await run('--event', 'pull_request', '--fork');
    expect(ran.stdout).toContain('hello you / 1 commit');
    expect(ran.stdout).toContain('main thing');
    expect(ran.stdout.indexOf('post me')).toBeGreaterThan(ran.stdout.indexOf('│ last'));
    expect(ran.status, ran.stderr + ran.stdout).toBe(0);
  });

  test('refuses before anything runs what it does not support, with its place', async () => {
    for (const [text, place_] of [
      [
        'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    container: node\n    steps: [{ run: echo ran }]\n',
        ':5:',
      ],
      [
        'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: some/action@v1\n',
        ':6:',
      ],
      [
        'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    stps:\n      - run: x\n',
        'did you mean steps',
      ],
      [
        'on: push\njobs:\n  a: { runs-on: x, needs: b, steps: [{ run: x }] }\n  b: { runs-on: x, needs: a, steps: [{ run: x }] }\n',
        'circle',
      ],
      ['on: [push\n', ':'],
    ] as const) {
      workflow(text);
      const ran = await run();
      expect(ran.status, text).toBe(2);
      expect(ran.stderr).toContain(place_);
      expect(ran.stderr).not.toMatch(/\n\s+at /);
      expect(ran.stdout).not.toContain('ran');
    }
  });

  test('fails when a step fails, shows its last words with control characters made visible, and skips the rest', async () => {
    workflow(`
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: printf 'red \\033[31m and \\007 bell\\n'; exit 5
      - run: echo unreached
`);
    const ran = await place.run(['run', repository]);
    expect(ran.status).toBe(1);
    expect(ran.stdout).toContain('exit 5');
    expect(ran.stdout).toContain('red ␛[31m and ␇ bell');
    expect(ran.stdout).not.toContain('\u001b[31m');
    expect(ran.stdout).toContain('skipped');
  });

  test('takes no file command that is a link, a pipe or too large', async () => {
    for (const attack of [
      'rm "$GITHUB_ENV"; ln -s /etc/passwd "$GITHUB_ENV"',
      'rm "$GITHUB_OUTPUT"; mkfifo "$GITHUB_OUTPUT"',
      'head -c 3000000 /dev/zero > "$GITHUB_OUTPUT"',
      'echo "NODE_OPTIONS=--require /tmp/x" >> "$GITHUB_ENV"',
    ]) {
      workflow(
        `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ${JSON.stringify(attack)}\n`,
      );
      const ran = await run();
      expect(ran.status, attack + ran.stdout).toBe(1);
      expect(ran.stdout).toMatch(/commands\/file/);
    }
  });
});
