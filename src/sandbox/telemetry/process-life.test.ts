import { afterEach, describe, expect, it } from 'vitest';
import type { Observation, ObservedExit, ObservedProcess } from '../contract.ts';
import { JobSandbox } from '../oci/job-sandbox.fixture.ts';

let job: JobSandbox | undefined;
afterEach(async () => {
  await job?.close();
  job = undefined;
});

/** What was told of a program, once it has ended and everything was told. */
async function told(script: string) {
  job = await JobSandbox.open();
  const before = job.seen.length;
  const { stdout, stderr, exit } = await job.python(script);
  expect(stderr).toBe('');
  await job.sandbox.observed();
  const seen = job.seen.slice(before);
  return { job, seen, said: stdout.toString('utf8'), exit };
}

const exits = (seen: readonly Observation[]): ObservedExit[] =>
  seen.flatMap((one) => (one.kind === 'exit' ? [one.exit] : []));
const started = (seen: readonly Observation[]): ObservedProcess[] =>
  seen.flatMap((one) => (one.kind === 'process' ? [one.process] : []));

describe('how processes end', () => {
  it('is told of each: by status, by signal, without a program of its own, and what it used', async () => {
    const { seen } = await told(`
import os, signal, subprocess, time
subprocess.run(['sh', '-c', 'exit 7'])
subprocess.run(['sh', '-c', 'kill -TERM $$'])
subprocess.run(['sleep', '0.2'])
subprocess.run(['python3', '-c', 'import time\\nwhile time.process_time() < 0.3: pass'])
child = os.fork()
if child == 0: os._exit(9)
os.waitpid(child, 0)`);
    const ends = exits(seen);
    const of = (word: string): ObservedExit | undefined => {
      const pid = started(seen).findLast(({ argv }) => argv.some((one) => one.includes(word)))?.pid;
      return ends.find((one) => one.pid === pid);
    };
    expect(of('exit 7')).toMatchObject({ code: 7, signal: null });
    expect(of('kill -TERM')?.code).toBe(null);
    expect(['SIGTERM', null]).toContain(of('kill -TERM')?.signal);
    expect(of('sleep')?.durationMs).toBeGreaterThanOrEqual(190);
    expect(of('sleep')?.cpuMs).toBeLessThan(100);
    expect(of('process_time')?.cpuMs).toBeGreaterThanOrEqual(290);
    expect(of('import os, signal')).toMatchObject({ code: 0, signal: null });
    expect(ends.filter(({ code }) => code === 9)).toMatchObject([{ signal: null }]);
    // The forked child ran no program: since when it ran is not known.
    expect(ends.find(({ code }) => code === 9)?.durationMs).toBeUndefined();
    expect(new Set(ends.map(({ pid }) => pid)).size).toBe(ends.length);
  });

  it('is told of every one of a thousand, once', async () => {
    const { seen } = await told(`
import os
for i in range(1000): os.waitpid(os.posix_spawn('/usr/bin/true', ['true'], {}), 0)`);
    const ran = started(seen).filter(({ argv }) => argv[0] === 'true');
    const ends = exits(seen);
    expect(ran).toHaveLength(1_000);
    expect(ran.every(({ pid }) => ends.filter((one) => one.pid === pid && one.code === 0).length === 1)).toBe(
      true,
    );
    expect(seen.filter(({ kind }) => kind === 'gap')).toEqual([]);
  });

  it('is told also of what is killed with the sandbox', async () => {
    const { job: open, seen } = await told(`
import subprocess
subprocess.Popen(['sleep', '600'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)`);
    const pid = started(seen).find(({ argv }) => argv[0] === 'sleep')?.pid;
    expect(exits(seen).some((one) => one.pid === pid)).toBe(false);
    await open.close();
    expect(exits(open.seen).filter((one) => one.pid === pid)).toMatchObject([{ code: null }]);
  });
});

describe('sockets', () => {
  it('that wait for others are told with address and port, those of clients are not', async () => {
    const { seen, said } = await told(`
import os, socket
tcp = socket.create_server(('127.0.0.1', 0))
six = socket.create_server(('::1', 0), family=socket.AF_INET6)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind(('127.0.0.1', 0))
unbound = socket.socket(); unbound.listen()
local = socket.socket(socket.AF_UNIX); local.bind('/tmp/s'); local.listen()
hidden = socket.socket(socket.AF_UNIX); hidden.bind('\\0name'); hidden.listen()
client = socket.create_connection(tcp.getsockname())
bound = socket.socket(); bound.bind(('127.0.0.1', 0))
netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); netlink.bind((0, 0))
print(*[s.getsockname()[1] for s in (tcp, six, udp, unbound)])`);
    const [tcp, six, udp, unbound] = said.trim().split(' ').map(Number);
    const listening = seen.flatMap((one) => (one.kind === 'listening' ? [one.listener] : []));
    expect(listening.map(({ protocol, address, port }) => [protocol, address, port])).toEqual([
      ['tcp', '127.0.0.1', tcp],
      ['tcp', '::1', six],
      ['udp', '127.0.0.1', udp],
      ['tcp', '0.0.0.0', unbound],
      ['unix', '/tmp/s', undefined],
      ['unix', '@name', undefined],
    ]);
    for (const { process } of listening) expect(process.argv.slice(0, 2)).toEqual(['python3', '-c']);
  });

  it('that connect are known with who asked, also when the asker has gone', async () => {
    const { job: open, said } = await told(`
import os, socket
server = socket.create_server(('127.0.0.1', 0))
ports = []
for i in range(200):
    child = os.fork()
    if child == 0:
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(server.getsockname())
        os._exit(0)
    os.waitpid(child, 0)
    peer, (_, port) = server.accept()
    ports.append((port, child))
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.connect(('127.0.0.1', 53))
print(server.getsockname()[1], u.getsockname()[1], os.getpid())
print(*['%d:%d' % one for one in ports])`);
    const [first = '', second = ''] = said.trim().split('\n');
    const [remotePort = 0, udp = 0, self = 0] = first.split(' ').map(Number);
    const flows = second.split(' ').map((one) => one.split(':').map(Number));
    expect(flows).toHaveLength(200);
    for (const [localPort = 0, pid] of flows)
      expect(await open.sandbox.ownerOf({ localPort, remotePort })).toMatchObject({
        pid,
        argv: ['python3', '-c', expect.any(String)],
      });
    expect(await open.sandbox.ownerOf({ protocol: 'udp', localPort: udp })).toMatchObject({ pid: self });
    expect(await open.sandbox.ownerOf({ localPort: 1, remotePort })).toBeUndefined();
  });
});
