import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { defaultControls, type Limits, type ProfileName } from '../../zone/index.ts';
import type { ChosenRuntime, ContainerRuntime } from '../choose-runtime.ts';
import type { Observation, Sandbox } from '../contract.ts';
import { IDS, LACKING, SANDBOXES } from './here.fixture.ts';
import { openSandbox } from '../open-sandbox.ts';

export const RUNC: ContainerRuntime = { name: 'runc', program: 'runc' };
/** For a user with a single id crun, which starts a sandbox without a root inside. */
const CONTAINER: ContainerRuntime = IDS === 'one' ? { name: 'crun', program: 'crun' } : RUNC;

/** A real sandbox with an empty workspace, in a network namespace of its own that leads nowhere. */
export class JobSandbox {
  readonly sandbox: Sandbox;
  /** What the telemetry told so far; process 1's own probe is in it too. */
  readonly seen: Observation[];
  readonly #namespace: ChildProcess;

  private constructor(sandbox: Sandbox, namespace: ChildProcess, seen: Observation[]) {
    this.sandbox = sandbox;
    this.seen = seen;
    this.#namespace = namespace;
  }

  static async open(
    limits: Partial<Limits> = {},
    {
      profile,
      ...options
    }: {
      readonly telemetry?: boolean;
      readonly profile?: ProfileName;
      readonly runtime?: ChosenRuntime;
    } = {},
  ): Promise<JobSandbox> {
    const directory = mkdtempSync(join(SANDBOXES, 'cofferdam-test-'));
    rmSync(directory, { recursive: true });
    const namespace = spawn('unshare', ['-n', 'sh', '-c', 'ip link set lo up; echo up; exec sleep 600']);
    await new Promise((resolve) => namespace.stdout.once('data', resolve));
    const seen: Observation[] = [];
    const controls = defaultControls('untrusted', { memoryBytes: 1_000_000_000, cpus: 1 });
    const opened = await openSandbox(
      {
        runId: `J${directory.slice(-6)}`,
        jobId: 'test',
        controls: {
          ...controls,
          isolation: { ...controls.isolation, ...(profile !== undefined && { profile }) },
          unenforcedLimitsAccepted: LACKING,
          limits: { ...controls.limits, ...limits },
        },
        root: { kind: 'host' },
        workspace: { path: '/work' },
        readPaths: [],
        writePaths: [],
        files: [],
        temporary: [],
        networkNamespace: `/proc/${namespace.pid}/ns/net`,
        probeName: 'name.probe.invalid',
        hostname: 'sandbox',
      },
      {
        directory,
        runtime: CONTAINER,
        ...options,
        observe: (one) => seen.push(one),
        idSlot: Number.parseInt(Buffer.from(directory.slice(-2)).toString('hex'), 16) % 8_192,
      },
    );
    if (opened.ok) return new JobSandbox(opened.value, namespace, seen);
    namespace.kill('SIGKILL');
    throw new Error(opened.error.why);
  }

  /** Runs a Python program to its end. */
  async python(script: string) {
    const running = this.sandbox.start({
      stepId: 's',
      argv: ['python3', '-c', script],
      environment: { PATH: '/usr/bin:/bin' },
      workingDirectory: '/work',
    });
    running.stdin.end();
    const read = async (stream: typeof running.stdout): Promise<Buffer> => {
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    };
    const [exit, stdout, stderr] = await Promise.all([
      running.exited,
      read(running.stdout),
      read(running.stderr),
    ]);
    return { exit, stdout, stderr: stderr.toString('utf8') };
  }

  async close(): Promise<void> {
    await this.sandbox.destroy();
    this.#namespace.kill('SIGKILL');
  }
}
