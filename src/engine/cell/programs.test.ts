import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RecordEvent } from '../../audit/index.ts';
import { FETCH, Job, Sink } from './programs.fixture.ts';

// Each attack is tried twice: without the rule it must reach the sink, under the rule it must not.
const sink = new Sink();
let anyone: Job;
let bash: Job;
let script: Job;

const BASH = '/usr/bin/bash';
const PYTHON = '/usr/bin/python3';

beforeAll(async () => {
  await sink.open();
  const to = `api.test:${sink.port}`;
  anyone = await Job.open(to);
  bash = await Job.open({ to, programs: [{ run: BASH }] });
  script = await Job.open({ to, programs: [{ run: PYTHON, script: FETCH }] });
});
afterAll(async () => {
  await anyone.close();
  await bash.close();
  await script.close();
  sink.close();
});

/** What bash does to ask by itself. */
const ask = (name: string): string =>
  `exec 3<>/dev/tcp/api.test/${sink.port}; printf 'GET /${name} HTTP/1.1\\r\\nHost: api.test:${sink.port}\\r\\n\\r\\n' >&3; read -t 5 line <&3; echo "$line"`;
const python = (code: string): readonly [string, string, string] => [
  'python3',
  '-c',
  `
import ctypes, os, socket, subprocess, sys, time
PORT = ${sink.port}
def dial():
    s = socket.create_connection(('api.test', PORT), 10); return s
def say(s, path):
    s.sendall(('GET /%s HTTP/1.1\\r\\nHost: api.test:%d\\r\\n\\r\\n' % (path, PORT)).encode())
    try: print(s.recv(4096).decode()[:16])
    except OSError as e: print(type(e).__name__)
${code}`,
];

type Denied = Extract<RecordEvent, { readonly type: 'network.connection' }>;
function denials(job: Job): readonly Denied[] {
  return job.events.filter(
    (event): event is Denied => event.type === 'network.connection' && event.verdict === 'denied',
  );
}

interface Attack {
  readonly what: string;
  readonly name: string;
  readonly rule: 'bash' | 'script';
  readonly argv: (name: string) => readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
  readonly why: RegExp;
}

const sh = (command: (name: string) => string) => (name: string) => ['sh', '-c', command(name)] as const;
const of = (code: (name: string) => string) => (name: string) => python(code(name));

