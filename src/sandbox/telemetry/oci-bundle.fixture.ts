import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type { SeccompSyscall } from './notify-rules.ts';

const ID_BASE = 231_072;

export interface SeccompProfile {
  readonly defaultAction: string;
  readonly syscalls: readonly { readonly names: readonly string[]; readonly action: string }[];
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A hand-written OCI bundle over the host's `/usr` and a real runc: the smallest sandbox that telemetry can watch. */
export class OciBundle {
  readonly directory: string;
  readonly #id = `cofferdam-telemetry-${randomUUID()}`;
  readonly #children: ChildProcess[] = [];

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async make(): Promise<OciBundle> {
    const directory = await mkdtemp(join(tmpdir(), 'cofferdam-telemetry-'));
    await chmod(directory, 0o755);
    for (const name of ['usr', 'proc', 'dev', 'tmp'])
      await mkdir(join(directory, 'rootfs', name), { recursive: true });
    for (const name of ['bin', 'lib', 'lib64', 'sbin'])
      await symlink(`usr/${name}`, join(directory, 'rootfs', name));
    return new OciBundle(directory);
  }

  async configure(
    args: readonly string[],
    listenerPath: string | undefined,
    rules: readonly SeccompSyscall[],
    profile: SeccompProfile = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [] },
  ): Promise<void> {
    const ids = [{ containerID: 0, hostID: ID_BASE, size: 65_536 }];
    const config = {
      ociVersion: '1.0.2',
      process: {
        user: { uid: 0, gid: 0 },
        args,
        env: ['PATH=/nowhere:/usr/bin:/bin', 'LC_ALL=C.UTF-8'],
        cwd: '/',
        noNewPrivileges: true,
        capabilities: {},
      },
      root: { path: 'rootfs', readonly: true },
      mounts: [
        { destination: '/usr', source: '/usr', type: 'bind', options: ['rbind', 'ro', 'nosuid', 'nodev'] },
        { destination: '/proc', source: 'proc', type: 'proc' },
        { destination: '/dev', source: 'tmpfs', type: 'tmpfs', options: ['nosuid', 'mode=755'] },
        { destination: '/tmp', source: 'tmpfs', type: 'tmpfs', options: ['nosuid', 'nodev'] },
      ],
      linux: {
        cgroupsPath: `/${this.#id}`,
        namespaces: ['user', 'pid', 'mount', 'network', 'ipc', 'uts'].map((type) => ({ type })),
        uidMappings: ids,
        gidMappings: ids,
        seccomp: { ...profile, syscalls: [...profile.syscalls, ...rules], listenerPath },
      },
    };
    await writeFile(join(this.directory, 'config.json'), JSON.stringify(config));
  }

  /** `runc run`, with its input and output as pipes. */
  start(): ChildProcess {
    return this.#runc(['run', '--bundle', this.directory, this.#id]);
  }

  async run(): Promise<Finished> {
    return finish(this.start());
  }

  async exec(...args: readonly string[]): Promise<Finished> {
    return finish(this.#runc(['exec', this.#id, ...args]));
  }

  /** Ends what runs, and removes container, cgroup and folder. */
  async remove(): Promise<void> {
    const runc = promisify(execFile);
    await runc('runc', ['--root', this.#root, 'delete', '--force', this.#id]).catch(() => undefined);
    for (const child of this.#children) child.kill('SIGKILL');
    await rm(this.directory, { recursive: true, force: true });
  }

  get #root(): string {
    return join(this.directory, 'runc');
  }

  #runc(args: readonly string[]): ChildProcess {
    const child = spawn('runc', ['--root', this.#root, ...args], { stdio: 'pipe' });
    this.#children.push(child);
    return child;
  }
}

async function text(stream: Readable | null): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** The next output of a process, up to a line end. */
export async function firstLine(child: ChildProcess): Promise<string> {
  let line = '';
  while (!line.endsWith('\n')) {
    const [chunk] = (await once(child.stdout ?? child, 'data')) as [Buffer];
    line += chunk.toString();
  }
  return line;
}

/** Waits for the end and gives what was written; closes its input. */
export async function finish(child: ChildProcess): Promise<Finished> {
  child.stdin?.end();
  const code = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, stdout, stderr };
}
