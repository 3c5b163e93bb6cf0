import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultControls } from '../../zone/index.ts';
import { LACKING, SANDBOXES } from '../oci/here.fixture.ts';
import { openSandbox } from '../oci/open-sandbox.ts';
import { type Profiled, weakeningNamed } from './profile-weakenings.fixture.ts';
import { weakRuntime } from './weak-runtime.fixture.ts';

const WRAPPED = { cve: 'CVE-2024-21626', reason: 'the wrapped one is mended', until: '2099-12-31' } as const;

export const PROGRAM = import.meta.filename;

/** What came of a sandbox whose runtime takes one wall out. */
export interface Attempt {
  readonly weakening: string;
  readonly opened: boolean;
  readonly rule: string;
  /** The checks that failed, in order. */
  readonly failed: readonly string[];
  readonly why: string;
}

/** Tries one; whoever calls this is in namespaces of its own, which stand for the host's. */
async function attempt(
  weakening: string,
  folder: string,
  network: string,
  profile: Profiled | undefined,
): Promise<Attempt> {
  const directory = mkdtempSync(join(SANDBOXES, 'cofferdam-walls-'));
  rmSync(directory, { recursive: true });
  const controls = defaultControls('untrusted', { memoryBytes: 500_000_000, cpus: 1 });
  const result = await openSandbox(
    {
      runId: `W${directory.slice(-6)}`,
      jobId: 'walls',
      controls: {
        ...controls,
        // What wraps the distribution's runtime here belongs to no package that mended it.
        isolation: {
          ...controls.isolation,
          acceptKnown: [WRAPPED],
          ...(profile !== undefined && { profile }),
        },
        unenforcedLimitsAccepted: LACKING,
        limits: { ...controls.limits, tmpBytes: 10_000_000, tmpInodes: 1_000 },
      },
      root: { kind: 'host' },
      workspace: { path: '/work' },
      readPaths: [],
      writePaths: [],
      files: [],
      temporary: [],
      networkNamespace: network,
      probeName: 'name.probe.invalid',
      hostname: 'sandbox',
    },
    {
      directory,
      observe: () => undefined,
      idSlot: 8_000,
      runtime: { name: 'runc', program: weakening === 'nothing' ? 'runc' : weakRuntime(folder, weakening) },
    },
  );
  if (result.ok) {
    await result.value.destroy();
    return { weakening, opened: true, rule: '', failed: [], why: '' };
  }
  const { rule, why } = result.error;
  const failed = [...why.matchAll(/(?:^|: |; )([a-z0-9-]+) gave /g)].flatMap(([, id]) => (id ? [id] : []));
  return { weakening, opened: false, rule, failed, why };
}

/** A network namespace with what its script brings up; it ends with us. */
async function network(script: string): Promise<{ readonly path: string; readonly close: () => void }> {
  const held = spawn('unshare', ['-n', 'sh', '-c', script, process.execPath, import.meta.filename], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => held.stdout.once('data', resolve));
  return { path: `/proc/${held.pid}/ns/net`, close: () => held.kill('SIGKILL') };
}

const ANSWERING = ['169.254.169.254/32', '198.51.100.1/32', '2001:db8::1/128']
  .map(
    (address) => `ip address add ${address} dev lo nodad 2>/dev/null || ip address add ${address} dev lo; `,
  )
  .join('');

/** Answers whatever the probe asks. */
async function answer(): Promise<void> {
  for (const [host, port] of [
    ['169.254.169.254', 80],
    ['198.51.100.1', 443],
    ['2001:db8::1', 443],
  ] as const) {
    const server = createServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\n')));
    await new Promise<void>((resolve) => server.listen(port, host, resolve));
  }
  for (const [type, host] of [
    ['udp4', '198.51.100.1'],
    ['udp6', '2001:db8::1'],
  ] as const) {
    const socket = createSocket(type, (message, from) => socket.send(message, from.port, from.address));
    await new Promise<void>((resolve) => socket.bind(53, host, resolve));
  }
  process.stdout.write('up\n');
}

async function attemptAll(names: readonly string[], profile: Profiled | undefined): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'walls-'));
  // This namespace stands for the host's network, and so has an interface; others stand for the gateway's.
  const link = spawnSync('ip', ['link', 'add', 'host0', 'type', 'veth', 'peer', 'name', 'host1']);
  if (link.status !== 0) throw new Error(`no interface: ${link.stderr.toString()}`);
  // As on machines that run systemd; without effect beyond this mount namespace, which shares with no other.
  const shared = spawnSync('mount', ['--make-rshared', '/']);
  if (shared.status !== 0) throw new Error(`mounts are not shared: ${shared.stderr.toString()}`);
  const silent = await network('ip link set lo up; echo up; exec sleep 3000');
  const answering = await network(`ip link set lo up; ${ANSWERING} exec "$0" "$1" --answer`);
  try {
    for (const name of names) {
      const { path } = weakeningNamed(name)?.answers === true ? answering : silent;
      process.stdout.write(`${JSON.stringify(await attempt(name, folder, path, profile))}\n`);
    }
  } finally {
    silent.close();
    answering.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const names = process.argv.slice(2);
  if (names[0] === '--answer') await answer();
  else {
    // `--profile NAME` in front: all of them with it.
    const profile = names[0] === '--profile' ? (names[1] as Profiled) : undefined;
    await attemptAll(profile === undefined ? names : names.slice(2), profile);
    // Whatever a weakened sandbox still holds open ends with this process's namespaces, and is not waited for.
    process.exit();
  }
}
