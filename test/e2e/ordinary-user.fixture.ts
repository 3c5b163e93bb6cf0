import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ran, ROOT } from './cofferdam.fixture.ts';

/** An id that no account of the machine has. */
export const UID = 54_321;
export const MACHINE = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const ARCH = process.arch === 'arm64' ? 'arm64' : 'x64';

/** A user with one id, or one to whom the distribution's newuidmap gives a range; `range` only where that program is. */
export type Ids = 'one' | 'range';
export const IDS_HERE: readonly Ids[] = existsSync('/usr/bin/newuidmap') ? ['one', 'range'] : ['one'];

/** Gives the user an account and ranges, as seen from a mount namespace of its own. */
const ACCOUNT = `
for file in passwd subuid subgid; do mount --bind "$1/account/$file" "/etc/$file" || exit 70; done
shift
exec "$@"
`;

/** A package that this user can read, a home folder, and nothing else of the user's. */
export class OrdinaryUser {
  readonly directory = mkdtempSync(join(tmpdir(), 'ordinary-'));
  readonly home = join(this.directory, 'home');
  readonly work = join(this.home, 'work');
  readonly state = join(this.home, '.local/state/cofferdam');
  readonly launcher = join(this.directory, 'package/cofferdam');

  constructor() {
    chmodSync(this.directory, 0o755);
    const to = join(this.directory, 'package');
    for (const part of ['cofferdam', 'dist', 'setup/ready.sh', `native/bin/${MACHINE}`, 'examples/hello'])
      cpSync(join(ROOT, part), join(to, part), { recursive: true });
    const bin = join(this.home, '.cache/cofferdam/node-24.21.0/node_modules', `node-linux-${ARCH}/bin`);
    mkdirSync(bin, { recursive: true });
    try {
      linkSync(process.execPath, join(bin, 'node'));
    } catch {
      copyFileSync(process.execPath, join(bin, 'node'));
    }
    mkdirSync(this.work);
    mkdirSync(join(this.home, '.config/cofferdam'), { recursive: true });
    mkdirSync(join(this.directory, 'account'));
    const passwd = readFileSync('/etc/passwd', 'utf8');
    writeFileSync(join(this.directory, 'account/passwd'), `${passwd}ordinary:x:${UID}:${UID}::/:/bin/sh\n`);
    for (const file of ['subuid', 'subgid'])
      writeFileSync(join(this.directory, 'account', file), 'ordinary:1200000:65536\n');
    this.own(this.home);
  }

  /** Makes a folder and all in it the user's, except the linked program. */
  own(folder: string): void {
    chownSync(folder, UID, UID);
    for (const path of ['work', '.config', '.config/cofferdam', '.cache', '.cache/cofferdam'])
      if (existsSync(join(this.home, path))) chownSync(join(this.home, path), UID, UID);
  }

  /** A file of the user's. */
  put(path: string, content: string, mode = 0o644): string {
    const at = join(this.home, path);
    writeFileSync(at, content, { mode });
    chownSync(at, UID, UID);
    return at;
  }

  /** The operator does without limits that only root can set here. */
  acceptLack(): void {
    this.put(
      '.config/cofferdam/cofferdam.yaml',
      'version: 1\nzones: {untrusted: {acceptUnenforced: [memory, cpus, pids]}}\n',
      0o600,
    );
  }

  /** Groups beside its own, of which a user with a single id can drop none. */
  groups: readonly number[] = [];

  /** How a command is started as that user. */
  command(ids: Ids, words: readonly string[]): readonly [string, ...string[]] {
    const user = ['setpriv', '--reuid', String(UID), '--regid', String(UID)];
    const environment = ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', `HOME=${this.home}`];
    const groups =
      this.groups.length === 0 ? ['--clear-groups'] : ['--groups', [UID, ...this.groups].join(',')];
    if (ids === 'one') return [...user, ...groups, ...environment, ...words] as [string, ...string[]];
    const shown = [
      'unshare',
      '--mount',
      '--propagation',
      'private',
      'sh',
      '-c',
      ACCOUNT,
      'sh',
      this.directory,
    ];
    return [...shown, ...user, ...groups, ...environment, ...words] as [string, ...string[]];
  }

  start(ids: Ids, words: readonly string[]) {
    const [program, ...rest] = this.command(ids, words);
    return spawn(program, rest, { cwd: this.work, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  run(ids: Ids, ...words: readonly string[]): Promise<Ran> {
    return new Promise((resolve) => {
      const child = this.start(ids, words);
      const said = { stdout: '', stderr: '' };
      child.stdout.on('data', (chunk: Buffer) => void (said.stdout += chunk.toString('utf8')));
      child.stderr.on('data', (chunk: Buffer) => void (said.stderr += chunk.toString('utf8')));
      child.on('close', (status, signal) => resolve({ status, signal, ...said }));
    });
  }

  cofferdam(ids: Ids, ...args: readonly string[]): Promise<Ran> {
    return this.run(ids, this.launcher, ...args);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
