import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { archive, type Written } from '../../src/sandbox/image/archive.fixture.ts';
import { Layout } from '../../src/sandbox/image/layout.fixture.ts';
import { RUNTIMES_HERE } from '../../src/sandbox/oci/runtimes.fixture.ts';
import { Place } from './cofferdam.fixture.ts';

let place: Place;
let work = '';
let layout: Layout;
beforeEach(() => {
  place = new Place();
  work = join(place.directory, 'work');
  mkdirSync(work);
  layout = new Layout(join(place.directory, 'image'));
});
afterEach(() => place.remove());

/** A shell and a few programs of this machine, with the libraries that they need, where an image has them. */
function programs(): readonly Written[] {
  const names = ['sh', 'cat', 'ls', 'id', 'stat', 'touch'];
  const linked = execFileSync(
    'ldd',
    names.map((name) => `/bin/${name}`),
  ).toString();
  const libraries = new Set([...linked.matchAll(/(\/\S+) \(0x/gu)].map(([, path]) => path ?? ''));
  const file = (path: string, from: string): Written => ({
    path: path.slice(1),
    content: readFileSync(realpathSync(from)),
    mode: 0o755,
  });
  return [
    ...names.map((name) => file(`/bin/${name}`, `/bin/${name}`)),
    ...[...libraries].map((path) => file(path, path)),
  ];
}

function exec(script: string, ...options: readonly string[]) {
  return place.run([
    'exec',
    '--root-image',
    layout.directory,
    '--workdir',
    work,
    ...options,
    '--',
    'sh',
    '-c',
    script,
  ]);
}

const installed = RUNTIMES_HERE.filter(({ program }) => program.startsWith('/usr/'));

describe.each(installed)('a job in an OCI image, run by $name', ({ name }) => {
  test('has the image’s programs and files, its own identity, no host’s /usr, and cannot write there', async () => {
    const { digest } = layout.add({
      layers: [archive(...programs(), { path: 'etc/os-release', content: 'ID=small' })],
      environment: ['PATH=/bin:/sbin', 'FROM_IMAGE=yes'],
    });
    writeFileSync(join(work, 'mine'), 'mine');
    const ran = await exec(
      'echo $FROM_IMAGE; cat /etc/os-release mine; echo; id; ls /usr; touch /bin/x; echo new > made; touch /tmp/a && echo wrote',
      '--runtime',
      name,
    );
    expect(ran.stdout, ran.stderr).toContain('yes\nID=smallmine\n');
    expect(ran.stdout).toContain('uid=1001(runner)');
    expect(ran.stdout).not.toContain('local');
    expect(ran.stderr).toMatch(/\/bin\/x.*Read-only file system/u);
    expect(ran.stdout).toContain('wrote');
    expect(ran.status).toBe(0);
    const run = /record (\S+)/u.exec(ran.stderr)?.[1] ?? '';
    const record = readFileSync(join(place.state, 'runs', run, 'record/record.jsonl'), 'utf8');
    expect(record).toContain(`"root":{"digest":"${digest}","kind":"image"}`);
  });

  test('has every wall and mount of ours where the image has links and files to lead them astray', async () => {
    const link = (path: string, target: string): Written => ({ path, type: '2', target });
    layout.add({
      layers: [
        archive(
          ...programs(),
          link('etc', '/proc'),
          link('tmp', '/run/cofferdam'),
          link('run', '/usr'),
          link('dev', 'bin'),
          link('proc', '/etc'),
          link('home', '../../..'),
          { path: 'sys', content: 'a file' },
          { path: 'opt', content: 'a file' },
        ),
      ],
    });
    const ran = await exec(
      'cat /etc/resolv.conf; stat -c %F:%n /proc/self/status /dev/null /tmp /home/runner; cat /proc/sys/kernel/ostype; touch /etc/x',
      '--runtime',
      name,
    );
    expect(ran.stdout, ran.stderr).toContain('nameserver 127.0.0.1');
    expect(ran.stdout).toContain(
      'regular empty file:/proc/self/status\ncharacter special file:/dev/null\ndirectory:/tmp\ndirectory:/home/runner\nLinux\n',
    );
    expect(ran.stderr).toContain('/etc/x');
    expect(ran.status).toBe(1);
  });
});

describe('an image', () => {
  test('with a link on the way to a folder that is to be shown is refused before anything starts', async () => {
    layout.add({ layers: [archive(...programs(), { path: 'usr/lib', type: '2', target: '/opt' })] });
    const ran = await exec('true', '--read', '/usr/lib');
    expect(ran.status).toBe(125);
    expect(ran.stderr).toContain('image/link');
    expect(ran.stderr).toContain('at /usr/lib: the image has a link on the way, to /opt');
  });

  test('that is none, or whose program is not there, is said in one message', async () => {
    const none = await place.run(['exec', '--root-image', work, '--workdir', work, '--', 'true']);
    expect(none.status).toBe(125);
    expect(none.stderr).toContain('image/absent');
    layout.add({ layers: [archive(...programs())] });
    const absent = await place.run([
      'exec',
      '--root-image',
      layout.directory,
      '--workdir',
      work,
      '--',
      'node',
    ]);
    expect(absent.status).toBe(127);
    expect(absent.stderr).toContain('the image');
  });
});

describe('a workflow in an OCI image', () => {
  test('runs its steps by sh where the image has no bash', async () => {
    layout.add({ layers: [archive(...programs())] });
    mkdirSync(join(work, '.github/workflows'), { recursive: true });
    writeFileSync(
      join(work, '.github/workflows/ci.yml'),
      'on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo "by $0" | cat && ls /usr/local || echo none\n',
    );
    const ran = await place.run(['run', work, '--root-image', layout.directory, '--verbose']);
    expect(ran.status, ran.stdout + ran.stderr).toBe(0);
    expect(ran.stdout).toContain('by /run/cofferdam/script');
    expect(ran.stdout).toContain('none');
  });
});
