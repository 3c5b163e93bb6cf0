import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place, ROOT } from './cofferdam.fixture.ts';

let place: Place;
let work = '';
beforeEach(() => {
  place = new Place();
  work = join(place.directory, 'work');
  mkdirSync(work);
  writeFileSync(join(work, 'a.txt'), 'one\n');
});
afterEach(() => place.remove());

const SCRIPT = 'echo two >> a.txt; echo new > b.txt; echo evil > .npmrc; ln -s /etc/passwd p';

function exec(...args: string[]) {
  return place.run(['exec', '--workdir', work, ...args, '--', 'sh', '-c', SCRIPT]);
}

describe('what exec changed', () => {
  test('stays out of the folder, and is shown and applied later by the run', async () => {
    const ran = await exec();
    expect(ran.status, ran.stderr).toBe(0);
    expect(ran.stderr).toContain('3 added, 1 modified');
    expect(readdirSync(work)).toEqual(['a.txt']);
    const shown = await place.run(['workspace', 'diff']);
    expect(shown.stdout).toContain('@@ -1,1 +1,2 @@\n one\n+two\n');
    expect(readdirSync(work)).toEqual(['a.txt']);
    const applied = await place.run(['workspace', 'apply', 'latest']);
    expect(applied.status, applied.stderr).toBe(0);
    expect(applied.stdout).toContain('--include .npmrc');
    expect(readdirSync(work).toSorted()).toEqual(['a.txt', 'b.txt']);
    expect(readFileSync(join(work, 'a.txt'), 'utf8')).toBe('one\ntwo\n');
    const record = await place.run(['audit', 'show', 'latest', '--json']);
    expect(record.status).toBe(0);
    expect(record.stdout).toContain('"type":"workspace.applied"');
  });

  test('is applied at once with --apply always, without what tools obey unless it is named', async () => {
    const ran = await exec('--apply', 'always');
    expect(ran.status, ran.stderr).toBe(0);
    expect(existsSync(join(work, '.npmrc'))).toBe(false);
    expect(existsSync(join(work, 'b.txt'))).toBe(true);
    await exec('--apply', 'always', '--include', '.npmrc');
    expect(readFileSync(join(work, '.npmrc'), 'utf8')).toBe('evil\n');
  });

  test('is not kept when it takes more than limits.artifacts, which is said and recorded, and the command’s status stays', async () => {
    const config = join(place.directory, 'operator.yaml');
    writeFileSync(config, 'version: 1\nzones: {untrusted: {limits: {artifacts: 100KB}}}\n', { mode: 0o600 });
    const big = 'echo small > b.txt; head -c 300000 /dev/zero > big; exit 7';
    const ran = await place.run([
      'exec',
      '--workdir',
      work,
      '--config',
      config,
      '--apply',
      'always',
      '--',
      'sh',
      '-c',
      big,
    ]);
    expect(ran.status).toBe(7);
    expect(ran.stderr).toContain('what the job changed takes more than 100000 bytes, and was not kept');
    expect(ran.stderr).toContain('raise limits.artifacts');
    expect(readdirSync(work)).toEqual(['a.txt']);
    expect((await place.run(['workspace', 'diff'])).stdout).not.toContain('b.txt');
    const record = await place.run(['audit', 'show', 'latest', '--json']);
    expect(record.stdout).toMatch(/"limit":"artifactBytes".*"type":"limit.hit","value":100000/);
  });

  test('that was changed in the folder since is a conflict, with exit status 1', async () => {
    await exec();
    writeFileSync(join(work, 'a.txt'), 'my own\n');
    const applied = await place.run(['workspace', 'apply', '--json']);
    expect(applied.status).toBe(1);
    expect(JSON.parse(applied.stdout)).toMatchObject({
      applied: ['b.txt'],
      leftOut: expect.arrayContaining([{ path: 'a.txt', because: 'conflict', why: 'it was changed since' }]),
    });
    expect(readFileSync(join(work, 'a.txt'), 'utf8')).toBe('my own\n');
  });

  test('of a run whose record was edited is not applied', async () => {
    await exec();
    const [run = ''] = readdirSync(join(place.state, 'runs'));
    const record = join(place.state, 'runs', run, 'record');
    const [lines = ''] = readdirSync(record).filter((name) => name.endsWith('.jsonl'));
    appendFileSync(join(record, lines), '{}\n');
    const applied = await place.run(['workspace', 'apply']);
    expect(applied.status).toBe(3);
    expect(applied.stderr).toContain('workspace/record');
    expect(readdirSync(work)).toEqual(['a.txt']);
  });

  test('is asked about on a terminal, where d shows the diff and anything but y is a no', async () => {
    const answer = async (keys: string) => {
      const tool = `${process.execPath} ${join(ROOT, 'dist/cofferdam.mjs')}`;
      // script(1) gives it a terminal; the answers come once the question is there.
      const child = spawn(
        'script',
        ['-qec', `${tool} exec --workdir ${work} -- sh -c '${SCRIPT}'`, '/dev/null'],
        {
          env: {
            PATH: process.env['PATH'] ?? '',
            HOME: '/nonexistent',
            COFFERDAM_STATE: place.state,
            XDG_CACHE_HOME: join(place.directory, 'cache'),
          },
        },
      );
      let said = '';
      let asked = 0;
      const left = [...keys];
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        const times = said.split('d for the diff]').length - 1;
        while (asked < times) {
          asked += 1;
          child.stdin.write(`${left.shift() ?? 'n'}\n`);
        }
      });
      await new Promise((resolve) => child.on('close', resolve));
      return said;
    };
    expect(await answer('n')).toContain('not applied; later: cofferdam workspace apply');
    expect(readdirSync(work)).toEqual(['a.txt']);
    const said = await answer('dy');
    expect(said).toContain('+two');
    expect(said).toContain('applied 2, left out 2');
    expect(readdirSync(work).toSorted()).toEqual(['a.txt', 'b.txt']);
  });
});
