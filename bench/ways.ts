import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRecord } from '../src/audit/index.ts';
import { ulid } from '../src/base/index.ts';
import { parseAllowlist } from '../src/egress/index.ts';
import { type Authority, makeAuthority } from '../src/egress/inspect/authority.ts';
import { openCell } from '../src/engine/cell/open-cell.ts';
import { sandboxFolder } from '../src/engine/cell/sandbox-folder.ts';
import { defaultControls } from '../src/zone/index.ts';

/** Ports of the far side. */
export interface Origin {
  readonly raw: number;
  readonly http: number;
  readonly tls: number;
  /** As `tls`; the gateway reads its requests. */
  readonly inspected: number;
}

export interface Client {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
}

/** One way from a client to the far side. */
export interface Way {
  readonly name: string;
  /** Starts `client.ts` where it goes this way. */
  readonly start: (port: number, speech: string, what: string) => Client;
  /** The processes that carry its bytes, now. */
  readonly carriers: () => readonly number[];
  readonly close: () => Promise<void>;
}

const CLIENT = join(import.meta.dirname, 'client.ts');
const PATH = process.env['PATH'] ?? '';
const NOBODY = 65_534;

function client(how: string, env: NodeJS.ProcessEnv, before: readonly string[] = []): Way['start'] {
  return (port, speech, what) => {
    const host = how === 'proxy' ? 'localhost' : '127.0.0.1';
    const [program = '', ...args] = [
      ...before,
      process.execPath,
      CLIENT,
      how,
      host,
      String(port),
      speech,
      what,
    ];
    return spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { PATH, ...env } });
  };
}

export function direct(): Way {
  return { name: 'direct', start: client('direct', {}), carriers: () => [], close: async () => undefined };
}

/** A job's sandbox and its gateway, with a record on this machine's own disk. */
export async function gateway(origin: Origin, world: Authority, folder: string): Promise<Way> {
  const allow = parseAllowlist(
    [
      ...[origin.raw, origin.http, origin.tls].map((port) => `peer.test:${port}`),
      { to: `peer.test:${origin.inspected}`, methods: ['GET'] },
    ],
    {},
  );
  if (!allow.ok) throw new Error(allow.error.why);
  const runId = ulid(Date.now(), randomBytes(10));
  const [directory, keysFolder] = ['record', 'keys'].map((name) => join(folder, name));
  if (directory === undefined || keysFolder === undefined) throw new Error('no folder');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  mkdirSync(keysFolder, { recursive: true, mode: 0o700 });
  const record = openRecord({ directory, keysFolder, runId, now: () => new Date() });
  const before = new Set(children(process.pid));
  const opened = await openCell({
    runId,
    jobId: 'bench',
    controls: {
      ...defaultControls('untrusted', { memoryBytes: 8e9, cpus: 2 }),
      egress: { allow: [], allowRanges: ['127.0.0.0/8'] },
    },
    root: { kind: 'host' },
    workspace: { path: '/work' },
    readPaths: [
      { hostPath: process.execPath, path: '/opt/node', file: true },
      { hostPath: CLIENT, path: '/opt/client.ts', file: true },
    ],
    writePaths: [],
    files: [],
    temporary: [],
    hostname: 'bench',
    allow: allow.value,
    inspection: { authority: makeAuthority(['peer.test']), trusted: world.certificate },
    resolver: { kind: 'static', addresses: { 'peer.test': ['127.0.0.1'] } },
    scratch: sandboxFolder(runId, 'bench'),
    journal: record,
  });
  if (!opened.ok) throw new Error(opened.error.why);
  const cell = opened.value;
  // What happens while a cell is armed is not put into the record.
  cell.setStep('bench');
  const own = children(process.pid).filter((pid) => !before.has(pid) && commandOf(pid).includes('gateway'));
  return {
    name: 'gateway',
    start: (port, speech, what) =>
      cell.sandbox.start({
        stepId: 'bench',
        argv: ['/opt/node', '/opt/client.ts', 'direct', 'peer.test', String(port), speech, what],
        environment: { PATH: '/usr/bin:/bin' },
        workingDirectory: '/work',
      }),
    carriers: () => own.flatMap(family),
    close: async () => {
      await cell.close();
      await record.close();
    },
  };
}

