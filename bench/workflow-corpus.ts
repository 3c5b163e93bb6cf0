import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// Workflows of the shapes that repositories have, drawn by a seed: the same number gives the same files everywhere.

/** Numbers from 0 to 1 that look random (a linear congruential generator). */
function drawn(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

const EVENTS: readonly string[] = [
  '  push:\n    branches: [main]\n  pull_request:',
  '  pull_request:\n    paths: ["src/**", "!docs/**"]\n  workflow_dispatch:',
  '  schedule:\n    - cron: "17 4 * * 1"\n  workflow_dispatch:\n    inputs:\n      level:\n        type: choice\n        options: [low, high]\n        default: low',
  '  release:\n    types: [published]',
  '  pull_request_target:\n    types: [opened, labeled]',
  '  issue_comment:\n    types: [created]',
  '  workflow_run:\n    workflows: [build]\n    types: [completed]',
];

const STEPS: readonly string[] = [
  '      - uses: actions/checkout@v4\n        with:\n          fetch-depth: 0',
  '      - name: Set up Node.js\n        uses: actions/setup-node@v4\n        with:\n          node-version: ${{ matrix.version }}\n          cache: npm',
  '      - uses: actions/setup-python@a26af69be951a213d495a4c3e4e4022e16d87065 # v5.6.0\n        with:\n          python-version: "3.12"',
  '      - run: npm ci\n      - run: npm test -- --reporter=dot',
  '      - name: Find out what changed\n        id: changed\n        run: |\n          set -euo pipefail\n          files=$(git diff --name-only "origin/${{ github.base_ref }}...HEAD" | grep -E \'\\.(ts|js)$\' || true)\n          echo "files<<EOF" >> "$GITHUB_OUTPUT"\n          echo "$files" >> "$GITHUB_OUTPUT"\n          echo "EOF" >> "$GITHUB_OUTPUT"',
  "      - name: Cache\n        uses: actions/cache@v4\n        with:\n          path: |\n            ~/.cache/pip\n            target\n          key: ${{ runner.os }}-${{ hashFiles('**/lock') }}\n          restore-keys: ${{ runner.os }}-",
  '      - name: Greet\n        if: github.event.action == \'opened\'\n        run: echo "Thank you for ${{ github.event.pull_request.title }}"',
  "      - name: Build and push\n        uses: docker/build-push-action@v6\n        with:\n          context: .\n          push: ${{ github.event_name != 'pull_request' }}\n          tags: example.test/app:${{ github.sha }}",
  '      - name: Publish\n        run: |\n          npm publish --access public\n        env:\n          NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}',
  '      - uses: actions/github-script@v7\n        with:\n          script: |\n            const { data } = await github.rest.issues.listComments({ ...context.repo, issue_number: context.issue.number });\n            core.setOutput("count", data.length);',
  '      - name: Tools\n        run: |\n          for tool in jq curl; do\n            if ! command -v "$tool" >/dev/null; then sudo apt-get install -y "$tool"; fi\n          done\n          curl -fsSL https://example.test/install.sh | bash -s -- --yes',
  '      - uses: actions/upload-artifact@v4\n        with:\n          name: result-${{ matrix.os }}\n          path: build/\n          retention-days: 7',
];

function pick<T>(all: readonly [T, ...T[]] | readonly T[], draw: () => number): T {
  const one = all[Math.floor(draw() * all.length)];
  if (one === undefined) throw new Error('nothing to draw from');
  return one;
}

function workflow(number: number, draw: () => number): string {
  const jobs = 1 + Math.floor(draw() * 3);
  const parts = [
    `# Workflow ${number}\nname: build ${number}\non:\n${pick(EVENTS, draw)}\n`,
    draw() < 0.5 ? 'permissions:\n  contents: read\n' : '',
    draw() < 0.3 ? 'env:\n  LEVEL: info\n  RETRIES: 3\n' : '',
    'jobs:\n',
  ];
  for (let job = 0; job < jobs; job += 1) {
    parts.push(`  job-${job}:\n    runs-on: \${{ matrix.os }}\n`);
    if (job > 0)
      parts.push(`    needs: [job-${job - 1}]\n    if: \${{ needs.job-${job - 1}.result == 'success' }}\n`);
    parts.push(
      '    strategy:\n      fail-fast: false\n      matrix:\n        os: [ubuntu-24.04, macos-14]\n        version: [20, 22, 24]\n    steps:\n',
    );
    const steps = 4 + Math.floor(draw() * 9);
    for (let step = 0; step < steps; step += 1)
      parts.push(
        `${step === 0 ? (STEPS[0] ?? '') : pick(STEPS, draw).replaceAll('id: changed', `id: changed-${step}`)}\n`,
      );
  }
  return parts.join('');
}

/** Writes a repository with so many workflows, and gives their size in bytes. */
export function writeCorpus(root: string, files: number): number {
  const draw = drawn(20_261_125);
  const folder = join(root, '.github/workflows');
  mkdirSync(folder, { recursive: true });
  let bytes = 0;
  for (let number = 0; number < files; number += 1) {
    const text = workflow(number, draw);
    bytes += Buffer.byteLength(text);
    writeFileSync(join(folder, `build-${number}.yml`), text);
  }
  return bytes;
}
