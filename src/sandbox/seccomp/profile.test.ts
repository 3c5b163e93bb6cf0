import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { JobSandbox } from '../oci/job-sandbox.fixture.ts';
import {
  attackScript,
  FORBIDDEN,
  FREE,
  type ForbiddenCall,
  OTHER_ABI,
  REFUSED_TWICE,
  SETTING,
} from './calls.fixture.ts';

/** EPERM, ENOSYS; and for a socket what a kernel without that family says. */
const NO_CALL = 38;
const REFUSALS = [1, NO_CALL];
const SOCKET_REFUSALS = [1, 13, 93, 97];

let job: JobSandbox;
beforeAll(async () => {
  job = await JobSandbox.open();
});
afterAll(() => job.close());

type Answers = Readonly<Record<string, number | string>>;

async function inside(calls: readonly ForbiddenCall[]): Promise<Answers> {
  const { stdout, stderr } = await job.python(attackScript(calls, process.arch));
  expect(stderr).toBe('');
  return JSON.parse(stdout.toString('utf8')) as Answers;
}

/** The same calls of the same user, who holds nothing either, without the filter: in namespaces that end with it. */
function unfiltered(calls: readonly ForbiddenCall[]): Answers {
  return JSON.parse(outside(attackScript(calls, process.arch))) as Answers;
}

function outside(script: string): string {
  const namespaces = ['--net', '--mount', '--pid', '--ipc', '--fork', '--kill-child', '--mount-proc'];
  const user = ['--reuid=1001', '--regid=1001', '--clear-groups', '--no-new-privs', '--bounding-set=-all'];
  const program = ['timeout', '-s', 'KILL', '30', 'python3', '-c', script];
  const out = execFileSync('unshare', [...namespaces, 'setpriv', ...user, '--', ...program], { cwd: '/' });
  return out.toString('utf8');
}

describe('the system-call filter', () => {
  test('refuses what a job must not ask of the kernel, and is the reason', async () => {
    const [on, off] = [await inside(FORBIDDEN), unfiltered(FORBIDDEN)];
    for (const { name } of FORBIDDEN) {
      expect(name.startsWith('socket') ? SOCKET_REFUSALS : REFUSALS, name).toContain(on[name]);
      if (!SETTING.includes(name) && off[name] !== NO_CALL)
        expect(off[name], `${name}, without the filter`).not.toBe(on[name]);
    }
    // What an older kernel does not have says nothing about the filter; most it has.
    const had = FORBIDDEN.filter(({ name }) => off[name] !== NO_CALL);
    expect(had.length).toBeGreaterThan(FORBIDDEN.length * 0.7);
  });

  test('refuses also what a second wall would refuse', async () => {
    const on = await inside(REFUSED_TWICE);
    for (const { name } of REFUSED_TWICE)
      expect(name.startsWith('socket') ? SOCKET_REFUSALS : REFUSALS, name).toContain(on[name]);
  });

  test('ends whoever comes by another door to the kernel: x32, or the 32-bit interrupt', async () => {
    const { stdout } = await job.python(OTHER_ABI);
    // 31 is SIGSYS. On another architecture these are no instructions at all, or calls that are not there.
    const refused = process.arch === 'x64' ? /^signal 31$/ : /^(?:signal \d+|unknown)$/;
    for (const one of JSON.parse(stdout.toString('utf8')) as readonly string[]) expect(one).toMatch(refused);
    // Without the filter a kernel makes the call, or says that it has no such door; it ends nobody for asking.
    if (process.arch === 'x64') expect(JSON.parse(outside(OTHER_ABI))).not.toContain('signal 31');
  });

  test('answers a newer call that is free as the kernel does without it', async () => {
    const [on, off] = [await inside(FREE), unfiltered(FREE)];
    // ENOSYS: a runtime whose library does not know the call yet.
    for (const { name } of FREE) expect([off[name], 38], name).toContain(on[name]);
  });

  test('lets through what ordinary programs do: threads, processes, sockets, own limits and signals', async () => {
    const { stdout, stderr, exit } = await job.python(`
import os, resource, signal, socket, subprocess, threading
t = threading.Thread(target=lambda: None); t.start(); t.join()
subprocess.run(['sh', '-c', 'ulimit -n 50; true'], check=True)
resource.setrlimit(resource.RLIMIT_NOFILE, (60, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
a, b = socket.socketpair(); a.close(); b.close()
server = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(server.getsockname())
socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).close()
signal.alarm(10); os.sched_yield()
print(len(socket.if_nameindex()))
`);
    expect(stderr).toBe('');
    expect(exit.code).toBe(0);
    expect(stdout.toString('utf8')).toBe('1\n');
  });
});