const ATTACKS: readonly Attack[] = [
  {
    what: 'another program',
    name: 'other',
    rule: 'bash',
    argv: of((name) => `say(dial(), '${name}')`),
    why: /no entry for this place is for this program/,
  },
  {
    what: 'a copy of the program',
    name: 'copy',
    rule: 'bash',
    argv: sh((name) => `cp ${BASH} /work/bash; /work/bash -c '${ask(name).replaceAll("'", `'\\''`)}'`),
    why: /\/work\/bash lies where the job can write/,
  },
  {
    what: 'a hard link to a copy, by the name of the program',
    name: 'hard-link',
    rule: 'bash',
    argv: sh(
      (name) =>
        `mkdir -p /tmp/usr/bin; cp ${BASH} /tmp/c; ln /tmp/c /tmp${BASH}; exec /tmp${BASH} -c '${ask(name).replaceAll("'", `'\\''`)}'`,
    ),
    why: /\/tmp\/usr\/bin\/bash lies where the job can write/,
  },
  {
    what: 'another program that says it is the program (argv[0], its own name)',
    name: 'renamed',
    rule: 'bash',
    argv: of(
      (name) =>
        `if len(sys.argv) < 2: os.execv('${PYTHON}', ['${BASH}', '-c', open('/proc/self/cmdline').read().split('\\0')[2], 'again'])
ctypes.CDLL(None).prctl(15, b'bash', 0, 0, 0)
say(dial(), '${name}')`,
    ),
    why: /no entry for this place is for this program/,
  },
  {
    what: 'a link by the name of the program to another one',
    name: 'symbolic-link',
    rule: 'bash',
    argv: sh(
      (name) =>
        `ln -s ${PYTHON} /work/${'bash'}-link; /work/bash-link -c "import socket; s = socket.create_connection(('api.test', ${sink.port})); s.sendall(b'GET /${name} HTTP/1.1\\r\\nHost: api.test:${sink.port}\\r\\n\\r\\n'); print(s.recv(99))"`,
    ),
    why: /no entry for this place is for this program/,
  },
  {
    what: 'the program in memory of its own (memfd)',
    name: 'memfd',
    rule: 'bash',
    argv: of(
      (name) => `m = os.memfd_create('bash'); os.write(m, open('${BASH}', 'rb').read())
os.execve(m, ['bash', '-c', ${JSON.stringify(ask(name))}], dict(os.environ))`,
    ),
    why: /lies where the job can write/,
  },
  {
    what: 'the program, preloaded',
    name: 'preload',
    rule: 'bash',
    argv: (name) => [BASH, '-c', ask(name)],
    environment: { LD_PRELOAD: 'libm.so.6' },
    why: /started with LD_PRELOAD/,
  },
  {
    what: 'the program by way of the loader',
    name: 'loader',
    rule: 'bash',
    argv: sh(
      (name) =>
        `for loader in /lib64/ld-linux-*.so.* /lib/ld-linux-*.so.*; do [ -e $loader ] && exec $loader ${BASH} -c '${ask(name).replaceAll("'", `'\\''`)}'; done`,
    ),
    why: /no entry for this place is for this program/,
  },
  {
    what: 'a connection of another program, handed to the program',
    name: 'handed',
    rule: 'bash',
    argv: of(
      (name) => `s = dial(); os.set_inheritable(s.fileno(), True)
c = "printf 'GET /${name} HTTP/1.1\\\\r\\\\nHost: api.test:%d\\\\r\\\\n\\\\r\\\\n' >&%d; read -t 5 l <&%d; echo $l" % (PORT, s.fileno(), s.fileno())
p = subprocess.Popen(['${BASH}', '-c', 'for i in {1..200000}; do :; done; ' + c], close_fds=False); s.close(); p.wait()`,
    ),
    why: /another process has it than asked for it/,
  },
  {
    what: 'a connection that the program shares with another one',
    name: 'shared',
    rule: 'bash',
    argv: (name) => [
      BASH,
      '-c',
      `exec 3<>/dev/tcp/api.test/${sink.port}; sleep 2 & ${ask(name).replace(/^exec [^;]*; /, '')}`,
    ],
    why: /more than one process has it open/,
  },
  {
    what: 'the program, started in the place of another one that had connected',
    name: 'exec-after-connect',
    rule: 'bash',
    argv: of(
      (name) => `s = dial(); os.set_inheritable(s.fileno(), True)
c = "printf 'GET /${name} HTTP/1.1\\\\r\\\\nHost: api.test:%d\\\\r\\\\n\\\\r\\\\n' >&%d; read -t 5 l <&%d; echo $l" % (PORT, s.fileno(), s.fileno())
os.execv('${BASH}', ['bash', '-c', c])`,
    ),
    why: /started another program after it asked for it/,
  },
  {
    what: 'another script under the same interpreter',
    name: 'other-script',
    rule: 'script',
    argv: sh((name) => `cp ${FETCH} /work/fetch.py; python3 /work/fetch.py ${sink.port} ${name}`),
    why: /for this program with another script/,
  },
  {
    what: 'code under the same interpreter that names the script as an argument',
    name: 'named-script',
    rule: 'script',
    argv: (name) => [
      PYTHON,
      '-c',
      `import sys; sys.argv = ['', '${sink.port}', '${name}']; exec(open('${FETCH}').read())`,
      FETCH,
    ],
    why: /for this program with another script/,
  },
  {
    what: 'code under the same interpreter that failed to start the script',
    name: 'failed-start',
    rule: 'script',
    argv: of(
      (name) => `try: os.execve('${PYTHON}', ['${PYTHON}', '${FETCH}', 'x'], {'big': 'x' * 4000000})
except OSError: pass
say(dial(), '${name}')`,
    ),
    why: /for this program with another script/,
  },
  {
    what: 'the script, told by a variable to load other code',
    name: 'python-path',
    rule: 'script',
    argv: (name) => [PYTHON, FETCH, `${sink.port}`, name],
    environment: { PYTHONPATH: '/work' },
    why: /started with PYTHONPATH/,
  },
  {
    what: 'the script, told by a variable where its compiled code is',
    name: 'python-cache',
    rule: 'script',
    argv: (name) => [PYTHON, FETCH, `${sink.port}`, name],
    environment: { PYTHONPYCACHEPREFIX: '/work/cache' },
    why: /started with PYTHONPYCACHEPREFIX/,
  },
  {
    what: 'the program, told by a variable what its own commands are',
    name: 'bash-function',
    rule: 'bash',
    argv: (name) => [BASH, '-c', `hello; ${ask(name)}`],
    environment: { 'BASH_FUNC_hello%%': '() { echo stolen; }' },
    why: /started with BASH_FUNC_hello%%/,
  },
  {
    what: 'the script, when the script itself started what started it',
    name: 'descendant',
    rule: 'script',
    argv: (name) => [PYTHON, FETCH, `${sink.port}`, 'outer', `${PYTHON} ${FETCH} ${sink.port} ${name}`],
    why: /what that starts does not count/,
  },
  {
    what: 'the script, by a process that left what started it',
    name: 'orphan',
    rule: 'script',
    argv: (name) => [
      PYTHON,
      FETCH,
      `${sink.port}`,
      'outer',
      `setsid sh -c 'sleep 0.3; exec ${PYTHON} ${FETCH} ${sink.port} ${name}' & `,
      'sleep 1.5',
    ],
    why: /what started it has ended/,
  },
];

describe('an entry for certain programs', () => {
  test('lets the program through, and says by which it was', async () => {
    expect(await bash.run([BASH, '-c', ask('right-bash')])).toContain('200');
    expect(await script.run([PYTHON, FETCH, `${sink.port}`, 'right-script'])).toContain('200');
    expect(sink.asked).toEqual(expect.arrayContaining(['right-bash', 'right-script']));
    const allowed = script.events.find((event) => event.type === 'network.connection');
    expect(allowed).toMatchObject({ verdict: 'allowed', program: { script: FETCH } });
  });

  test('takes a link of the read-only root for the file that it leads to', async () => {
    expect(await bash.run(['/bin/bash', '-c', ask('by-link')])).toContain('200');
  });

  test.each(ATTACKS)('does not let $what through, which would get through without it', async (attack) => {
    const job = attack.rule === 'bash' ? bash : script;
    const said = await anyone.run(attack.argv(`${attack.name}-open`), attack.environment);
    expect(sink.asked, said).toContain(`${attack.name}-open`);
    const before = denials(job).length;
    const out = await job.run(attack.argv(`${attack.name}-closed`), attack.environment);
    expect(sink.asked, out).not.toContain(`${attack.name}-closed`);
    const [denied] = denials(job).slice(before);
    expect(denied, out).toMatchObject({
      host: 'api.test',
      program: { why: expect.stringMatching(attack.why) },
    });
    expect(denied?.reason).toMatch(/^program-not-(allowed|known)$/);
  });

  test('ends what was allowed when the process becomes another program', async () => {
    const code = (name: string) =>
      `exec 3<>/dev/tcp/api.test/${sink.port}; printf 'GET /${name}-first HTTP/1.1\\r\\nHost: api.test:${sink.port}\\r\\n\\r\\n' >&3; read -t 5 line <&3; exec python3 -c "import os, time; time.sleep(0.7); os.write(3, b'GET /${name}-second HTTP/1.1\\r\\nHost: api.test:${sink.port}\\r\\n\\r\\n'); time.sleep(0.3)"`;
    await anyone.run([BASH, '-c', code('become-open')]);
    expect(sink.asked).toEqual(expect.arrayContaining(['become-open-first', 'become-open-second']));
    const before = denials(bash).length;
    await bash.run([BASH, '-c', code('become-closed')]);
    expect(sink.asked).toContain('become-closed-first');
    expect(sink.asked).not.toContain('become-closed-second');
    expect(denials(bash).slice(before)[0]?.program?.why).toContain('started another program');
  });

  test('does not know a program that runs code of a file that the job wrote, or code that was changed', async () => {
    const load = (name: string): string => `import glob, shutil
shutil.copy(glob.glob('/usr/lib/*/libm.so.6')[0], '/work/own.so'); ctypes.CDLL('/work/own.so')
say(dial(), '${name}')`;
    const patch = (name: string): string => `libc = ctypes.CDLL(None)
at = ctypes.cast(libc.abs, ctypes.c_void_p).value & ~4095
assert libc.mprotect(ctypes.c_void_p(at), 4096, 7) == 0
ctypes.memmove(at, ctypes.string_at(at, 1), 1)
assert libc.mprotect(ctypes.c_void_p(at), 4096, 5) == 0
say(dial(), '${name}')`;
    const jit = (name: string): string => `import mmap
page = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 7)
say(dial(), '${name}')`;
    const to = `api.test:${sink.port}`;
    const job = await Job.open({ to, programs: [{ run: PYTHON }] });
    try {
      await job.run(python("say(dial(), 'plain')"));
      expect(sink.asked).toContain('plain');
      for (const [name, code, why] of [
        ['load', load, /executes \/work\/own\.so/],
        ['patch', patch, /whose code was changed in memory/],
        ['jit', jit, /executed in it that is of no file/],
      ] as const) {
        const open = await anyone.run(python(code(`${name}-open`)));
        expect(sink.asked, open).toContain(`${name}-open`);
        const before = denials(job).length;
        await job.run(python(code(`${name}-closed`)));
        expect(sink.asked).not.toContain(`${name}-closed`);
        expect(denials(job)[before]?.program?.why).toMatch(why);
      }
    } finally {
      await job.close();
    }
  });

  test('knows no program in a job whose profile lets a process act in the place of another', async () => {
    const to = `api.test:${sink.port}`;
    const job = await Job.open({ to, programs: [{ run: BASH }] }, { profile: 'debugger' });
    try {
      await job.run([BASH, '-c', ask('profile')]);
      expect(sink.asked).not.toContain('profile');
      expect(denials(job)[0]).toMatchObject({ reason: 'program-not-known' });
      expect(denials(job)[0]?.program?.why).toContain('the profile debugger');
    } finally {
      await job.close();
    }
  });

  test('is one of several: what another one allows to every program stays when the process becomes another', async () => {
    const to = `api.test:${sink.port}`;
    const job = await Job.open([{ to, programs: [{ run: BASH }] }, to]);
    const code = `exec 3<>/dev/tcp/api.test/${sink.port}; printf 'GET /several-first HTTP/1.1\\r\\nHost: ${to}\\r\\n\\r\\n' >&3; read -t 5 line <&3; exec python3 -c "import os, time; time.sleep(0.5); os.write(3, b'GET /several-second HTTP/1.1\\r\\nHost: ${to}\\r\\n\\r\\n'); time.sleep(0.3)"`;
    try {
      await job.run([BASH, '-c', code]);
      expect(sink.asked).toEqual(expect.arrayContaining(['several-first', 'several-second']));
    } finally {
      await job.close();
    }
  });

  test('takes a variable that the control side gave to every step for no preloading', async () => {
    const to = `api.test:${sink.port}`;
    const given = { JAVA_TOOL_OPTIONS: '-Dgiven=1' };
    const job = await Job.open({ to, programs: [{ run: BASH }] }, { environment: given });
    try {
      await job.run([BASH, '-c', ask('given')], given);
      await job.run([BASH, '-c', ask('not-given')], { JAVA_TOOL_OPTIONS: '-javaagent:/work/x.jar' });
      expect(sink.asked).toContain('given');
      expect(sink.asked).not.toContain('not-given');
    } finally {
      await job.close();
    }
  });
});
