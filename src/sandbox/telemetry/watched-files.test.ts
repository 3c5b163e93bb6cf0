import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { whySensitive } from '../changes/index.ts';
import type { ObservedFile } from '../contract.ts';
import { JobSandbox } from '../oci/job-sandbox.fixture.ts';
import { watchedKind, watchedRules } from './watched-files.ts';

let job: JobSandbox | undefined;
afterEach(async () => {
  await job?.close();
  job = undefined;
});

async function files(script: string) {
  job = await JobSandbox.open();
  expect(job.sandbox.receipt.unseen).toBeUndefined();
  const before = job.seen.length;
  const { stdout, stderr } = await job.python(script);
  expect(stderr).toBe('');
  await job.sandbox.observed();
  const seen = job.seen.slice(before);
  const told = seen.flatMap((one) => (one.kind === 'file' ? [one] : []));
  return { told, said: stdout.toString('utf8'), gaps: seen.filter(({ kind }) => kind === 'gap') };
}

const shown = ({ file, is }: { readonly file: ObservedFile; readonly is?: string }) => [
  is ?? file.what,
  file.path,
];

describe('files that tools obey', () => {
  it('are told when they are written, renamed or linked to, by whatever way, with who did it', async () => {
    const { told, gaps } = await files(`
import os, subprocess
os.environ['HOME'] = '/home/runner'
run = lambda text: subprocess.run(['sh', '-c', text], check=True)
run('echo x >>~/.bashrc')
run('mkdir -p .git/hooks; echo x >a; mv a .git/hooks/pre-commit')
run('echo x >b; ln b .npmrc')
run('ln -s /tmp/x ~/.profile')
run('mkdir -p made/workflows; echo x >made/workflows/w.yml; mv made .github; mkdir far; ln -s far .circleci')
run('git config --global user.name x')
os.makedirs('deep/down'); fd = os.open('deep/down/action.yml', os.O_RDWR | os.O_CREAT); os.pwrite(fd, b'x', 0); os.close(fd)
if os.fork() == 0:
    with open('cofferdam.yaml', 'w') as file: file.write('x')
    os._exit(0)
os.wait()`);
    const by = new Map<string, string[]>();
    for (const one of told) {
      const key = shown(one).join(' ');
      by.set(key, [...(by.get(key) ?? []), one.file.process.argv[0] ?? '']);
    }
    // Who wrote a file that another renamed a moment later may be told by its later name too.
    by.delete('workflow-file /work/.github/workflows/w.yml');
    expect([...by].map(([what, programs]) => [what, programs.at(-1)])).toEqual([
      ['shell-configuration /home/runner/.bashrc', 'sh'],
      ['hook /work/.git/hooks', 'mkdir'],
      ['hook /work/.git/hooks/pre-commit', 'mv'],
      ['package-manager-configuration /work/.npmrc', 'ln'],
      ['shell-configuration /home/runner/.profile', 'ln'],
      ['workflow-file /work/.github', 'mv'],
      ['workflow-file /work/.circleci', 'ln'],
      ['git-configuration /home/runner/.gitconfig', 'git'],
      ['workflow-file /work/deep/down/action.yml', 'python3'],
      ['workflow-file /work/cofferdam.yaml', 'python3'],
    ]);
    expect(told.every(({ file }) => file.process.pid > 1 && file.process.uid === 1_001)).toBe(true);
    expect(gaps).toEqual([]);
  });

  it('are not told when they are read, nor are others, nor samples, nor those of packages', async () => {
    const { told } = await files(`
import os, subprocess
subprocess.run(['git', 'init', '-q', '/tmp/other'], check=True)
os.makedirs('node_modules/p/.github/workflows')
for name in ('node_modules/p/.github/workflows/ci.yml', 'node_modules/p/action.yml', 'node_modules/p/.npmrc', 'index.js', '/tmp/.bashrc'):
    with open(name, 'w') as file: file.write('x')
for name in ('/home/runner/.bashrc', '.npmrc'):
    try: open(name).read()
    except FileNotFoundError: pass`);
    expect(told).toEqual([]);
  });

  it('are what the list of sensitive names holds too, so that applying leaves them out', () => {
    for (const rule of watchedRules(['/work']).filter((one) => one.startsWith('/work/'))) {
      const name = rule.slice('/work/'.length).replace('**/', '');
      if (/^(?:action\.ya?ml|lefthook|\.overcommit)/u.test(name)) continue;
      expect(
        whySensitive(Buffer.from(`${name}x`.replace(/x$/u, name.endsWith('/') ? 'x' : ''))),
        name,
      ).toBeDefined();
    }
    expect(watchedKind('/work/.github/workflows/x.yml', ['/work'])).toBe('workflow-file');
    expect(watchedKind('/elsewhere/.github/workflows/x.yml', ['/work'])).toBeUndefined();
  });

  it('do not slow a job that writes ten thousand files, and none is missed among them', async () => {
    const { told, gaps } = await files(`
import os
os.makedirs('out')
for i in range(10000):
    with open('out/%d' % i, 'w') as file: file.write('x')
    if i % 1000 == 0:
        with open('.npmrc', 'w') as file: file.write('x')
        if i == 5000:
            with open('cofferdam.yaml', 'w') as file: file.write('x')`);
    expect(new Set(told.map(({ file }) => file.path))).toEqual(
      new Set(['/work/.npmrc', '/work/cofferdam.yaml']),
    );
    expect(told.length).toBeLessThan(15);
    expect(gaps).toEqual([]);
  });
});