/** Its proxy as a job in its sandbox reaches it. */
export function sandboxRuntime(folder: string): Way | undefined {
  const settings = join(folder, 'srt.json');
  const network = { allowedDomains: ['localhost', '127.0.0.1'], deniedDomains: [], allowLocalBinding: true };
  const filesystem = { denyRead: [], allowWrite: [folder], denyWrite: [] };
  writeFileSync(settings, JSON.stringify({ network, filesystem }));
  const srt = PATH.split(':')
    .map((one) => join(one, 'srt'))
    .find((path) => existsSync(path));
  if (srt === undefined) return undefined;
  const started = client('proxy', { HOME: folder }, [srt, '--settings', settings]);
  let last = 0;
  return {
    name: 'sandbox-runtime',
    start: (...what) => {
      const child = started(...what) as ChildProcess & Client;
      last = child.pid ?? 0;
      return child;
    },
    // Its own process and the relays between; the client is none of them.
    carriers: () =>
      (last === 0 ? [] : family(last)).filter((pid) => !commandOf(pid).includes(CLIENT) || pid === last),
    close: async () => undefined,
  };
}

/** A proxy of the distribution's, unpacked by `setup/proxies.sh`; undefined when it is not there or does not start. */
export async function proxy(
  name: 'squid' | 'tinyproxy',
  unpacked: string,
  folder: string,
): Promise<Way | undefined> {
  const program = join(unpacked, name === 'squid' ? 'usr/sbin/squid' : 'usr/bin/tinyproxy');
  if (!existsSync(program)) return undefined;
  const port = await freePort();
  const own = join(folder, name);
  // Without their texts: its errors are nobody's to read here.
  mkdirSync(join(own, 'errors'), { recursive: true });
  chmodSync(folder, 0o755);
  chownSync(own, NOBODY, NOBODY);
  const configuration = join(own, 'conf');
  writeFileSync(configuration, name === 'squid' ? squidText(port, own, unpacked) : tinyproxyText(port));
  const libraries = ['x86_64', 'aarch64'].map((cpu) => join(unpacked, `usr/lib/${cpu}-linux-gnu`));
  const args = name === 'squid' ? ['-N', '-f', configuration] : ['-d', '-c', configuration];
  const child = spawn(program, args, {
    stdio: 'ignore',
    cwd: own,
    env: { PATH, LD_LIBRARY_PATH: libraries.join(':') },
  });
  child.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
  });
  for (let tries = 0; !(await answers(port)); tries += 1) {
    if (child.exitCode !== null || tries > 200) {
      child.kill('SIGKILL');
      return undefined;
    }
    await sleep(50);
  }
  return {
    name,
    start: client('proxy', { HTTP_PROXY: `http://127.0.0.1:${port}` }),
    carriers: () => family(child.pid ?? 0),
    close: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function squidText(port: number, own: string, unpacked: string): string {
  const share = join(unpacked, 'usr/share/squid');
  return `http_port 127.0.0.1:${port}
http_access allow all
cache deny all
cache_mem 8 MB
access_log none
cache_log ${own}/log
cache_store_log none
pid_filename none
coredump_dir ${own}
icon_directory ${share}/icons
mime_table ${share}/mime.conf
error_directory ${own}/errors
cache_effective_user nobody
unlinkd_program ${unpacked}/usr/lib/squid/unlinkd
visible_hostname bench.test
max_filedescriptors 8192
shutdown_lifetime 0 seconds
pinger_enable off
`;
}

function tinyproxyText(port: number): string {
  return `Port ${port}\nListen 127.0.0.1\nMaxClients 4096\nTimeout 600\nUser nobody\nLogLevel Critical\n`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await new Promise<unknown>((resolve) => server.close(resolve));
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (is: boolean) => (): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', done(true)).once('error', done(false));
  });
}

function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
}

function children(of: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => new RegExp(`^\\d+ \\(.*\\) \\S ${of} `, 's').test(read(`/proc/${name}/stat`)))
    .map(Number);
}

function family(pid: number): readonly number[] {
  return [pid, ...children(pid).flatMap(family)];
}

/** Memory of processes in MB, what they share counted once. */
export function memoryMb(pids: readonly number[]): number {
  const kb = pids.map((pid) => Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0));
  return kb.reduce((sum, one) => sum + one, 0) / 1e3;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
