import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
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
});