/** The trace program of the one sandbox that this test has. */
function tracePid(): number {
  const pid = readdirSync('/proc').find((name) => {
    try {
      const status = readFileSync(`/proc/${name}/status`, 'latin1');
      return status.startsWith('Name:\ttrace\n') && status.includes(`\nPPid:\t${process.pid}\n`);
    } catch {
      return false;
    }
  });
  if (pid === undefined) throw new Error('no trace program runs');
  return Number(pid);
}

describe('a telemetry that is slower than a job', () => {
  it('says that something was lost, and sees what is done after it', async () => {
    job = await JobSandbox.open({ workspaceInodes: 100_000 });
    const merged = job.sandbox.workspace.mergedHostPath;
    const running = job.python(`
import os, time
os.close(os.open('up', os.O_WRONLY | os.O_CREAT))
while not os.path.exists('go'): time.sleep(0.01)
for i in range(20000): os.close(os.open('f%d' % i, os.O_WRONLY | os.O_CREAT))
os.close(os.open('done', os.O_WRONLY | os.O_CREAT))
while not os.path.exists('on'): time.sleep(0.01)
with open('.npmrc', 'w') as file: file.write('x')`);
    const made = async (name: string): Promise<void> => {
      while (!existsSync(join(merged, name))) await sleep(20);
    };
    await made('up');
    const trace = tracePid();
    process.kill(trace, 'SIGSTOP');
    while (!/^State:\s+T/mu.test(readFileSync(`/proc/${trace}/status`, 'latin1'))) await sleep(5);
    writeFileSync(join(merged, 'go'), '');
    await made('done');
    process.kill(trace, 'SIGCONT');
    await sleep(500);
    writeFileSync(join(merged, 'on'), '');
    expect((await running).stderr).toBe('');
    await job.sandbox.observed();
    expect(job.seen.filter(({ kind }) => kind === 'gap')).toContainEqual({
      kind: 'gap',
      why: 'what was done to files was lost: it came too fast',
    });
    const told = job.seen.flatMap((one) => (one.kind === 'file' ? [one.file.path] : []));
    expect(told).toEqual(['/work/.npmrc']);
  });
});

describe('memory of another process', () => {
  it('is told when its file is opened, or its environment, and not when one looks at oneself', async () => {
    const { told, said } = await files(`
import os
open('/proc/self/environ').read(); open('/proc/%d/mem' % os.getpid()).close()
reader, writer = os.pipe()
child = os.fork()
if child == 0:
    os.close(writer); os.read(reader, 1); os._exit(0)
os.close(reader)
open('/proc/%d/environ' % child, 'rb').read()
os.close(os.open('/proc/%d/mem' % child, os.O_RDONLY))
os.close(os.open('/proc/%d/task/%d/mem' % (child, child), os.O_RDONLY))
print(child); os.close(writer); os.wait()`);
    const child = said.trim();
    expect(told.map(({ file }) => [file.what, file.path])).toEqual([
      ['memory', `/proc/${child}/environ`],
      ['memory', `/proc/${child}/mem`],
      ['memory', `/proc/${child}/task/${child}/mem`],
    ]);
  });
});

describe('a file that is made set-user-id', () => {
  it('is told also when it begins that way', async () => {
    const { told } = await files(`
import os
fd = os.open('tool', os.O_WRONLY | os.O_CREAT, 0o4755); os.close(fd)`);
    expect(told.map(({ file }) => [file.what, file.path])).toEqual([['set-user-id', '/work/tool']]);
  });
});
