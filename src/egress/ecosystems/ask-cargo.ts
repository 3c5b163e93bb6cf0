import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientEnvironment, type PresetSources } from './ecosystem.ts';

/** Any small package does: only where cargo goes for it matters. */
const PACKAGE = 'itoa';
const PATIENCE_MS = 15_000;
const REMEMBERED_MS = 30 * 24 * 3_600_000;
const MAX_HOSTS = 8;

/**
 * The hosts that cargo itself goes to for a package, as addresses: its index, and the one that the index names for
 * downloads. Nobody but cargo knows them, and it tells nobody; so it is asked to fetch one small package, in an empty folder
 * and with `config` alone, through a proxy on the loopback that carries it and remembers. The answer is kept for a
 * month, for the same cargo and configuration. Empty when there is no cargo, when it reaches nothing, and when it is not known
 * and may not be asked.
 */
export async function askCargo(
  sources: PresetSources,
  config: string,
  mayAsk: boolean,
): Promise<readonly string[]> {
  const program = await found('cargo', sources);
  if (program === undefined) return [];
  const kept = await keptAt(program, config, sources);
  const known = await remembered(kept);
  if (known !== undefined || !mayAsk) return known ?? [];
  const { hosts, fetched } = await watch(program, config, sources);
  const urls = hosts.map((host) => `https://${host}/`);
  if (fetched && urls.length > 0) await remember(kept, urls);
  return urls;
}

async function found(name: string, { environment }: PresetSources): Promise<string | undefined> {
  for (const folder of (environment['PATH'] ?? '').split(':').filter((one) => one.startsWith('/'))) {
    const path = join(folder, name);
    if (await isFile(path)) return path;
  }
  return undefined;
}

export function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isFile(),
    () => false,
  );
}

async function keptAt(
  program: string,
  config: string,
  { environment, home }: PresetSources,
): Promise<string> {
  const real = await realpath(program);
  const { mtimeMs, size } = await stat(real);
  const cache = environment['XDG_CACHE_HOME'] || join(home ?? '/root', '.cache');
  const digest = createHash('sha256')
    .update(JSON.stringify([real, mtimeMs, size, config]))
    .digest('hex');
  return join(cache, 'cofferdam', 'presets', `cargo-${digest.slice(0, 32)}.json`);
}

async function remembered(file: string): Promise<readonly string[] | undefined> {
  try {
    if (Date.now() - (await stat(file)).mtimeMs > REMEMBERED_MS) return undefined;
    const parsed: unknown = JSON.parse(await readFile(file, 'utf8'));
    return Array.isArray(parsed) && parsed.every((one) => typeof one === 'string') ? parsed : undefined;
  } catch {
    return undefined;
  }
}

async function remember(file: string, urls: readonly string[]): Promise<void> {
  try {
    await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
    await writeFile(`${file}.new`, JSON.stringify(urls), { mode: 0o600 });
    await rename(`${file}.new`, file);
  } catch {
    // It is asked again the next time.
  }
}

async function watch(
  program: string,
  config: string,
  sources: PresetSources,
): Promise<{ readonly hosts: readonly string[]; readonly fetched: boolean }> {
  const folder = await mkdtemp(join(tmpdir(), 'cofferdam-cargo-'));
  const proxy = await openProxy();
  try {
    await mkdir(join(folder, 'home'));
    await writeFile(join(folder, 'home/config.toml'), config);
    await writeFile(join(folder, 'lib.rs'), '');
    await writeFile(
      join(folder, 'Cargo.toml'),
      `[package]\nname = "ask"\nversion = "0.0.0"\n[lib]\npath = "lib.rs"\n[dependencies]\n${PACKAGE} = "1"\n`,
    );
    const through = `http://127.0.0.1:${proxy.port}`;
    const fetched = await new Promise<boolean>((resolve) => {
      const env = {
        ...clientEnvironment(sources),
        ...Object.fromEntries(
          ['RUSTUP_HOME', 'SSL_CERT_FILE', 'CARGO_HTTP_CAINFO'].flatMap((name) => {
            const value = sources.environment[name];
            return value === undefined ? [] : [[name, value]];
          }),
        ),
        CARGO_HOME: join(folder, 'home'),
        CARGO_HTTP_PROXY: through,
        CARGO_NET_RETRY: '0',
        // rustup's own downloads go nowhere: its hosts are no registry's.
        HTTPS_PROXY: 'http://127.0.0.1:9',
      };
      const options = { cwd: folder, env, timeout: PATIENCE_MS, maxBuffer: 1_048_576 };
      execFile(program, ['fetch', '--quiet'], options, (error) => resolve(error === null));
    });
    return { hosts: [...proxy.hosts], fetched };
  } finally {
    proxy.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Proxy {
  readonly port: number;
  readonly hosts: ReadonlySet<string>;
  readonly close: () => void;
}

/** Carries `CONNECT` for whoever on this machine asks while it lives, and remembers for which hosts. */
async function openProxy(): Promise<Proxy> {
  const hosts = new Set<string>();
  const open = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    return socket.on('error', () => socket.destroy());
  };
  const server = createServer((client) => {
    keep(client).once('data', (head: Buffer) => {
      const asked = /^CONNECT ([A-Za-z0-9.-]{1,253}):443 HTTP\/1\.[01]\r\n/.exec(
        head.toString('latin1', 0, 1_024),
      );
      const host = asked?.[1]?.toLowerCase();
      if (host === undefined || (hosts.size >= MAX_HOSTS && !hosts.has(host))) return void client.destroy();
      hosts.add(host);
      const far = keep(connect(443, host));
      far.on('connect', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        client.pipe(far).pipe(client);
      });
      far.on('close', () => client.destroy());
      client.on('close', () => far.destroy());
      return undefined;
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    hosts,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
