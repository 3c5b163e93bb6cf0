import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place, ROOT } from '../cofferdam.fixture.ts';
import { leftBehindAfter } from '../left-behind.fixture.ts';

let place: Place;
let repository = '';
beforeEach(() => {
  place = new Place();
  repository = join(place.directory, 'repo');
  mkdirSync(join(repository, '.github/workflows'), { recursive: true });
});
afterEach(() => place.remove());

function workflow(...scripts: readonly string[]): void {
  const checkout = '      - uses: actions/checkout@v4\n';
  const steps = scripts.map(
    (script) => `      - run: |\n          ${script.replaceAll('\n', '\n          ')}\n`,
  );
  const text = `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n${checkout}${steps.join('')}`;
  writeFileSync(join(repository, '.github/workflows/ci.yml'), text);
}

function runId(): string {
  return readdirSync(join(place.state, 'runs')).at(-1) ?? 'none';
}

async function verified(): Promise<void> {
  expect((await place.run(['audit', 'verify', runId()])).stdout).toMatch(/^whole/);
  expect(await leftBehindAfter([runId(), place.directory])).toEqual([]);
}

/** Runs it, and gives the most memory that our own process held, in bytes, with the end of what it said. */
async function measured(...args: readonly string[]) {
  const child = spawn(process.execPath, [join(ROOT, 'dist/cofferdam.mjs'), ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', COFFERDAM_STATE: place.state },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let bytes = 0;
  let tail = '';
  const take = (chunk: Buffer): void => {
    bytes += chunk.length;
    tail = (tail + chunk.toString('latin1')).slice(-20_000);
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  let peak = 0;
  const timer = setInterval(() => {
    const line = /VmHWM:\s+(\d+) kB/.exec(statusOf(child.pid));
    peak = Math.max(peak, Number(line?.[1] ?? 0) * 1_024);
  }, 20);
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearInterval(timer);
  return { status, bytes, tail, peak };
}

function statusOf(pid: number | undefined): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

describe('the output of a step', () => {
  test('of 1 GB without a line\u2019s end is cut at its limit, which is named with its step, in bounded memory', async () => {
    workflow('head -c 1000000000 /dev/zero | tr "\\0" x', 'echo after');
    const ran = await measured('run', repository, '--verbose');
    expect(ran.status, ran.tail).toBe(4);
    expect(ran.tail).toMatch(/! limit +logBytes \(64000000\) in __run/);
    expect(ran.peak).toBeLessThan(400_000_000);
    expect(statSync(join(place.state, 'runs', runId(), 'logs/a.log')).size).toBeLessThan(70_000_000);
    await verified();
  });

  test('of commands that show nothing is cut at the same limit, and what they set takes no memory', async () => {
    workflow(
      `perl -e '$v = "x" x 60000; for ($i = 0; ; $i++) { print "::set-output name=n", $i, "::", $v, "\\n" }'`,
    );
    const ran = await measured('run', repository);
    expect(ran.status, ran.tail).toBe(4);
    expect(ran.tail).toMatch(/! limit +logBytes \(64000000\) in __run/);
    expect(ran.peak).toBeLessThan(400_000_000);
    workflow('yes ::debug::x');
    expect((await measured('run', repository)).tail).toMatch(/! limit +logBytes \(64000000\) in __run/);
    await verified();
  });

  test('of remarks without end is recorded in bounds', async () => {
    workflow('yes ::warning::x | head -n 200000; yes ::add-mask::x | head -n 200000');
    expect((await measured('run', repository)).status).toBe(0);
    const shown = await place.run(['audit', 'show', runId(), '--json']);
    const types = shown.stdout.split('\n').filter((line) => line.includes('"annotation"'));
    expect(types).toHaveLength(1_001);
    await verified();
  });

  test('of random bytes and escape codes comes to the terminal as harmless characters', async () => {
    workflow(
      'head -c 200000 /dev/urandom; printf "\\n\\033]0;owned\\007\\033[2J\\233H\\342\\200\\256\\n::error file=\\033[31mx::\\033[2Jy\\n"; exit 1',
    );
    const ran = await measured('run', repository, '--verbose');
    expect(ran.status).toBe(1);
    expect(/[\u0000-\u0008\u000b-\u001f\u007f]/.test(ran.tail)).toBe(false);
    await verified();
  });

  test('of many short lines and commands is taken in bounded memory', async () => {
    workflow('seq 300000; yes "::notice::x" | head -20000; yes "::set-output name=x::y" | head -5000');
    const ran = await measured('run', repository);
    expect(ran.peak).toBeLessThan(400_000_000);
    await verified();
  });

  test('of exec of 1 GB passes through, at the pace of whoever reads, in bounded memory', async () => {
    const ran = await measured(
      'exec',
      '--workdir',
      repository,
      '--',
      'head',
      '-c',
      '1000000000',
      '/dev/zero',
    );
    expect(ran.status).toBe(0);
    expect(ran.bytes).toBeGreaterThanOrEqual(1_000_000_000);
    expect(ran.peak).toBeLessThan(400_000_000);
    await verified();
  });
});

describe('a file command', () => {
  test.each([
    ['a link to a file of the host', 'ln -sf /etc/passwd "$F"'],
    ['a link to process 1', 'ln -sf /proc/1/environ "$F"'],
    ['a pipe that nobody writes', 'rm "$F"; mkfifo "$F"'],
    ['a folder', 'rm "$F"; mkdir "$F"'],
    ['a device', 'rm "$F"; ln -s /dev/zero "$F"'],
    ['gone', 'rm "$F"'],
    ['1 GB', 'head -c 1000000000 /dev/zero > "$F" || true; truncate -s 1G "$F" || true'],
    ['no text', 'head -c 100000 /dev/urandom > "$F"'],
    [
      'a name that loads code',
      'echo "LD_PRELOAD=/tmp/x.so" >> "$F"; echo "NODE_OPTIONS=--require /tmp/x" >> "$F"',
    ],
    ['a name of ours', 'echo "GITHUB_ACTOR=admin" >> "$F"; echo "GITHUB_WORKSPACE=/" >> "$F"'],
    ['a text without its end', 'printf "A<<END\\nx\\ny\\n" >> "$F"'],
  ])('that is %s is refused or harmless, at once, with its reason', async (_what, script) => {
    for (const file of [
      'GITHUB_ENV',
      'GITHUB_OUTPUT',
      'GITHUB_PATH',
      'GITHUB_STEP_SUMMARY',
      'GITHUB_STATE',
    ]) {
      if (script.includes('echo') && file !== 'GITHUB_ENV') continue;
      workflow(`F="$${file}"; ${script}`, 'echo "$GITHUB_ACTOR $LD_PRELOAD ${NODE_OPTIONS:-} end"');
      const started = Date.now();
      const ran = await place.run(['run', repository, '--verbose']);
      expect(ran.stdout + ran.stderr).not.toMatch(/root:x:0|defect|node:internal/);
      expect(ran.stdout).not.toMatch(/│ admin|│ .*--require/);
      expect([0, 1]).toContain(ran.status);
      if (ran.status === 1) expect(ran.stdout).toMatch(new RegExp(`${file}|file-command|limit`));
      expect(Date.now() - started).toBeLessThan(20_000);
    }
    await verified();
  });
});

describe('a workspace', () => {
  test('full of links out of it gives its job nothing of the host, and is not followed by us', async () => {
    for (const [name, target] of [
      ['a', '/etc/shadow'],
      ['b', '/root'],
      ['c', '../../../../etc'],
      ['d', '/proc/self/root'],
      ['e', 'e'],
    ] as const) {
      symlinkSync(target, join(repository, name));
    }
    writeFileSync(join(repository, 'README'), '');
    workflow('set +e; cat a; ls b/ c/shadow d/root; ls -ld e; true');
    const ran = await place.run(['run', repository, '--verbose']);
    expect(ran.status, ran.stdout + ran.stderr).toBe(0);
    expect(ran.stdout).not.toMatch(/root:[*!$]/);
    await verified();
  });

  test('whose step kills everything that it can see ends that step, and the record is whole', async () => {
    workflow('kill -9 -1', 'echo after');
    const ran = await place.run(['run', repository, '--verbose']);
    expect(ran.status).toBe(1);
    expect(ran.stdout).toMatch(/FAILED/);
    await verified();
  });
});
