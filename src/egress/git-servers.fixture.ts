import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerCertificate } from './inspect/authority.ts';

/** A user without rights whom no machine has, for the server. */
const USER = 61_234;

export interface GitServer {
  readonly port: number;
  /** Each request as it came. */
  readonly asked: string[];
  close(): Promise<void>;
}

export function git(folder: string, ...args: readonly string[]): string {
  return execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@t.test', ...args], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, GIT_CONFIG_NOSYSTEM: '1' },
  });
}

/** A bare repository with one commit, which anybody may write. */
export function makeRepository(folder: string): string {
  const work = join(folder, 'seed');
  const bare = join(folder, 'repository.git');
  mkdirSync(work);
  git(work, 'init', '-q', '-b', 'main');
  writeFileSync(join(work, 'file'), 'content\n');
  git(work, 'add', '.');
  git(work, 'commit', '-qm', 'one');
  git(folder, 'clone', '-q', '--bare', work, bare);
  git(bare, 'config', 'http.receivepack', 'true');
  git(bare, 'config', 'safe.directory', '*');
  execFileSync('chown', ['-R', `${USER}:${USER}`, bare]);
  return bare;
}

/** A key for a server or a client: `TYPE BASE64`. */
export function makeKey(path: string, type = 'ed25519'): string {
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', '', '-f', path]);
  return readFileSync(`${path}.pub`, 'utf8').trim().split(' ').slice(0, 2).join(' ');
}

/** OpenSSH's own server on loopback, as a user without rights, with the one host key, for the one client's key. */
export async function serveSsh(folder: string, hostKey: string, clientKey: string): Promise<GitServer> {
  const sshd = process.env['COFFERDAM_TEST_SSHD'] ?? '';
  if (sshd === '') throw new Error('run it by npm test: that fetches the SSH server');
  const port = await freePort();
  const at = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    chownSync(join(folder, name), USER, USER);
    return join(folder, name);
  };
  chmodSync(folder, 0o755);
  chownSync(hostKey, USER, USER);
  const keys = at('authorized', `${clientKey}\n`);
  const configuration = at(
    'sshd_config',
    [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${hostKey}`,
      `AuthorizedKeysFile ${keys}`,
      'StrictModes no',
      'PidFile none',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      '',
    ].join('\n'),
  );
  const users = at('passwd', `root:x:0:0::/root:/bin/sh\ngit:x:${USER}:${USER}::${folder}:/bin/sh\n`);
  const wrapped = `mount --bind ${users} /etc/passwd && exec setpriv --reuid ${USER} --regid ${USER} --clear-groups --no-new-privs "$@"`;
  const child = spawn(
    'unshare',
    ['--mount', 'sh', '-c', wrapped, 'sh', sshd, '-D', '-e', '-f', configuration],
    {
      env: { PATH: process.env['PATH'] ?? '', LD_LIBRARY_PATH: libraries(sshd) },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  await answering(port, child, () => said);
  return { port, asked: [], close: () => ended(child) };
}

/** Where the server was unpacked and not installed, its library lies beside it. */
function libraries(sshd: string): string {
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const root = join(sshd, '../../..');
  return [join(root, `lib/${machine}-linux-gnu`), join(root, `usr/lib/${machine}-linux-gnu`)].join(':');
}

/** git's own backend behind HTTPS. */
export async function serveHttps(root: string, { certificate, key }: ServerCertificate): Promise<GitServer> {
  const asked: string[] = [];
  const server = createServer({ cert: certificate, key }, (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const [path = '', query = ''] = (request.url ?? '').split('?');
    const backend = spawn('git', ['-c', 'safe.directory=*', 'http-backend'], {
      env: {
        PATH: process.env['PATH'] ?? '',
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: path,
        QUERY_STRING: query,
        REQUEST_METHOD: request.method ?? '',
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
        REMOTE_USER: 'anyone',
        REMOTE_ADDR: '127.0.0.1',
      },
    });
    request.pipe(backend.stdin);
    backend.stdin.on('error', () => undefined);
    const parts: Buffer[] = [];
    backend.stdout.on('data', (chunk: Buffer) => parts.push(chunk));
    backend.on('close', () => {
      const all = Buffer.concat(parts);
      const end = all.indexOf('\r\n\r\n');
      for (const line of all.toString('latin1', 0, end).split('\r\n')) {
        const [name = '', value = ''] = line.split(': ');
        if (name === 'Status') response.statusCode = Number(value.slice(0, 3));
        else if (name !== '') response.setHeader(name, value);
      }
      response.end(all.subarray(end + 4));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function freePort(): Promise<number> {
  const { createServer: listenAt } = await import('node:net');
  const server = listenAt();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answering(port: number, child: ChildProcess, said: () => string): Promise<void> {
  for (const until = Date.now() + 20_000; Date.now() < until; await sleep(50)) {
    if (child.exitCode !== null) throw new Error(`the SSH server ended: ${said()}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (open) return;
  }
  throw new Error(`the SSH server does not answer: ${said()}`);
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
